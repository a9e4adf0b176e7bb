/**
 * The core, IMAP4rev2 (RFC 9051) and IMAP4rev1 (RFC 3501) in one: both are spoken until a client has chosen, and the
 * choice changes only what `modes.rev2` says. What IMAP4rev2 took over from an extension is registered under that
 * extension, since rev1 clients look for its word.
 *
 * Capabilities are the same before login but for STARTTLS, LOGINDISABLED and AUTH=: some clients ask once, at the
 * beginning, and believe it for ever (Python's imaplib).
 */
import { offeredMechanisms } from '../../sasl/mechanisms.ts';
import { authenticate } from '../commands/authenticate.ts';
import { capability } from '../commands/capability.ts';
import { check } from '../commands/check.ts';
import { close } from '../commands/close.ts';
import { create } from '../commands/create.ts';
import { deleteCommand } from '../commands/delete.ts';
import { list } from '../commands/list.ts';
import { login } from '../commands/login.ts';
import { logout } from '../commands/logout.ts';
import { lsub } from '../commands/lsub.ts';
import { noop } from '../commands/noop.ts';
import { rename } from '../commands/rename.ts';
import { examine, select } from '../commands/select.ts';
import { starttls } from '../commands/starttls.ts';
import { status } from '../commands/status.ts';
import { subscribe, unsubscribe } from '../commands/subscribe.ts';
import { type CapabilityContext, defineExtension } from '../extension.ts';
import type { StatusItem } from '../item.ts';

const STATUS_ITEMS: readonly StatusItem[] = [
  { name: 'MESSAGES', write: (out, mailbox) => void out.number(mailbox.exists) },
  { name: 'UIDNEXT', write: (out, mailbox) => void out.number(mailbox.uidNext) },
  { name: 'UIDVALIDITY', write: (out, mailbox) => void out.number(mailbox.uidValidity) },
  { name: 'UNSEEN', write: (out, _mailbox, _session, place) => void out.number(place.unseen) },
  // RFC 9051 §6.3.11 and RFC 9208 §4.1.4.
  { name: 'DELETED', write: (out, mailbox) => void out.number(mailbox.deleted) },
  {
    // RFC 3501 §6.3.10. Exact when the messages are in memory, else an upper bound that costs nothing.
    name: 'RECENT',
    write(out, { list: messages, recentFrom, uidNext, exists }) {
      const bound = Math.min(exists, uidNext - recentFrom);
      out.number(messages === undefined ? bound : messages.count - messages.lowerBound(recentFrom));
    },
  },
];

export const imap4 = defineExtension({
  rfc: 'RFC 9051 IMAP4rev2, RFC 3501 IMAP4rev1',
  capabilities: (context) => ['IMAP4rev1', 'IMAP4rev2', ...waysIn(context)],
  enables: {
    IMAP4rev2({ session }) {
      session.modes.rev2 = true;
    },
  },
  commands: [
    capability,
    noop,
    logout,
    starttls,
    login,
    authenticate,
    select,
    examine,
    create,
    deleteCommand,
    rename,
    subscribe,
    unsubscribe,
    list,
    lsub,
    status,
    check,
    close,
  ],
  statusItems: STATUS_ITEMS,
});

/** Only what can be used here and now (RFC 9051 §6.2, §7.2.2 `LOGINDISABLED`). */
function waysIn({ isSecure, saslTerms }: CapabilityContext): string[] {
  if (saslTerms === undefined) return [];
  return [
    ...(isSecure ? [] : ['STARTTLS']),
    ...(saslTerms.mayUsePlaintext ? [] : ['LOGINDISABLED']),
    ...offeredMechanisms(saslTerms).map(({ name }) => `AUTH=${name}`),
  ];
}
