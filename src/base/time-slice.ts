/**
 * A time budget for one piece of work among many: a session with all its commands in flight, a loop over many rows or
 * octets. Whoever works asks now and then, and when the budget is spent the others get the event loop first.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Called often by whoever works; what it returns is waited for. */
export type Pause = () => Promise<void> | undefined;

/** What one piece of work may take of a turn of the event loop. */
const SLICE_MS = 4;

export class TimeSlice {
  #startMs = performance.now();

  get isSpent(): boolean {
    return performance.now() - this.#startMs > SLICE_MS;
  }

  /** To be awaited when it is a promise: the budget is spent. */
  spent(): Promise<void> | undefined {
    return this.isSpent ? this.next() : undefined;
  }

  /** Lets the others run. */
  async next(): Promise<void> {
    await nextTurn();
    this.restart();
  }

  /** The others have just run. */
  restart(): void {
    this.#startMs = performance.now();
  }
}
