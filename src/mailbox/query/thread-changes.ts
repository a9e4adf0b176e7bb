/**
 * Which threads were created, updated and destroyed since a moment (RFC 8621 §3.2): a thread is there while one of its emails is, and
 * changes when one comes or goes; what becomes of their keywords and mailboxes is nothing to it. Told in pieces by the numbers of
 * threads, each at most once, as emails are (`reading/email-changes.ts`).
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { ChangedEmails } from '../reading/changed-emails.ts';
import {
  type Changes,
  durableMoment,
  isKept,
  isKnown,
  type Position,
  readHistory,
} from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { Placements } from '../state/placements.ts';
import type { ThreadTable } from '../state/thread-table.ts';
import { loadThreads } from './threads.ts';

/** Emails that changed since: whoever is behind by more does better to look at everything anew. */
const MOST_CANDIDATES = 200_000;

/** At most `most` threads. Undefined when it is not known any more what there was at that moment. */
export async function threadChanges(
  domain: Domain,
  account: AccountState,
  position: Position,
  most: number,
): Promise<Changes | undefined> {
  const { since, told } = position;
  for (;;) {
    if (!isKnown(account, 'emails', position)) return undefined;
    const upTo = told?.upTo ?? (await durableMoment(account, 'emails'));
    const changed = new ChangedEmails(since, upTo);
    const read = await changed.gather(domain, account);
    if (changed.areTooMany) return undefined;
    const threads = await loadThreads(domain, account);
    const candidates = await threadsOf(changed, threads, told?.reached ?? 0);
    if (candidates === undefined) return undefined;
    await loadPlaces(domain, account);
    const { placements, modseq, unsettled } = account;
    if (placements?.isWhole !== true) continue;
    const found = counted(placements, threads, candidates, most);
    if (!(await isKept(unsettled))) continue;
    await readHistory(domain, account, read, (entry) => {
      if (entry.modseq <= modseq) changed.addGain(entry);
    });
    if (!isKnown(account, 'emails', position)) return undefined;
    return page(changed, found, { since, upTo });
  }
}

/** Ascending, from this number on. */
async function threadsOf(
  changed: ChangedEmails,
  threads: ThreadTable,
  reached: number,
): Promise<readonly number[] | undefined> {
  const slice = new TimeSlice();
  const found = new Set<number>();
  let count = 0;
  for (const email of changed.candidates(1)) {
    if (++count > MOST_CANDIDATES) return undefined;
    const thread = threads.threadOf(email);
    if (thread > reached) found.add(thread);
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  return [...found].sort((a, b) => a - b);
}

interface CountedThread {
  readonly thread: number;
  /** Of each, its number and how many places it has. */
  readonly members: readonly (readonly [email: number, places: number])[];
}

interface Counted {
  readonly threads: readonly CountedThread[];
  readonly isCut: boolean;
}

/** In one go, while nobody changes anything: threads that may have changed, some more than are told. */
function counted(
  placements: Placements,
  table: ThreadTable,
  candidates: readonly number[],
  most: number,
): Counted {
  const threads: CountedThread[] = [];
  let looked = 0;
  for (const thread of candidates) {
    // A long line of threads that only seem to have changed is told as a piece without an end.
    if (threads.length === most || looked > MOST_MEMBERS) return { threads, isCut: true };
    const members = [...table.membersOf(thread)].map((email) => [email, placements.countOf(email)] as const);
    looked += members.length;
    threads.push({ thread, members });
  }
  return { threads, isCut: false };
}

/** Members of threads that are counted in one go: a few milliseconds. */
const MOST_MEMBERS = 50_000;

function page(
  changed: ChangedEmails,
  { threads, isCut }: Counted,
  { since, upTo }: { readonly since: Position['since']; readonly upTo: Position['since'] },
): Changes {
  const created: number[] = [];
  const updated: number[] = [];
  const destroyed: number[] = [];
  for (const { thread, members } of threads) {
    const before = members.filter(([email, places]) => changed.wasThere(email, places));
    const after = members.filter(([email, places]) => changed.isThere(email, places));
    if (before.length === 0 && after.length > 0) created.push(thread);
    else if (before.length > 0 && after.length === 0) destroyed.push(thread);
    else if (before.length !== after.length || before.some((one, i) => one !== after[i]))
      updated.push(thread);
  }
  const next: Position = isCut
    ? { since, told: { upTo, reached: threads.at(-1)?.thread ?? 0 } }
    : { since: upTo };
  return { created, updated, destroyed, next };
}
