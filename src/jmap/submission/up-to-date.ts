/**
 * What the queue has done becomes what submissions say, and where their mail is: a message that has left goes from the mailbox of what is
 * scheduled to that of what was sent, whether or not its owner's browser is open. Submissions that have come to their end are kept for
 * 30 days, and that they went is told for 90.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import type { OutgoingId } from '../../mailbox/model/outgoing.ts';
import { loadOutgoing } from '../../mailbox/reading/outgoing-mail.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { writeSubmission } from '../../submission/submission-record.ts';
import { REMEMBERED_MS } from '../core/belonging-state.ts';
import { type LeftEmail, outOfScheduled } from './out-of-scheduled.ts';
import { isSettled, readSubmission, type SubmissionValue, statusNow } from './submission-value.ts';

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
  const all = await loadBelongings(domain, account);
  const nowMs = domain.clock.nowMs();
  const submissions = await submissionsIn(all.values());
  const open = submissions.filter(({ value }) => !isSettled(value));
  const settled = submissions.filter(({ value }) => isSettled(value));
  // Whoever takes it back says so before the queue has nothing more of it: what is still as it was then has left.
  const moved = (await movedOf(domain, open)).filter(({ row }) => account.belongings?.get(row.id) === row);
  const old = settled.filter(({ row }) => row.atMs < nowMs - KEPT_MS).map(({ row }) => row.id);
  const forgotten = oldTraces(all.values(), nowMs);
  // Where it is comes first: once it is said that it has left, nobody looks for long.
  const areAsThen = (): boolean => moved.every(({ row }) => account.belongings?.get(row.id) === row);
  const areInPlace = await outOfScheduled(
    domain,
    account,
    emailsThatLeft(submissions, moved, nowMs),
    areAsThen,
  );
  // A program that speaks SMTP asks for nothing of what it has sent: once its mail is in its place nothing is told of it.
  if (areInPlace)
    for (const { row, value } of settled) if (isOver(row, value) && !old.includes(row.id)) old.push(row.id);
  if (moved.length + old.length + forgotten.length === 0) return;
  await domain.turns.run({
    account,
    run: (change) => {
      for (const { row, now } of moved) {
        // Another has said so meanwhile, or it was taken back or destroyed.
        if (account.belongings?.get(row.id) !== row || (!areInPlace && now.undoStatus === 'canceled'))
          continue;
        if (areInPlace && isOver(row, now)) change.belongings.drop(row.id);
        else change.belongings.replace(row.id, writeSubmission(now));
      }
      for (const id of old) if (account.belongings?.get(id)?.value !== undefined) change.belongings.drop(id);
      change.belongings.forget(forgotten);
    },
  });
  // Somebody was faster with one of them: the others have not moved.
  if (!areInPlace && tries < MOST_TRIES) await bringUpToDate(domain, account, tries + 1);
}

function isOver({ kind }: BelongingRow, value: SubmissionValue): boolean {
  if (kind === 'departure') return isSettled(value);
  return value.program !== undefined && value.undoStatus === 'final' && isSettled(value);
}

/**
 * A mail may have left before it was put among what is scheduled, so those of a while ago are looked at again. None that is to be sent once
 * more.
 */
function emailsThatLeft(
  submissions: readonly Submission[],
  moved: readonly Moved[],
  nowMs: number,
): readonly LeftEmail[] {
  const news = new Map(moved.map(({ row, now }) => [row, now]));
  const left = new Map<string, LeftEmail>();
  for (const { row, value } of submissions) {
    const { undoStatus, emailId, program } = news.get(row) ?? value;
    const isNew = news.has(row);
    const goes = undoStatus === 'final' && (isNew || row.atMs > nowMs - LATE_MS);
    const comesBack = undoStatus === 'canceled' && isNew;
    if (goes || comesBack) left.set(emailId, { emailId, isCanceled: comesBack, ...(program && { program }) });
  }
  for (const { row, value } of submissions)
    if ((news.get(row) ?? value).undoStatus === 'pending') left.delete(value.emailId);
  return [...left.values()];
}

export interface Submission {
  readonly row: BelongingRow;
  readonly value: SubmissionValue;
}

/**
 * A submission, or what is left of one that was destroyed while its mail waited (RFC 8621 §7.5: that stops nothing). Until it has left
 * somebody has to know where it goes then.
 */
export function tellsOfMail({ kind, value }: BelongingRow): boolean {
  return (kind === 'submission' || kind === 'departure') && value !== undefined;
}

/** Ascending by number, those that are there. */
export async function submissionsIn(rows: Iterable<BelongingRow>): Promise<readonly Submission[]> {
  const slice = new TimeSlice();
  const all: Submission[] = [];
  for (const row of [...rows]) {
    if (!tellsOfMail(row) || row.value === undefined) continue;
    all.push({ row, value: readSubmission(row.value) });
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  return all;
}

async function movedOf(domain: Domain, open: readonly Submission[]): Promise<readonly Moved[]> {
  const moved: Moved[] = [];
  for (let at = 0; at < open.length; at += ROWS_AT_ONCE) {
    const some = open.slice(at, at + ROWS_AT_ONCE);
    const queued = await loadOutgoing(
      domain,
      some.map(({ value }) => value.outgoing as OutgoingId),
    );
    for (const [i, { row, value }] of some.entries()) {
      const now = await statusNow(domain, value, queued[i]);
      if (now !== value) moved.push({ row, now });
    }
  }
  return moved;
}

/** Of each kind the newest trace stays: the state goes by it. */
function oldTraces(rows: Iterable<BelongingRow>, nowMs: number): readonly number[] {
  const newest = new Map<string, BelongingRow>();
  const old: BelongingRow[] = [];
  for (const row of rows) {
    if (row.modseq >= (newest.get(row.kind)?.modseq ?? 0)) newest.set(row.kind, row);
    if (row.value === undefined && row.atMs < nowMs - REMEMBERED_MS) old.push(row);
  }
  return old.filter((row) => newest.get(row.kind) !== row).map(({ id }) => id);
}
