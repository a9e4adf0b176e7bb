/** The emails of threads, as they are listed: by the date of their arrival, the oldest first (RFC 8621 §3), ties by number. */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import type { Moment } from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import type { Placements } from '../state/placements.ts';
import { loadEverything, messagesOf } from './email-rows.ts';
import { inOneState } from './one-state.ts';
import { loadThreads } from './threads.ts';

export interface ThreadEmails {
  /** Not later than what the threads are; durable, as they are. */
  readonly moment: Moment;
  /** Of those that have an email anywhere. */
  readonly threads: ReadonlyMap<number, readonly number[]>;
}

export async function threadEmails(
  domain: Domain,
  account: AccountState,
  wanted: Iterable<number>,
): Promise<ThreadEmails> {
  return (await inOneState(domain, account, async (moment) => {
    const table = await loadThreads(domain, account);
    const slice = new TimeSlice();
    const threads = new Map<number, readonly number[]>();
    await loadEverything(domain, account);
    for (const thread of wanted) {
      // An email that joined one is no thread of that name.
      if (table.threadOf(thread) !== thread) continue;
      const emails = inOrder(account, account.placements as Placements, table.membersOf(thread));
      if (emails.length > 0) threads.set(thread, emails);
      if (!slice.isSpent) continue;
      await slice.next();
      await loadEverything(domain, account);
    }
    return { moment, threads };
  })) as ThreadEmails;
}

function inOrder(account: AccountState, placements: Placements, members: Iterable<number>): number[] {
  const found: (readonly [date: number, email: number])[] = [];
  for (const email of members) {
    const [first] = messagesOf(account, placements, email);
    if (first !== undefined) found.push([first.list.columns.internalDate[first.row] as number, email]);
  }
  return found.sort(([a, x], [b, y]) => a - b || x - y).map(([, email]) => email);
}
