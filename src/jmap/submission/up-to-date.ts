/**
 * What the queue has done becomes what submissions say, and where their mail is: a message that has left goes from the mailbox of what is
 * scheduled to that of what was sent, whether or not its owner's browser is open. Submissions that have come to their end are kept for
 * 30 days, and that they went is told for 90.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import type { MailboxId, Role } from '../../mailbox/model/model.ts';
import { emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import type { OutgoingId } from '../../mailbox/model/outgoing.ts';
import { changeEmails, StateMoved } from '../../mailbox/operations/change-emails.ts';
import { loadOutgoing } from '../../mailbox/reading/outgoing-mail.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { loadPlaces } from '../../mailbox/state/load-places.ts';
import { REMEMBERED_MS } from '../core/belonging-state.ts';
import {
  isSettled,
  readSubmission,
  type SubmissionValue,
  statusNow,
  writeSubmission,
} from './submission-value.ts';

const KEPT_MS = 30 * 86_400_000;
/** Longer than a request takes. */
const LATE_MS = 60 * 60_000;
const ROWS_AT_ONCE = 100;

interface Moved {
  readonly row: BelongingRow;
  readonly now: SubmissionValue;
}

export async function bringUpToDate(domain: Domain, account: AccountState): Promise<void> {
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
  await toSent(domain, account, emailsThatLeft(submissions, moved, nowMs), areAsThen);
  if (moved.length + old.length + forgotten.length === 0) return;
  await domain.turns.run({
    account,
    run: (change) => {
      for (const { row, now } of moved) {
        // Another has said so meanwhile, or it was taken back or destroyed.
        if (account.belongings?.get(row.id) === row) change.belongings.replace(row.id, writeSubmission(now));
      }
      for (const id of old) if (account.belongings?.get(id)?.value !== undefined) change.belongings.drop(id);
      change.belongings.forget(forgotten);
    },
  });
}

/** A mail may have left before it was put among what is scheduled, so those of a while ago are looked at again. None that is to be sent once more. */
function emailsThatLeft(
  submissions: readonly Submission[],
  moved: readonly Moved[],
  nowMs: number,
): ReadonlySet<string> {
  const news = new Map(moved.map(({ row, now }) => [row, now]));
  const left = new Set<string>();
  for (const { row, value } of submissions) {
    const { undoStatus, emailId } = news.get(row) ?? value;
    if (undoStatus === 'final' && (news.has(row) || row.atMs > nowMs - LATE_MS)) left.add(emailId);
  }
  for (const { row, value } of submissions)
    if ((news.get(row) ?? value).undoStatus === 'pending') left.delete(value.emailId);
  return left;
}

export interface Submission {
  readonly row: BelongingRow;
  readonly value: SubmissionValue;
}

/** Ascending by number, those that are there. */
export async function submissionsIn(rows: Iterable<BelongingRow>): Promise<readonly Submission[]> {
  const slice = new TimeSlice();
  const all: Submission[] = [];
  for (const row of [...rows]) {
    if (row.kind !== 'submission' || row.value === undefined) continue;
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

/** What is somewhere else by now stays there: whoever put it there had his reasons. Nothing when one was taken back meanwhile: the next look finds the others. */
async function toSent(
  domain: Domain,
  account: AccountState,
  emailIds: ReadonlySet<string>,
  areAsThen: () => boolean,
): Promise<void> {
  const [scheduled, sent] = [mailboxWith(account, 'scheduled'), mailboxWith(account, 'sent')];
  if (scheduled === undefined || emailIds.size === 0) return;
  await loadPlaces(domain, account);
  const mailboxes = {
    adds: new Set<MailboxId>(sent === undefined ? [] : [sent]),
    removes: new Set<MailboxId>(sent === undefined ? [] : [scheduled]),
  };
  const marks = { adds: { flags: FLAG.Seen, keywords: [] }, removes: { flags: FLAG.Draft, keywords: [] } };
  const updates = [...emailIds]
    .map((name) => emailOfObjectId(name))
    .filter((email) => email !== undefined)
    .filter((email) => isIn(account, email, scheduled))
    .map((email) => ({ email, mailboxes, marks }));
  if (updates.length === 0) return;
  try {
    await changeEmails(domain, account, { creates: [], updates, destroys: [], isExpected: areAsThen });
  } catch (error) {
    if (!(error instanceof StateMoved)) throw error;
  }
}

function isIn(account: AccountState, email: number, wanted: MailboxId): boolean {
  const places = account.placements?.placesOf(email) ?? [];
  return places.some(({ mailbox, isHidden }) => mailbox === wanted && !isHidden);
}

function mailboxWith(account: AccountState, role: Role): MailboxId | undefined {
  return [...account.mailboxes.values()].find((one) => one.role === role)?.id;
}
