/** The methods of Mailbox (RFC 8621 §2). */
import type { Sharing } from '../../identity/sharing.ts';
import type { Method } from '../core/method.ts';
import { mailboxChanges } from './mailbox-changes.ts';
import { mailboxGet } from './mailbox-get.ts';
import { mailboxQuery, mailboxQueryChanges } from './mailbox-query.ts';
import { mailboxSet } from './mailbox-set.ts';

export function mailboxMethods(sharing: Sharing): readonly Method[] {
  return [mailboxGet(sharing), mailboxChanges, mailboxQuery, mailboxQueryChanges, mailboxSet(sharing)];
}
