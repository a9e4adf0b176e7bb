/**
 * The submissions of an account without reading all that they say at every look: what is asked of each is read once. And a new one among
 * them. Of those that have come to their end the newest are kept; that there are many never keeps anybody from sending.
 */
import { TimeSlice } from '../base/time-slice.ts';
import type { AccountChange } from '../mailbox/change/account-change.ts';
import type { BelongingRow } from '../mailbox/model/belongings.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { gistOf } from '../mailbox/state/belongings.ts';
import { isSettled, type SubmissionRecord, writeSubmission } from './submission-record.ts';

export interface SubmissionGist
  extends Pick<SubmissionRecord, 'undoStatus' | 'emailId' | 'outgoing' | 'program'> {
  readonly isSettled: boolean;
  /** What the queue has of it was looked at; what becomes of it afterwards is told (`Outbox.noteNews`). */
  isKnown: boolean;
}

export interface KnownSubmission {
  readonly row: BelongingRow;
  readonly gist: SubmissionGist;
}

/** That have come to their end. */
export const MOST_ENDED = 10_000;

/**
 * A submission, or what is left of one that was destroyed while its mail waited (RFC 8621 §7.5: that stops nothing). Until it has left
 * somebody has to know where it goes then.
 */
export function tellsOfMail({ kind, value }: BelongingRow): boolean {
  return (kind === 'submission' || kind === 'departure') && value !== undefined;
}

/** Ascending by number, those that are there. */
export async function submissionGists(
  account: AccountState,
  rows: Iterable<BelongingRow>,
): Promise<readonly KnownSubmission[]> {
  const slice = new TimeSlice();
  const all: KnownSubmission[] = [];
  for (const row of [...rows]) {
    if (!tellsOfMail(row)) continue;
    all.push({ row, gist: gistOf(account, row, gistIn) });
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  return all;
}

/** In a change, once belongings are loaded; `value` of its number, which it gives. */
export function addSubmission(
  change: AccountChange,
  value: (id: number) => SubmissionRecord,
  mostEnded = MOST_ENDED,
): number {
  dropOldest(change, mostEnded);
  // What waits to leave has a limit of its own.
  return change.belongings.add('submission', (id) => writeSubmission(value(id)), Number.POSITIVE_INFINITY);
}

function dropOldest({ account, belongings }: AccountChange, most: number): void {
  const ended: number[] = [];
  for (const row of account.belongings?.values() ?? [])
    if (row.kind === 'submission' && row.value !== undefined && gistOf(account, row, gistIn).isSettled)
      ended.push(row.id);
  if (ended.length < most) return;
  // More than one at once: they are counted each time.
  for (const id of ended.slice(0, ended.length - most + Math.ceil(most / 100))) belongings.drop(id);
}

function gistIn({ value }: BelongingRow): SubmissionGist {
  const submission = JSON.parse(String(value)) as SubmissionRecord;
  const { undoStatus, emailId, outgoing, program } = submission;
  const gist = { undoStatus, emailId, outgoing, isSettled: isSettled(submission), isKnown: false };
  return program === undefined ? gist : { ...gist, program };
}
