/**
 * Emails of which nobody knows any more in which thread they were: the reaper has let go of them, and what their thread was went with
 * them. Whoever was told of a thread before cannot be told that it has lost one of them.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { type EmailId, emailId } from '../model/model.ts';
import { loadFacts } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { ThreadTable } from '../state/thread-table.ts';

const BATCH = 300;

/** Whether one of these is such an email; those from `before` on nobody was told of. */
export async function areThreadsLost(
  domain: Domain,
  account: AccountState,
  threads: ThreadTable,
  emails: Iterable<number>,
  before: number,
): Promise<boolean> {
  await loadPlaces(domain, account);
  const { placements } = account;
  const slice = new TimeSlice();
  const gone: EmailId[] = [];
  for (const email of emails) {
    const isNowhere = placements === undefined || placements.placesOf(email).length === 0;
    if (email < before && isNowhere && threads.isAlone(email)) gone.push(emailId(account.id, email));
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  for (let at = 0; at < gone.length; at += BATCH) {
    const facts = await loadFacts(domain, gone.slice(at, at + BATCH), ['thread']);
    if (facts.includes(undefined)) return true;
  }
  return false;
}
