/**
 * A moment of an account, as clients keep it (RFC 8620 §5.1): its modseq, and the numbers that were next. Whatever has a
 * number below was made before. What an account held at a moment follows from what it holds now and the history since.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { ModSeq } from '../model/model.ts';
import type { HistoryEntry } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';

export interface Moment {
  readonly modseq: ModSeq;
  readonly nextEmail: number;
  readonly nextMailbox: number;
}

/** What was asked for of the changes since a moment, and how far it was told. */
export interface Position {
  readonly since: Moment;
  /** Of a client that has been told of a part: of what there was at this moment, up to this number. */
  readonly told?: { readonly upTo: Moment; readonly reached: number } | undefined;
}

/** Numbers in ascending order. All that was there at `since` and is not named was there at `next.since`, unchanged. */
export interface Changes {
  readonly created: readonly number[];
  readonly updated: readonly number[];
  readonly destroyed: readonly number[];
  /** To ask from the next time; there is more now when it has `told`. */
  readonly next: Position;
}

/** Many rows are two megabytes. */
const ROWS_PER_LOAD = 200;

export function momentOf({ modseq, nextEmail, nextMailbox }: AccountState): Moment {
  return { modseq, nextEmail, nextMailbox };
}

/** Whether it is a position in the past of this account, from which the history is whole. */
export function isKnown(account: AccountState, { since, told }: Position): boolean {
  if (since.modseq < account.changesFloor || !isPast(since, account)) return false;
  return told === undefined || (isPast(since, told.upTo) && isPast(told.upTo, account));
}

function isPast(before: Moment, after: Moment): boolean {
  return (
    before.modseq <= after.modseq &&
    before.nextEmail <= after.nextEmail &&
    before.nextMailbox <= after.nextMailbox
  );
}

/** A moment, not before the call, up to which everything is durable and in the history. */
export async function durableMoment(account: AccountState): Promise<Moment> {
  for (;;) {
    const moment = momentOf(account);
    if (await isKept(account.unsettled)) return moment;
  }
}

/** False when what was in memory was taken back. */
export async function isKept(unsettled: Promise<void> | undefined): Promise<boolean> {
  try {
    await unsettled;
    return true;
  } catch {
    return false;
  }
}

/** Visits the rows after `after` that the store has, in slices; returns the modseq of the last. */
export async function readHistory(
  domain: Pick<Domain, 'store'>,
  account: AccountState,
  after: ModSeq,
  visit: (entry: HistoryEntry) => void,
): Promise<ModSeq> {
  const slice = new TimeSlice();
  for (let last = after; ; ) {
    const entries = await domain.store.loadHistory(account.id, last, ROWS_PER_LOAD);
    for (const entry of entries) {
      visit(entry);
      last = entry.modseq;
      const spent = slice.spent();
      if (spent !== undefined) await spent;
    }
    if (entries.length < ROWS_PER_LOAD) {
      if (last > account.modseq) throw new MailboxError('conflict', 'the account was changed elsewhere');
      return last;
    }
  }
}
