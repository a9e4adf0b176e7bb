/** The STATUS by which NOTIFY tells of a mailbox that is not open (RFC 5465 §5.1 to §5.3). */

import type { Place } from '../mailbox/operations/visiting.ts';
import type { SessionContext } from './context.ts';

export interface NotifiedOf {
  /** Changes of flags are told as well. */
  readonly ofFlags: boolean;
  /** When the watch begins (§3.1). */
  readonly isFirst: boolean;
}

export function writeNotifiedStatus(
  { out, modes }: Pick<SessionContext, 'out' | 'modes'>,
  { name, mailbox, unseen }: Place,
  { ofFlags, isFirst }: NotifiedOf,
): void {
  out.ascii('* STATUS ').mailbox(name);
  out.ascii(' (UIDVALIDITY ').number(mailbox.uidValidity).ascii(' UIDNEXT ').number(mailbox.uidNext);
  out.ascii(' MESSAGES ').number(mailbox.exists);
  if (ofFlags) out.ascii(' UNSEEN ').number(unseen);
  if (modes.condstore || (isFirst && ofFlags)) out.ascii(' HIGHESTMODSEQ ').number(mailbox.modseq);
  out.close().crlf();
}
