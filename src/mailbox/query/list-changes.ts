/**
 * What has become of a list of emails since a moment (RFC 8620 §5.6): which are taken out of it, whether they were in it or not, and
 * which are put in, by their places in the list as it is now.
 *
 * An email that has not changed stands where it stood, among others that have not, unless its thread is asked for: then whatever is
 * in a thread of which something changed is taken out and put in.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { emailsChangedSince } from '../reading/email-changes.ts';
import type { Moment } from '../reading/moment.ts';
import { NumberSet } from '../reading/number-set.ts';
import type { AccountState } from '../state/account.ts';
import { asksThreads } from './email-filter.ts';
import { type EmailQuery, queryEmails } from './query-emails.ts';
import { loadThreads } from './threads.ts';

export interface ListChanges {
  readonly moment: Moment;
  readonly total: number;
  readonly removed: readonly number[];
  /** In ascending order of their index. */
  readonly added: readonly { readonly email: number; readonly index: number }[];
  /** Of an email in the list as it is now, or -1. */
  indexOf(email: number): number;
}

/** Undefined when it is not known any more what there was then; 'many' when more than `most` have changed. The filter has no texts. */
export async function listChanges(
  domain: Domain,
  account: AccountState,
  query: EmailQuery,
  since: Moment,
  most: number,
): Promise<ListChanges | undefined | 'many'> {
  const { moment, emails, uncollapsed } = await queryEmails(domain, account, query);
  // After the list was made: then it names all that may stand elsewhere in it.
  const changed = await emailsChangedSince(domain, account, since, most);
  if (changed === undefined || changed === 'many') return changed;
  const affected = await affectedBy(domain, account, query, changed, uncollapsed);
  const isAffected = new NumberSet();
  for (const email of affected) isAffected.add(email);
  const added: { email: number; index: number }[] = [];
  const slice = new TimeSlice();
  for (let index = 0; index < emails.length && affected.length > 0; index++) {
    const email = emails[index] as number;
    if (isAffected.has(email)) added.push({ email, index });
    const spent = (index & 0xfff) === 0xfff ? slice.spent() : undefined;
    if (spent !== undefined) await spent;
  }
  return {
    moment,
    total: emails.length,
    removed: affected.filter((email) => email < since.nextEmail),
    added,
    indexOf: (email: number) => emails.indexOf(email),
  };
}

/**
 * Those whose places may be others now. Of the emails of a thread that did not change, only the first could stand in a list of
 * threads: where threads are not asked for, those behind it were behind it then.
 */
async function affectedBy(
  domain: Domain,
  account: AccountState,
  { filter, sort, collapses }: EmailQuery,
  changed: readonly number[],
  uncollapsed: Uint32Array,
): Promise<readonly number[]> {
  const areAsked = asksThreads(filter, sort);
  if (!collapses && !areAsked) return changed;
  const threads = await loadThreads(domain, account);
  const affected = new NumberSet();
  const open = new NumberSet();
  for (const email of changed) {
    affected.add(email);
    const thread = threads.threadOf(email);
    open.add(thread);
    if (areAsked) for (const member of threads.membersOf(thread)) affected.add(member);
  }
  const isChanged = new NumberSet();
  for (const email of changed) isChanged.add(email);
  const firsts = new NumberSet();
  const slice = new TimeSlice();
  for (let at = 0; at < uncollapsed.length && changed.length > 0 && !areAsked; at++) {
    const email = uncollapsed[at] as number;
    const thread = threads.threadOf(email);
    if (open.has(thread) && !isChanged.has(email) && !firsts.has(thread)) {
      firsts.add(thread);
      affected.add(email);
    }
    const spent = (at & 0xfff) === 0xfff ? slice.spent() : undefined;
    if (spent !== undefined) await spent;
  }
  return [...affected.from(1)];
}
