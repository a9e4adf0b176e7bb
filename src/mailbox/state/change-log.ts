/**
 * Change records: what happened in a mailbox, in modseq order, for the sessions that have it open. A session that has
 * read up to modseq m reads the records after m; what all of them have read is let go of, and without a session nothing
 * is kept. The log is bounded; a session that fell behind it compares its view with the list instead, so a record lost
 * is latency, never truth.
 */
import type { ModSeq } from '../model/model.ts';

export type Change =
  | { readonly kind: 'added'; readonly modseq: ModSeq; readonly uids: readonly number[] }
  | { readonly kind: 'flags'; readonly modseq: ModSeq; readonly uids: readonly number[] }
  | { readonly kind: 'expunged'; readonly modseq: ModSeq; readonly uids: readonly number[] };

export interface ChangeLog {
  /** Records after `modseq` in order, or undefined when some of them are no longer here. */
  after(modseq: ModSeq): readonly Change[] | undefined;
}

/** More than this many UIDs in the log, and the oldest records go. */
const MAX_UIDS = 20_000;

/** So few records are not worth a look at who has read them. */
const MIN_RECORDS = 64;

export class WritableChangeLog implements ChangeLog {
  #records: Change[] = [];
  #uids = 0;
  /** Every change after this modseq is in the log. */
  #floor: ModSeq;
  /** So many records, and it is time to ask what everybody has read: twice what was left the last time. */
  #dueAt = MIN_RECORDS;

  constructor(floor: ModSeq) {
    this.#floor = floor;
  }

  get size(): number {
    return this.#records.length;
  }

  /** Enough has come together since the last `trim`. */
  get isDue(): boolean {
    return this.#records.length >= this.#dueAt;
  }

  /** The returned function takes the record out again; nothing was pushed after it, then. */
  push(change: Change): () => void {
    this.#records.push(change);
    this.#uids += change.uids.length;
    if (this.#uids > MAX_UIDS) this.#drop(this.#countOver(MAX_UIDS >> 1));
    return () => {
      if (this.#records.at(-1) !== change) return;
      this.#records.pop();
      this.#uids -= change.uids.length;
    };
  }

  /** Nobody reads this change: those who come later begin after it. */
  skip(modseq: ModSeq): void {
    this.#drop(this.#records.length);
    this.#floor = modseq;
  }

  /** Lets go of the records up to this modseq. */
  trim(upTo: ModSeq): void {
    let count = 0;
    while (count < this.#records.length && (this.#records[count] as Change).modseq <= upTo) count++;
    this.#drop(count);
    this.#dueAt = Math.max(MIN_RECORDS, this.#records.length * 2);
  }

  after(modseq: ModSeq): readonly Change[] | undefined {
    if (modseq < this.#floor) return undefined;
    let from = this.#records.length;
    while (from > 0 && (this.#records[from - 1] as Change).modseq > modseq) from--;
    return from === this.#records.length ? [] : this.#records.slice(from);
  }

  /** How many of the oldest must go for at most this many UIDs; the newest stays. */
  #countOver(keep: number): number {
    let count = 0;
    for (let uids = this.#uids; uids > keep && count < this.#records.length - 1; count++) {
      uids -= (this.#records[count] as Change).uids.length;
    }
    return count;
  }

  #drop(count: number): void {
    if (count === 0) return;
    for (const { uids, modseq } of this.#records.splice(0, count)) {
      this.#uids -= uids.length;
      this.#floor = modseq;
    }
  }
}
