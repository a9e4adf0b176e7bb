/** What an account has that is to leave, for the checker: it refers to emails, and comes and goes without the account's modseq. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AccountId } from '../model/model.ts';
import type { OutgoingRow } from '../model/outgoing.ts';
import type { OutgoingStore } from '../port/outgoing.ts';

const PER_READ = 200;

/** Returns which there is, in one word: another one when something has come or ended since. */
export async function readOutgoing(
  store: Pick<OutgoingStore, 'list'>,
  account: AccountId,
  visit: (row: OutgoingRow) => void = () => {},
): Promise<string> {
  const hash = createHash('sha256');
  for (let after = 0; ; ) {
    const page = await store.list(after, PER_READ, account);
    for (const { row } of page) {
      hash.update(`${row.id} `);
      visit(row);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PER_READ) return hash.digest('hex');
    after = last.row.id;
    await nextTurn();
  }
}
