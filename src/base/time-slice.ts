/**
 * A time budget for pure work on many rows or octets: whoever loops over them asks now and then, and when the budget is
 * spent others get the event loop before the loop goes on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What one piece of work may take of a turn of the event loop. */
export const SLICE_MS = 4;

export class TimeSlice {
  #startMs = performance.now();

  /** To be awaited when it is a promise. */
  spent(): Promise<void> | undefined {
    return performance.now() - this.#startMs > SLICE_MS ? this.#next() : undefined;
  }

  async #next(): Promise<void> {
    await nextTurn();
    this.#startMs = performance.now();
  }
}
