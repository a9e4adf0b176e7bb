/**
 * Whether what is known in memory of the places of emails is what the lists of messages say. It is dropped when it is not,
 * and made anew when somebody asks.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { forgetPlaces } from '../state/load-places.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';

/** What is wrong, in words; nothing to check where nobody has asked for places. */
export async function faultInPlaces(domain: Domain, account: AccountState): Promise<string | undefined> {
  const fault = await findFault(domain, account);
  if (fault !== undefined) forgetPlaces(account);
  return fault;
}

async function findFault(domain: Domain, account: AccountState): Promise<string | undefined> {
  const slice = new TimeSlice();
  const { modseq } = account;
  let messages = 0;
  for (const mailbox of account.mailboxes.values()) {
    if (account.placements?.isWhole !== true) return undefined;
    let list = await loadList(domain, account, mailbox);
    messages += list.count;
    for (let uid = 0; ; ) {
      const row = list.lowerBound(uid + 1);
      const end = Math.min(row + 1024, list.count);
      for (let at = row; at < end; at++) {
        if (!isPlaced(account, mailbox, list, at))
          return `in memory, the places of email ${list.columns.email[at]} leave out UID ${list.columns.uid[at]} of "${mailbox.name}"`;
      }
      if (end === list.count) break;
      uid = list.columns.uid[end - 1] as number;
      const spent = slice.spent();
      if (spent === undefined) continue;
      await spent;
      list = await loadList(domain, account, mailbox);
    }
  }
  const known = account.placements?.size;
  if (account.modseq !== modseq || known === undefined || known === messages) return undefined;
  return `in memory, emails have ${known} places, there are ${messages} messages`;
}

function isPlaced(account: AccountState, mailbox: MailboxState, list: MessageList, row: number): boolean {
  const { placements } = account;
  if (placements?.isWhole !== true) return true;
  const isHidden = ((list.columns.flags[row] as number) & FLAG.Deleted) !== 0;
  return placements
    .placesOf(list.columns.email[row] as number)
    .some(
      (place) =>
        place.mailbox === mailbox.id && place.uid === list.columns.uid[row] && place.isHidden === isHidden,
    );
}
