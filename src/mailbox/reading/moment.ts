/**
 * A moment of an account, as clients keep it (RFC 8620 §5.1): a modseq, and the numbers that were next. Whatever has a
 * number below was made before. What an account held at a moment follows from what it holds now and the history since.
 *
 * Emails and mailboxes have moments of their own: the modseq is that of the last change that showed in them, so a moment
 * is the same as long as nothing changes that its client sees. Counts of messages are part of a mailbox.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { isOfMove } from '../model/history.ts';
import type { ModSeq } from '../model/model.ts';
import type { HistoryEntry } from '../port/store.ts';
import type { AccountState, Shown } from '../state/account.ts';

export type { Shown };

export interface Moment {
  readonly modseq: ModSeq;
  readonly nextEmail: number;
  readonly nextMailbox: number;
  /** Of whom is there by leave: what it was that he saw. Under another one nothing is known of what there was. */
  readonly leave?: string | undefined;
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

type Numbers = Pick<
  AccountState,
  'modseq' | 'nextEmail' | 'nextMailbox' | 'emailModseq' | 'mailboxModseq' | 'visit'
>;

/** As it is in memory; see `durableMoment`. */
export function momentOf(account: Numbers, shown: Shown): Moment {
  const { nextEmail, nextMailbox, visit } = account;
  const moment = { modseq: lastChange(account, shown), nextEmail, nextMailbox };
  return visit === undefined ? moment : { ...moment, leave: visit.leave(shown) };
}

/** That of names, roles and places in the tree: messages that come and go are nothing to it. */
export function namesMomentOf(account: Numbers): Moment {
  return { ...momentOf(account, 'mailboxes'), modseq: account.mailboxModseq };
}

function lastChange({ emailModseq, mailboxModseq }: Numbers, shown: Shown): ModSeq {
  return shown === 'emails' || emailModseq > mailboxModseq ? emailModseq : mailboxModseq;
}

/** Whether it is a position in the past of this account, from which the history is whole, or needed for nothing. */
export function isKnown(
  account: Numbers & Pick<AccountState, 'changesFloor'>,
  shown: Shown,
  { since, told }: Position,
): boolean {
  const { visit } = account;
  const isForgotten = since.modseq < account.changesFloor && since.modseq < lastChange(account, shown);
  if (isForgotten || since.leave !== visit?.leave(shown) || !isPast(since, account)) return false;
  return told === undefined || (isPast(since, told.upTo) && isPast(told.upTo, account));
}

function isPast(before: Moment, after: Omit<Moment, 'leave'>): boolean {
  // What one sees by leave goes by the highest number that is to be seen, which falls when that email goes.
  if (before.leave !== undefined) return before.modseq <= after.modseq;
  return (
    before.modseq <= after.modseq &&
    before.nextEmail <= after.nextEmail &&
    before.nextMailbox <= after.nextMailbox
  );
}

/** A moment, not before the call, up to which everything is durable and in the history. */
export async function durableMoment(account: AccountState, shown: Shown): Promise<Moment> {
  for (;;) {
    const moment = momentOf(account, shown);
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

/** Visits the rows after `after` that are of what the account shows, in slices; returns the modseq of the last that the store has. */
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
      if (isSeen(account, entry)) visit(entry);
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

function isSeen({ visit }: AccountState, { kind, mailbox }: HistoryEntry): boolean {
  return visit === undefined ? !isOfMove(kind) : visit.reads(mailbox);
}
