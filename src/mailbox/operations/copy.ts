/**
 * Copying and moving inside an account. A copy shares the email of its original: no byte of mail is written. A move takes
 * the record along, so it writes less still and can be done by an account that is full. Either may end where it began:
 * the messages get new UIDs in their own mailbox.
 *
 * Large sets go in slices, each its own change: a slice of a move is whole (RFC 6851 §3.3), and a copy that fails
 * half-way takes its finished slices back, so that the destination is as it was (RFC 9051 §6.4.7). Whether all messages
 * are there is decided in the change that copies them, where nobody can come in between.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { AccountChange, Arrival, Origin } from '../change/account-change.ts';
import type { SeenAlong } from '../change/share-changes.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId, UidValidity } from '../model/model.ts';
import { type MessageRecord, recordAt } from '../model/record.ts';
import type { AccountState } from '../state/account.ts';
import { loadList, loadTail } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';
import { expungeMessages } from './expunge.ts';
import { halfDone } from './half-done.ts';
import { noteLessons } from './lessons.ts';
import { checkCopyQuota } from './quota.ts';
import { sliceOf } from './slice.ts';

export interface CopyResult {
  readonly uidValidity: UidValidity;
  /** Those that were still there, ascending, and where they went, pairwise. */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export interface MoveResult extends CopyResult {
  /** Why the rest stayed where it was; what is in `from` and `to` has moved all the same. */
  readonly failure?: MailboxError;
}

/** A copy of all or none met messages that somebody had removed; nothing was copied. */
export class MessagesGone extends MailboxError {
  constructor() {
    super('conflict', 'some of the messages are gone; nothing was copied');
  }
}

/** What stays of messages that somebody copies who may not do everything in their target. */
export interface Kept {
  readonly flags: number;
  readonly keepsKeywords: boolean;
  /** Who has seen them may not say so there. */
  readonly unseenBy?: AccountId | undefined;
}

const EVERYTHING_KEPT: Kept = Object.freeze({ flags: -1, keepsKeywords: true });

export interface CopyOptions {
  readonly kept?: Kept;
  /** All of the messages or none; throws `MessagesGone`. Else those that are gone are passed over. */
  readonly isOfAll?: boolean;
  /** Through which finished slices are taken back when a later one is refused: he who has lost his rights leaves nothing half done. */
  readonly undoing?: Domain;
}

export async function copyMessages(
  domain: Domain,
  account: AccountState,
  source: MailboxState,
  uids: readonly number[],
  target: MailboxState,
  { isOfAll = false, kept = EVERYTHING_KEPT, undoing = domain }: CopyOptions = {},
): Promise<CopyResult> {
  const list = await loadList(domain, account, source);
  await loadTail(domain, account, target);
  const bytes = await sizeOf(list, uids);
  checkCopyQuota(account, source, target, bytes, uids.length);
  const from: number[] = [];
  const to: number[] = [];
  try {
    const step = sliceOf(source);
    for (let start = 0; start < uids.length; start += step) {
      const slice = uids.slice(start, start + step);
      const copied = await domain.turns.run({
        account,
        run: (change) => {
          if (isOfAll && rowsOf(source, slice).length < slice.length) throw new MessagesGone();
          return copySlice(domain, change, source, slice, { target, kept });
        },
      });
      append(from, copied.from);
      append(to, copied.to);
    }
  } catch (error) {
    if (to.length > 0 && !(await takeBack(undoing, account, target, to))) throw leftBehind(error, target);
    throw error;
  }
  return { uidValidity: target.uidValidity, from, to };
}

/** A first sum, to refuse early; what counts is asked again in each change. */
async function sizeOf(list: MessageList, uids: readonly number[]): Promise<number> {
  const slice = new TimeSlice();
  let bytes = 0;
  let row = -1;
  for (let i = 0; i < uids.length; i++) {
    const found = list.indexOf(uids[i] as number, row + 1);
    if (found >= 0) {
      row = found;
      bytes += list.columns.size[row] as number;
    }
    const spent = (i & 1023) === 0 ? slice.spent() : undefined;
    if (spent !== undefined) await spent;
  }
  return bytes;
}

export interface MoveOptions {
  readonly kept?: Kept;
  /** Messages a change, each all or nothing; more hold everybody else up for longer. */
  readonly perChange?: number;
  /** After each durable slice: who has the source open may keep up with it. */
  readonly onSlice?: () => void;
}

/** Messages that are gone are passed over. Throws when nothing was moved. */
export async function moveMessages(
  domain: Domain,
  account: AccountState,
  source: MailboxState,
  uids: readonly number[],
  target: MailboxState,
  { perChange = sliceOf(source), onSlice, kept = EVERYTHING_KEPT }: MoveOptions = {},
): Promise<MoveResult> {
  await loadList(domain, account, source);
  await loadTail(domain, account, target);
  const from: number[] = [];
  const to: number[] = [];
  const { uidValidity } = target;
  for (let start = 0; start < uids.length; start += perChange) {
    const slice = uids.slice(start, start + perChange);
    try {
      const moved = await domain.turns.run({
        account,
        run: (change) => moveSlice(domain, change, source, slice, { target, kept }),
      });
      append(from, moved.from);
      append(to, moved.to);
      onSlice?.();
    } catch (error) {
      if (to.length === 0 || !(error instanceof MailboxError)) throw error;
      return { uidValidity, from, to, failure: halfDone(error, to.length) };
    }
  }
  return { uidValidity, from, to };
}

interface Pairs {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Where messages go, and what of them. */
interface Goal {
  readonly target: MailboxState;
  readonly kept: Kept;
}

function copySlice(
  domain: Domain,
  change: AccountChange,
  source: MailboxState,
  uids: readonly number[],
  { target, kept }: Goal,
): Pairs {
  // Once nobody has a deleted mailbox open, the reaper lets go of what was in it; and it may have been brought back elsewhere.
  if (source.viewers.size === 0 || source.isEmptied) change.requireThere(source);
  const records = rowsOf(source, uids).map((row) => recordAt(listOf(source).columns, row));
  if (records.length > 0) change.requireThere(target);
  const bytes = records.reduce((sum, record) => sum + record.size, 0);
  checkCopyQuota(change.account, source, target, bytes, records.length);
  if (records.length === 0) return { from: [], to: [] };
  change.retain(records.map((record) => record.email));
  const sets = targetSets(domain, change, source, records, target);
  teach(domain, change, { source, target }, records);
  const from = records.map((record) => record.uid);
  const along = seenAlong(change, source, from, { target, kept });
  const to = addRecords(change, records, sets, { target, kept, origin: 'copied' });
  change.shares.seenAgain(target.id, to, along);
  return { from, to };
}

function moveSlice(
  domain: Domain,
  change: AccountChange,
  source: MailboxState,
  uids: readonly number[],
  { target, kept }: Goal,
): Pairs {
  change.requireThere(target);
  const rows = rowsOf(source, uids);
  if (rows.length === 0) return { from: [], to: [] };
  const { columns } = listOf(source);
  const sets = targetSets(
    domain,
    change,
    source,
    rows.map((row) => recordAt(columns, row)),
    target,
  );
  const from = rows.map((row) => columns.uid[row] as number);
  const along = seenAlong(change, source, from, { target, kept });
  const records = change.takeForMove(source, rows);
  teach(domain, change, { source, target }, records);
  const to = addRecords(change, records, sets, { target, kept, origin: 'moved' });
  change.shares.seenAgain(target.id, to, along);
  return { from, to };
}

function teach(
  domain: Domain,
  change: AccountChange,
  way: { readonly source: MailboxState; readonly target: MailboxState },
  records: readonly MessageRecord[],
): void {
  if (domain.learns)
    noteLessons(
      domain,
      change,
      way,
      records.map(({ email }) => email),
    );
}

function addRecords(
  change: AccountChange,
  records: readonly MessageRecord[],
  sets: ReadonlyMap<number, number>,
  { target, kept, origin }: Goal & { readonly origin: Origin },
): number[] {
  const now = Math.floor(change.nowMs / 1000);
  const arrivals: Arrival[] = records.map((record) => {
    const keywordSet = kept.keepsKeywords ? (sets.get(record.keywordSet) ?? 0) : 0;
    return { ...record, flags: record.flags & kept.flags, keywordSet, saveDate: now };
  });
  return change.addMessages(target, arrivals, origin);
}

/** What others have seen of them goes along, where anybody may read it. */
function seenAlong(
  change: AccountChange,
  source: MailboxState,
  uids: readonly number[],
  { target, kept }: Goal,
): SeenAlong {
  const along = change.shares.seenIn(source.id, target.id, uids);
  return along.filter(({ reader }) => reader !== kept.unseenBy);
}

/** The target's sets for those of the source. Asked before messages leave it: then their keywords may be taken back. */
function targetSets(
  domain: Domain,
  change: AccountChange,
  source: MailboxState,
  records: readonly MessageRecord[],
  target: MailboxState,
): ReadonlyMap<number, number> {
  const sets = new Map<number, number>([[0, 0]]);
  for (const { keywordSet } of records) {
    if (sets.has(keywordSet)) continue;
    const names = source.keywords.namesOf(keywordSet);
    sets.set(keywordSet, change.keywords.numberOfMost(target, names, domain.limits));
  }
  return sets;
}

/** Not `push(...)`: a call takes some hundred thousand arguments and no more. */
function append(all: number[], some: readonly number[]): void {
  for (const one of some) all.push(one);
}

function listOf(mailbox: MailboxState): NonNullable<MailboxState['list']> {
  if (mailbox.list === undefined)
    throw new MailboxError('unavailable', 'the mailbox was unloaded; try again');
  return mailbox.list;
}

/** Rows of those UIDs that are still there: another session may have removed some since they were named. */
function rowsOf(mailbox: MailboxState, uids: readonly number[]): number[] {
  const list = listOf(mailbox);
  const rows: number[] = [];
  for (const uid of uids) {
    const row = list.indexOf(uid, (rows.at(-1) ?? -1) + 1);
    if (row >= 0) rows.push(row);
  }
  return rows;
}

/** False when they are still there, or some of them. */
async function takeBack(
  domain: Domain,
  account: AccountState,
  target: MailboxState,
  uids: readonly number[],
): Promise<boolean> {
  try {
    await expungeMessages(domain, account, target, { uids, isSuperseded: true });
    return true;
  } catch (error) {
    domain.log.error({ err: error, mailbox: target.name }, 'a copy that failed could not be taken back');
    return false;
  }
}

/** The words of the refusal, that nothing was changed, are not so: whoever tries again has those messages twice. */
function leftBehind(error: unknown, target: MailboxState): unknown {
  if (!(error instanceof MailboxError)) return error;
  return new MailboxError(
    error.code,
    `a part of the messages was copied and could not be taken back; look into "${target.name}" before you try again`,
    { cause: error },
  );
}
