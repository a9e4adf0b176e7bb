/** Tells whoever follows it up what a client has done to messages (RFC 6785 §2.2); cheap where nobody does. */
import { SYSTEM_FLAG_BITS, SYSTEM_FLAG_NAMES } from '../mail/flags.ts';
import type { EventCause } from '../mailbox/mailbox-events.ts';
import type { FlagSlice } from '../mailbox/operations/flags.ts';
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
  { changed, differences }: FlagSlice,
): void {
  if (changed.length === 0 || !domain.events.areWanted(account, mailbox.id)) return;
  const changedFlags = differences.map(({ bits, before, after }) => {
    const system = SYSTEM_FLAG_NAMES.filter((_, i) => (bits & (SYSTEM_FLAG_BITS[i] as number)) !== 0);
    const had = new Set<string>(mailbox.keywords.namesOf(before));
    return [...system, ...had.symmetricDifference(new Set(mailbox.keywords.namesOf(after)))];
  });
  domain.events.happened(account, {
    ...{ mailbox: mailbox.id, cause: 'FLAG', uids: changed, changedFlags },
  });
}
