/** What does not add up in the history of an account, of one mailbox and of all. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { unpackNumbers } from '../model/history.ts';
import { type AccountId, type AccountRow, asModSeq, type MailboxRow, type ModSeq } from '../model/model.ts';
import { unpackUids } from '../model/record.ts';
import type { TranslatedStore } from '../port/translated-store.ts';

const ROWS_PER_READ = 500;

/** Rows that come after the last change, and emails that never were. */
export async function* faultsInHistory(
  store: Pick<TranslatedStore, 'loadHistory'>,
  account: AccountId,
  { modseq: last, nextEmail }: AccountRow,
): AsyncGenerator<string> {
  for (let after = asModSeq(0); ; await nextTurn()) {
    const page = await store.loadHistory(account, after, ROWS_PER_READ);
    for (const { modseq, emails } of page) {
      after = modseq;
      if (modseq > last) yield `history at modseq ${modseq} is above the account's, ${last}`;
      const numbers = unpackNumbers(emails);
      if (emails.length > 0 && numbers.length === 0) yield `history at modseq ${modseq}: its emails are cut`;
      const highest = numbers.at(-1) ?? 0;
      if (highest >= nextEmail) yield `history at modseq ${modseq}: there never was an email ${highest}`;
    }
    if (page.length < ROWS_PER_READ) return;
  }
}

export function historyFault(
  row: MailboxRow,
  entry: { readonly modseq: ModSeq; readonly uids: Buffer; readonly after: ModSeq },
  live: Uint32Array,
): string | undefined {
  if (entry.modseq > row.modseq) return `above the mailbox's modseq ${row.modseq}`;
  if (entry.uids.length === 0 || entry.uids.length % 4 !== 0) return 'its list of UIDs is cut';
  let last = 0;
  for (const uid of unpackUids(entry.uids)) {
    if (uid <= last || uid >= row.uidNext) return `UID ${uid} is out of order`;
    if (contains(live, uid)) return `UID ${uid} is there as well`;
    last = uid;
  }
  return undefined;
}

function contains(ascending: Uint32Array, wanted: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === wanted;
}
