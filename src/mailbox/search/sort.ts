/**
 * Putting messages in order (RFC 5256 §3 SORT, RFC 5957): by what their records say and by the keys that delivery computed.
 *
 * Promises: a stable order, ties by UID; never more than a few milliseconds without a pause, however many messages there are: blocks are
 * sorted, then merged step by step.
 */

import type { Pause } from '../../base/time-slice.ts';
import { type TextCollation, USUAL_COLLATION } from '../../mail/fold.ts';
import { sentSecondsOf, type TextKey, textKeyOf } from '../../mail/sort-keys.ts';
import type { Domain } from '../domain.ts';
import { type MessageRecord, recordAt } from '../model/record.ts';
import type { AccountState } from '../state/account.ts';
import type { KeptOrder } from '../state/kept-orders.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { filtered, inserted, newSince, OrderKeeper } from './kept-order.ts';
import { EMPTY_KEYS, loadSortKeys } from './sort-keys-of.ts';

export type SortCriterion =
  | { readonly by: 'arrival' | 'date' | 'size'; readonly isReverse: boolean }
  /** Absent: by the usual collation. All that have one have the same. */
  | { readonly by: TextKey; readonly isReverse: boolean; readonly collation?: TextCollation }
  /** By what each UID was given, the highest first. */
  | { readonly by: 'score'; readonly scores: ReadonlyMap<number, number>; readonly isReverse: boolean };

const KEYS_PER_LOAD = 300;
/** Sorted at once: a millisecond or two. */
const BLOCK = 1024;
/** Steps of a merge between two looks at the clock. */
const STEP_MASK = 511;

/** Of those UIDs that are still there, in the order of the criteria. */
export async function sortMessages(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  criteria: readonly SortCriterion[],
  pause: Pause,
): Promise<Uint32Array> {
  if (criteria.some(({ by }) => by === 'score'))
    return sortAnew(domain, account, mailbox, uids, criteria, pause);
  const collation = collationOf(criteria);
  const named = criteria.map(({ by, isReverse }) => `${isReverse ? '-' : ''}${by}`);
  const name = (collation === USUAL_COLLATION ? named : [collation, ...named]).join();
  const keeper = new OrderKeeper(domain, mailbox, name);
  const kept = keeper.find(uids);
  const sort = (some: readonly number[]): Promise<Uint32Array> =>
    sortAnew(domain, account, mailbox, some, criteria, pause);
  const order = (kept && (await sortKept(kept, uids, sort, pause))) ?? (await sort(uids));
  if (order.length === uids.length) keeper.keep(order, uids);
  return order;
}

/** By an order that was kept; undefined when it is of no use. */
async function sortKept(
  kept: KeptOrder,
  uids: readonly number[],
  sort: (uids: readonly number[]) => Promise<Uint32Array>,
  pause: Pause,
): Promise<Uint32Array | undefined> {
  const since = newSince(kept, uids);
  if (since === undefined) return undefined;
  let order = await filtered(kept.uids, uids, pause);
  // A message that came later stands behind its equals, as it does among two.
  const isBefore = async (uid: number, other: number) => (await sort([other, uid]))[0] === uid;
  for (const uid of since) {
    order = order && (await inserted(order, uid, isBefore));
    const resting = pause();
    if (resting !== undefined) await resting;
  }
  // What is missing is not known here.
  return order?.length === uids.length ? order : undefined;
}

async function sortAnew(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  criteria: readonly SortCriterion[],
  pause: Pause,
): Promise<Uint32Array> {
  const records = await recordsOf(domain, account, mailbox, uids, pause);
  const needsKeys = criteria.some(({ by }) => by !== 'arrival' && by !== 'size' && by !== 'score');
  const collation = collationOf(criteria);
  const columns = criteria.map((criterion) => columnFor(criterion, records.length));
  for (let at = 0; at < records.length; at += KEYS_PER_LOAD) {
    const some = records.slice(at, at + KEYS_PER_LOAD);
    const keys = needsKeys ? await loadSortKeys(domain, account, some, collation) : [];
    for (const [i, record] of some.entries()) {
      const key = keys[i] ?? EMPTY_KEYS;
      for (const column of columns) column.set(at + i, record, key);
    }
    const resting = pause();
    if (resting !== undefined) await resting;
  }
  const order = await sorted(records.length, comparing(columns), pause);
  for (let i = 0; i < order.length; i++) {
    order[i] = (records[order[i] as number] as MessageRecord).uid;
    const resting = (i & STEP_MASK) === STEP_MASK ? pause() : undefined;
    if (resting !== undefined) await resting;
  }
  return order;
}

function collationOf(criteria: readonly SortCriterion[]): TextCollation {
  for (const criterion of criteria)
    if ('collation' in criterion && criterion.collation !== undefined) return criterion.collation;
  return USUAL_COLLATION;
}

/** Rows move while others run, so each block is looked up by UID. */
export async function recordsOf(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  pause: Pause,
): Promise<MessageRecord[]> {
  const records: MessageRecord[] = [];
  for (let at = 0; at < uids.length; ) {
    const list = await loadList(domain, account, mailbox);
    let row = -1;
    for (const end = Math.min(uids.length, at + BLOCK); at < end; at++) {
      const found = list.indexOf(uids[at] as number, row + 1);
      if (found < 0) continue;
      row = found;
      records.push(recordAt(list.columns, row));
    }
    const resting = pause();
    if (resting !== undefined) await resting;
  }
  return records;
}

/** One criterion's values for all messages. */
interface SortColumn {
  set(row: number, record: MessageRecord, keys: Buffer): void;
  /** Below, at or above zero. */
  compare(a: number, b: number): number;
}

function columnFor(criterion: SortCriterion, count: number): SortColumn {
  const { by, isReverse } = criterion;
  const sign = isReverse ? -1 : 1;
  if (by === 'score') {
    const values = new Float64Array(count);
    return {
      set: (row, { uid }) => {
        values[row] = criterion.scores.get(uid) ?? 0;
      },
      compare: (a, b) => sign * ((values[b] as number) - (values[a] as number)),
    };
  }
  if (by === 'arrival' || by === 'date' || by === 'size') {
    const values = new Float64Array(count);
    return {
      set: (row, record, keys) => {
        values[row] =
          by === 'size' ? record.size : by === 'arrival' ? record.internalDate : sentOf(record, keys);
      },
      compare: (a, b) => sign * ((values[a] as number) - (values[b] as number)),
    };
  }
  const texts = new Array<string>(count).fill('');
  return {
    // Octets as letters compare like octets.
    set: (row, _record, keys) => {
      texts[row] = textKeyOf(keys, by).toString('latin1');
    },
    compare: (a, b) => {
      const [first, second] = [texts[a] as string, texts[b] as string];
      return first < second ? -sign : first > second ? sign : 0;
    },
  };
}

/** RFC 5256 §2.2: without a Date that can be read, the internal date. */
export function sentOf(record: MessageRecord, keys: Buffer): number {
  return sentSecondsOf(keys) ?? record.internalDate;
}

function comparing(columns: readonly SortColumn[]): (a: number, b: number) => number {
  return (a, b) => {
    for (const column of columns) {
      const order = column.compare(a, b);
      if (order !== 0) return order;
    }
    return a - b;
  };
}

/** Most mail is in the order of its arrival, or in that order backwards. */
function sortBlock(block: Uint32Array, compare: (a: number, b: number) => number): void {
  let up = 1;
  let down = 1;
  for (let i = 1; i < block.length && (up === i || down === i); i++) {
    const order = compare(block[i - 1] as number, block[i] as number);
    if (order <= 0) up++;
    if (order > 0) down++;
  }
  if (up === block.length) return;
  if (down === block.length) block.reverse();
  else block.sort(compare);
}

function isInOrder(
  rows: Uint32Array,
  low: number,
  middle: number,
  high: number,
  compare: (a: number, b: number) => number,
): boolean {
  if (middle >= high) return true;
  return middle === low || compare(rows[middle - 1] as number, rows[middle] as number) <= 0;
}

/** The rows `0 .. count - 1` in order: blocks are sorted, then merged, with pauses. */
export async function sorted(
  count: number,
  compare: (a: number, b: number) => number,
  pause: Pause,
): Promise<Uint32Array> {
  let from = new Uint32Array(count);
  for (let row = 0; row < count; row++) from[row] = row;
  for (let at = 0; at < count; at += BLOCK) {
    sortBlock(from.subarray(at, at + BLOCK), compare);
    const resting = pause();
    if (resting !== undefined) await resting;
  }
  let to = new Uint32Array(count);
  for (let width = BLOCK; width < count; width *= 2) {
    for (let low = 0; low < count; low += 2 * width) {
      const middle = Math.min(low + width, count);
      const high = Math.min(low + 2 * width, count);
      if (isInOrder(from, low, middle, high, compare)) {
        to.set(from.subarray(low, high), low);
        continue;
      }
      if (high > middle && compare(from[low] as number, from[high - 1] as number) > 0) {
        to.set(from.subarray(middle, high), low);
        to.set(from.subarray(low, middle), low + high - middle);
        continue;
      }
      let [left, right] = [low, middle];
      for (let at = low; at < high; at++) {
        const isLeft =
          left < middle && (right >= high || compare(from[left] as number, from[right] as number) <= 0);
        to[at] = from[isLeft ? left++ : right++] as number;
        const resting = (at & STEP_MASK) === 0 ? pause() : undefined;
        if (resting !== undefined) await resting;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
