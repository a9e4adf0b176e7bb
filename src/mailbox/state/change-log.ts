/**
 * Change records: what happened in a mailbox, in modseq order, for the sessions that have it open. A session that has
 * seen modseq m reads the records after m. The log is bounded and lives in memory; a session that fell behind it
 * compares its view with the list instead (`MailboxState.mayCatchUp`), so a record lost is latency, never truth.
 */
import { asModSeq, type ModSeq } from '../model/model.ts';

export type Change =
  | { readonly kind: 'added'; readonly modseq: ModSeq; readonly uids: readonly number[] }
  | { readonly kind: 'flags'; readonly modseq: ModSeq; readonly uids: readonly number[] }
  | { readonly kind: 'expunged'; readonly modseq: ModSeq; readonly uids: readonly number[] };

const GONE: Change = Object.freeze({ kind: 'flags', modseq: asModSeq(0), uids: [] });

/** More than this many UIDs in the log, and the oldest records go. */
const MAX_UIDS = 20_000;

/** Records that have gone are cut off together: one by one would move all the others each time. */
const MAX_GONE = 1024;

export class ChangeLog {
  #records: Change[] = [];
  /** Records at the front that have gone. */
  #gone = 0;
  #uids = 0;
  #floor: number;

  constructor(floor: ModSeq) {
    this.#floor = floor;
  }

  /** Every change after this modseq is in the log. */
  get floor(): number {
    return this.#floor;
  }

  push(change: Change): void {
    this.#records.push(change);
    this.#uids += change.uids.length;
    while (this.#uids > MAX_UIDS && this.#records.length > this.#gone + 1) {
      const oldest = this.#records[this.#gone] as Change;
      this.#records[this.#gone++] = GONE;
      this.#uids -= oldest.uids.length;
      this.#floor = oldest.modseq;
    }
    if (this.#gone < MAX_GONE) return;
    this.#records.splice(0, this.#gone);
    this.#gone = 0;
  }

  /** The inverse of the last `push`; the floor stays where it is, which is safe. */
  pop(): void {
    if (this.#records.length === this.#gone) return;
    const last = this.#records.pop();
    if (last !== undefined) this.#uids -= last.uids.length;
  }

  /** Records after `modseq` in order, or undefined when some of them are no longer here. */
  after(modseq: ModSeq): readonly Change[] | undefined {
    if (modseq < this.#floor) return undefined;
    let from = this.#records.length;
    while (from > this.#gone && (this.#records[from - 1] as Change).modseq > modseq) from--;
    return from === this.#records.length ? [] : this.#records.slice(from);
  }
}
