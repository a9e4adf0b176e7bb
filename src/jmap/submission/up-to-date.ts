/**
 * What the queue has done becomes what submissions say, and where their mail is: a message that has left goes from the mailbox of what is
 * scheduled to that of what was sent, whether or not its owner's browser is open. Submissions that have come to their end are kept for
 * 30 days (or until there are too many, `submission-gist.ts`), and that they went is told for 90.
 *
 * The queue is asked for each that waits once, when its account has come into memory, and then for those of which something became: a look
 * costs what has happened, not what waits.
 */
import type { Domain } from '../../mailbox/domain.ts';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import type { OutgoingId } from '../../mailbox/model/outgoing.ts';
import { loadOutgoing } from '../../mailbox/reading/outgoing-mail.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import {
  type KnownSubmission,
  type SubmissionGist,
  submissionGists,
} from '../../submission/submission-gist.ts';
import { isSettled, writeSubmission } from '../../submission/submission-record.ts';
import { MOST_TRACES, REMEMBERED_MS } from '../core/belonging-state.ts';
import { type LeftEmail, outOfScheduled } from './out-of-scheduled.ts';
import { readSubmission, type SubmissionValue, statusNow } from './submission-value.ts';

const KEPT_MS = 30 * 86_400_000;
/** Longer than a request takes. */
const LATE_MS = 60 * 60_000;
const ROWS_AT_ONCE = 100;
const MOST_TRIES = 3;

interface Moved {
  readonly row: BelongingRow;
  readonly now: SubmissionValue;
}

export async function bringUpToDate(domain: Domain, account: AccountState, tries = 1): Promise<void> {
  const { outbox } = domain.turns;
  const news = outbox.newsOf(account.id);
  const all = await loadBelongings(domain, account);
  const nowMs = domain.clock.nowMs();
  const submissions = await submissionGists(account, all.values());
  const looked = submissions.filter(
    ({ gist }) => !gist.isSettled && (!gist.isKnown || news.has(gist.outgoing as OutgoingId)),
  );
  // Whoever takes it back says so before the queue has nothing more of it: what is still as it was then has left.
  const moved = (await movedOf(domain, looked)).filter(({ row }) => account.belongings?.get(row.id) === row);
  // Where it is comes first: once it is said that it has left, nobody looks for long.
  const areAsThen = (): boolean => moved.every(({ row }) => account.belongings?.get(row.id) === row);
  const left = emailsThatLeft(submissions, moved, nowMs);
  const areInPlace = await outOfScheduled(domain, account, left, areAsThen);
  const settled = submissions.filter(({ gist }) => gist.isSettled);
  // A program that speaks SMTP asks for nothing of what it has sent: once its mail is in its place nothing is told of it.
  const old = settled
    .filter(({ row, gist }) => row.atMs < nowMs - KEPT_MS || (areInPlace && isOver(row, gist)))
    .map(({ row }) => row.id);
  await writeDown(domain, account, { moved, areInPlace, old, forgotten: oldTraces(all.values(), nowMs) });
  // Somebody was faster with one of them: the others have not moved.
  if (!areInPlace) return tries < MOST_TRIES ? bringUpToDate(domain, account, tries + 1) : undefined;
  for (const { gist } of looked) gist.isKnown = true;
  outbox.forgetNews(account.id, news);
}

interface Found {
  readonly moved: readonly Moved[];
  readonly areInPlace: boolean;
  readonly old: readonly number[];
  readonly forgotten: readonly number[];
}

async function writeDown(
  domain: Domain,
  account: AccountState,
  { moved, areInPlace, old, forgotten }: Found,
): Promise<void> {
  if (moved.length + old.length + forgotten.length === 0) return;
  await domain.turns.run({
    account,
    run: (change) => {
      for (const { row, now } of moved) {
        // Another has said so meanwhile, or it was taken back or destroyed.
        if (account.belongings?.get(row.id) !== row || (!areInPlace && now.undoStatus === 'canceled'))
          continue;
        if (areInPlace && isOver(row, { ...now, isSettled: isSettled(now) })) change.belongings.drop(row.id);
        else change.belongings.replace(row.id, writeSubmission(now));
      }
      for (const id of old) if (account.belongings?.get(id)?.value !== undefined) change.belongings.drop(id);
      change.belongings.forget(forgotten);
    },
  });
}

type Ending = Pick<SubmissionGist, 'undoStatus' | 'program' | 'isSettled'>;

function isOver({ kind }: BelongingRow, { program, undoStatus, isSettled: isEnded }: Ending): boolean {
  if (kind === 'departure') return isEnded;
  return program !== undefined && undoStatus === 'final' && isEnded;
}

/**
 * A mail may have left before it was put among what is scheduled, so those of a while ago are looked at again. None that is to be sent once
 * more.
 */
function emailsThatLeft(
  submissions: readonly KnownSubmission[],
  moved: readonly Moved[],
  nowMs: number,
): readonly LeftEmail[] {
  const news = new Map(moved.map(({ row, now }) => [row, now]));
  const left = new Map<string, LeftEmail>();
  for (const { row, gist } of submissions) {
    const { undoStatus, emailId, program } = news.get(row) ?? gist;
    const isNew = news.has(row);
    const goes = undoStatus === 'final' && (isNew || row.atMs > nowMs - LATE_MS);
    const comesBack = undoStatus === 'canceled' && isNew;
    if (goes || comesBack) left.set(emailId, { emailId, isCanceled: comesBack, ...(program && { program }) });
  }
  for (const { row, gist } of submissions)
    if ((news.get(row) ?? gist).undoStatus === 'pending') left.delete(gist.emailId);
  return [...left.values()];
}

async function movedOf(domain: Domain, looked: readonly KnownSubmission[]): Promise<readonly Moved[]> {
  const moved: Moved[] = [];
  for (let at = 0; at < looked.length; at += ROWS_AT_ONCE) {
    const some = looked.slice(at, at + ROWS_AT_ONCE);
    const ids = some.map(({ gist }) => gist.outgoing as OutgoingId);
    const queued = await loadOutgoing(domain, ids);
    for (const [i, { row }] of some.entries()) {
      const value = readSubmission(row.value as Buffer);
      const now = await statusNow(domain, value, queued[i]);
      if (now !== value) moved.push({ row, now });
    }
  }
  return moved;
}

/** Of each kind the newest trace stays: the state goes by it. So do the newest of many (`MOST_TRACES`). */
function oldTraces(rows: Iterable<BelongingRow>, nowMs: number): readonly number[] {
  const newest = new Map<string, BelongingRow>();
  const traces: BelongingRow[] = [];
  for (const row of rows) {
    if (row.modseq >= (newest.get(row.kind)?.modseq ?? 0)) newest.set(row.kind, row);
    if (row.value === undefined) traces.push(row);
  }
  const old = [...Map.groupBy(traces, ({ kind }) => kind).values()].flatMap((some) => {
    const surplus = some.length <= MOST_TRACES ? [] : inOrder(some).slice(0, -MOST_TRACES);
    return [...surplus, ...some.filter(({ atMs }) => atMs < nowMs - REMEMBERED_MS)];
  });
  return [...new Set(old)].filter((row) => newest.get(row.kind) !== row).map(({ id }) => id);
}

function inOrder(rows: readonly BelongingRow[]): readonly BelongingRow[] {
  return rows.toSorted((a, b) => a.modseq - b.modseq);
}
