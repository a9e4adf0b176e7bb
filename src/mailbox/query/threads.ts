/**
 * Brings the threads of an account's emails into memory (`state/thread-table.ts`), or what came in since somebody asked last. Only
 * what is durable is in the table: a number that is taken back is given anew, to another email.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { type EmailId, emailId } from '../model/model.ts';
import { loadFacts } from '../reading/message-reader.ts';
import { isKept } from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import { ThreadTable } from '../state/thread-table.ts';

/** Emails that joined a thread, at once: a millisecond or two. */
const MEMBERS_PER_LOAD = 2000;
const EMAILS_PER_LOAD = 300;
/** So many that came since, and reading all threads anew is no more work. */
const MOST_ADDED = 3000;

/**
 * Of all emails that there were when it was called, and perhaps more. An email that has no thread yet, being of an older version, is
 * alone in one of its own.
 */
export async function loadThreads(domain: Domain, shown: AccountState): Promise<ThreadTable> {
  // They are the same for everybody; whoever lists the emails of one looks where each is.
  const account = shown.visit?.owner ?? shown;
  const cache = domain.accounts.emailLists;
  for (;;) {
    const { unsettled, unthreaded } = account;
    const upTo = account.nextEmail - 1;
    if (!(await isKept(unsettled))) continue;
    const known = cache.threads(account, domain.clock.nowMs());
    if (known !== undefined && upTo - known.upTo < MOST_ADDED) {
      await addNew(domain, account, known, upTo);
      return known;
    }
    const made = await loadAll(domain, account, upTo);
    // Until the upkeep has given threads to all, what is not known is about to change.
    if (unthreaded === 0) cache.keepThreads(account, made, domain.clock.nowMs());
    return made;
  }
}

async function loadAll(domain: Domain, account: AccountState, upTo: number): Promise<ThreadTable> {
  const table = new ThreadTable();
  const slice = new TimeSlice();
  for (let after = { thread: 0, email: 0 }; ; ) {
    const pairs = await domain.store.loadThreadMembers(account.id, after, MEMBERS_PER_LOAD);
    for (let at = 0; at < pairs.length; at += 2) table.add(pairs[at + 1] as number, pairs[at] as number);
    if (pairs.length < 2 * MEMBERS_PER_LOAD) break;
    after = { thread: pairs.at(-2) as number, email: pairs.at(-1) as number };
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  table.upTo = upTo;
  return table;
}

/** Others may do the same at the same time: each adds what it finds missing. */
async function addNew(
  domain: Domain,
  account: AccountState,
  table: ThreadTable,
  upTo: number,
): Promise<void> {
  for (let from = table.upTo + 1; from <= upTo; from += EMAILS_PER_LOAD) {
    const count = Math.min(EMAILS_PER_LOAD, upTo - from + 1);
    const ids = Array.from({ length: count }, (_, i): EmailId => emailId(account.id, from + i));
    const facts = await loadFacts(domain, ids, ['thread']);
    for (const [i, one] of facts.entries()) if (one?.thread !== undefined) table.add(from + i, one.thread);
    table.upTo = Math.max(table.upTo, from + count - 1);
  }
}
