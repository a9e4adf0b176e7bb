/** Tells whoever follows it up what a client has done to messages (RFC 6785 §2.2); cheap where nobody does. */
import { changedFlagNames, type EventCause } from '../mailbox/mailbox-events.ts';
import type { FlagDifference, FlagSlice } from '../mailbox/operations/flags.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { SessionContext } from './context.ts';

type Teller = Pick<SessionContext, 'domain'>;

export function tellAdded(
  { domain }: Teller,
  account: AccountState,
  mailbox: MailboxState,
  cause: Exclude<EventCause, 'FLAG'>,
  uids: readonly number[],
): void {
  if (uids.length > 0 && domain.events.areWanted(account, mailbox.id))
    domain.events.happened(account, { mailbox: mailbox.id, cause, uids });
}

export function tellFlags(
  { domain }: Teller,
  account: AccountState,
  mailbox: MailboxState,
  slice: FlagSlice,
): void {
  // What somebody has seen who is not the owner is nobody else's event.
  const isDifferent = ({ bits, before, after }: FlagDifference): boolean => bits !== 0 || before !== after;
  const differences = slice.differences.filter(isDifferent);
  const changed = slice.changed.filter((_, i) => isDifferent(slice.differences[i] as FlagDifference));
  if (changed.length === 0 || !domain.events.areWanted(account, mailbox.id)) return;
  const changedFlags = differences.map(({ bits, before, after }) =>
    changedFlagNames(bits, mailbox.keywords.namesOf(before), mailbox.keywords.namesOf(after)),
  );
  domain.events.happened(account, {
    ...{ mailbox: mailbox.id, cause: 'FLAG', uids: changed, changedFlags },
  });
}
