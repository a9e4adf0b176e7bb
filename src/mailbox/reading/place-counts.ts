/**
 * How many places each email has: messages of a mailbox without \Deleted, in all mailboxes of the account.
 */
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import type { ModSeq } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MessageList } from '../state/message-list.ts';

/** As they are in memory at one moment, which may yet be taken back. */
export interface PlaceCounts {
  readonly modseq: ModSeq;
  readonly unsettled: Promise<void> | undefined;
  of(email: number): number;
}

export async function countPlaces(domain: Domain, account: AccountState): Promise<PlaceCounts> {
  for (;;) {
    for (const mailbox of account.mailboxes.values()) await loadList(domain, account, mailbox);
    const lists = [...account.mailboxes.values()].map(({ list }) => list);
    // One was made, or dropped from memory, while others were read.
    if (!lists.every((list) => list !== undefined)) continue;
    return countIn(account, lists);
  }
}

function countIn(account: AccountState, lists: readonly MessageList[]): PlaceCounts {
  const { modseq, unsettled } = account;
  const counts = new Uint16Array(account.nextEmail);
  for (const { columns, count } of lists) {
    const { flags, email } = columns;
    for (let row = 0; row < count; row++) {
      if (((flags[row] as number) & FLAG.Deleted) !== 0) continue;
      const number = email[row] as number;
      counts[number] = (counts[number] as number) + 1;
    }
  }
  return { modseq, unsettled, of: (email) => counts[email] ?? 0 };
}
