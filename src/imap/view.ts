/**
 * What one client has been told of the mailbox it has open: the pure model behind sequence numbers (RFC 9051 §2.3.1.2).
 *
 * While nothing is held back, the view is a reference to the mailbox's own UID array and a count, whatever its size.
 * Messages that are gone but not yet told keep their number; then the view has an array of its own. It knows no wire
 * form and no modes: `updates.ts` turns what `advance` returns into responses.
 *
 * Invariant: a client that applies what it is told, in order, has exactly `uids`.
 */
import type { NumberColumn } from '../mailbox/model/record.ts';

export interface UidList {
  /** Ascending; only the first `count` belong to it, and those never change in this array. */
  readonly uid: NumberColumn;
  readonly count: number;
}

export interface Advance {
  /** Told as gone now: UIDs ascending, and the number each had when the ones before it were gone. */
  readonly expungedUids: Uint32Array;
  readonly expungedSeqs: Uint32Array;
  /** The new number of messages, when it has grown. */
  readonly exists: number | undefined;
  /** Highest UID the client knew of before; arrivals are above it. */
  readonly arrivedAfter: number;
}

/** A million may have changed. */
const CHANGED_AT_ONCE = 4096;

const NOTHING = new Uint32Array();

export class View {
  #uid: NumberColumn;
  #count: number;
  #highest: number;
  /** Gone, and not yet told. */
  readonly #gone = new Set<number>();
  /** Flags changed, and not yet told. */
  readonly #changed = new Set<number>();

  constructor(list: UidList) {
    this.#uid = list.uid;
    this.#count = list.count;
    this.#highest = list.count === 0 ? 0 : (list.uid[list.count - 1] as number);
  }

  get count(): number {
    return this.#count;
  }

  get hasUntoldExpunges(): boolean {
    return this.#gone.size > 0;
  }

  /** The client's messages in order; a window on an array that may be shared: read only. */
  get uids(): NumberColumn {
    return this.#uid.subarray(0, this.#count);
  }

  /** The largest UID the client knows; 0 in an empty mailbox. */
  get highestUid(): number {
    return this.#count === 0 ? 0 : (this.#uid[this.#count - 1] as number);
  }

  uidAt(seq: number): number {
    return this.#uid[seq - 1] as number;
  }

  /** 0 when the client does not know this UID. */
  seqOf(uid: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#uid[middle] as number) < uid) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#uid[low] === uid ? low + 1 : 0;
  }

  /** The numbers of these ascending UIDs; 0 for one the client does not know. */
  seqsOf(uids: ArrayLike<number>): Uint32Array {
    const seqs = new Uint32Array(uids.length);
    // For a few it is quicker to look for each, for many to walk along.
    if (uids.length < this.#count / 16) {
      for (let i = 0; i < uids.length; i++) seqs[i] = this.seqOf(uids[i] as number);
      return seqs;
    }
    let at = 0;
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] as number;
      while (at < this.#count && (this.#uid[at] as number) < uid) at++;
      if (at < this.#count && this.#uid[at] === uid) seqs[i] = at + 1;
    }
    return seqs;
  }

  /** The number of each, in any order. */
  seqsOfAny(uids: readonly number[]): number[] {
    return uids.map((uid) => this.seqOf(uid));
  }

  noteExpunged(uids: readonly number[]): void {
    for (const uid of uids) if (this.seqOf(uid) > 0) this.#gone.add(uid);
  }

  noteFlags(uids: readonly number[]): void {
    for (const uid of uids) this.#changed.add(uid);
  }

  /** The client has just been told these flags by a FETCH of its own. */
  forgetFlag(uid: number): void {
    if (this.#changed.size > 0) this.#changed.delete(uid);
  }

  isGone(uid: number): boolean {
    return this.#gone.has(uid);
  }

  /** When the change log no longer reaches back: whatever the list does not hold is gone. */
  noteMissing(list: UidList): void {
    let at = 0;
    for (const uid of this.uids) {
      while (at < list.count && (list.uid[at] as number) < uid) at++;
      if (at >= list.count || list.uid[at] !== uid) this.#gone.add(uid);
    }
  }

  /** Moves on to `list`, which all that was noted has led to; expunges stay untold when they may not be said now. */
  advance(list: UidList, mayExpunge: boolean): Advance {
    const arrivedAfter = this.#highest;
    const expungedUids = mayExpunge ? ascending(this.#gone) : NOTHING;
    const expungedSeqs = this.seqsOf(expungedUids);
    for (let i = 0; i < expungedSeqs.length; i++) expungedSeqs[i] = (expungedSeqs[i] as number) - i;
    const before = this.#count - expungedUids.length;
    if (mayExpunge) this.#gone.clear();
    if (this.#gone.size === 0) {
      this.#uid = list.uid;
      this.#count = list.count;
    } else {
      this.#extend(list);
    }
    if (this.#count > before) this.#highest = Math.max(this.#highest, this.highestUid);
    const exists = this.#count > before ? this.#count : undefined;
    return { expungedUids, expungedSeqs, exists, arrivedAfter };
  }

  /**
   * Some UIDs whose flags the client has not been told, ascending, and forgets them; none when there are no more. Those it
   * no longer knows are left out.
   */
  takeChanged(): Uint32Array {
    while (this.#changed.size > 0) {
      const some = [];
      for (const uid of this.#changed) {
        this.#changed.delete(uid);
        if (!this.#gone.has(uid) && this.seqOf(uid) > 0) some.push(uid);
        if (some.length === CHANGED_AT_ONCE) break;
      }
      if (some.length > 0) return ascending(some);
    }
    return NOTHING;
  }

  #extend(list: UidList): void {
    let from = list.count;
    while (from > 0 && (list.uid[from - 1] as number) > this.#highest) from--;
    if (from === list.count) return;
    const uid = new Uint32Array(this.#count + list.count - from);
    uid.set(this.uids);
    uid.set(list.uid.subarray(from, list.count), this.#count);
    this.#uid = uid;
    this.#count = uid.length;
  }
}

/** A million may be gone at once, mostly in order: then nothing is left to sort. */
function ascending(uids: ReadonlySet<number> | readonly number[]): Uint32Array {
  const sorted = new Uint32Array('size' in uids ? uids.size : uids.length);
  let count = 0;
  let isAscending = true;
  for (const uid of uids) {
    isAscending &&= count === 0 || (sorted[count - 1] as number) < uid;
    sorted[count++] = uid;
  }
  // As numbers, by the machine: a comparing function takes too long for a hundred thousand.
  return isAscending ? sorted : sorted.sort();
}
