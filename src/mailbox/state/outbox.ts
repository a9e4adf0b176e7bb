/**
 * Where whoever sends mail hears that there is some. A hint: what is to leave is in the store, and is found there after a crash. And about
 * how many messages that are, which is counted now and then.
 */
import type { Clock } from '../../base/clock.ts';
import type { OutgoingId } from '../model/outgoing.ts';
import type { OutgoingStore } from '../port/outgoing.ts';

/** Counting takes as long as there is mail. */
const COUNT_MS = 60_000;
/** Where there may soon be too many. */
const SHORT_COUNT_MS = 5000;

export class Outbox {
  #hear: (ids: readonly OutgoingId[]) => void = () => {};
  #hearEnds: (ids: readonly OutgoingId[]) => void = () => {};
  #counted = 0;
  #countedMs = Number.NEGATIVE_INFINITY;
  /** Since then. */
  #told = 0;

  /** There is one who listens. */
  listen(hear: (ids: readonly OutgoingId[]) => void): void {
    this.#hear = hear;
  }

  /** And one who keeps what is said of them. */
  listenForEnds(hear: (ids: readonly OutgoingId[]) => void): void {
    this.#hearEnds = hear;
  }

  /** These were ended by somebody, not by an attempt. */
  noteEnded(ids: readonly OutgoingId[]): void {
    this.#hearEnds(ids);
  }

  /** These came, or are to be looked at anew; they are durable. */
  tell(ids: readonly OutgoingId[]): void {
    this.#told += ids.length;
    if (ids.length > 0) this.#hear(ids);
  }

  /** Whether so many messages wait, as far as was seen in the last minute, or seconds where it is near. */
  async hasReached(
    most: number,
    {
      store,
      clock,
    }: { readonly store: { readonly outgoing: Pick<OutgoingStore, 'measure'> }; readonly clock: Clock },
  ): Promise<boolean> {
    const nowMs = clock.nowMs();
    const isNear = this.#counted + this.#told > most / 2;
    const isOld = Math.abs(nowMs - this.#countedMs) > (isNear ? SHORT_COUNT_MS : COUNT_MS);
    if (isOld) {
      this.#countedMs = nowMs;
      this.#told = 0;
      this.#counted = (await store.outgoing.measure(nowMs)).messages;
    }
    return this.#counted + this.#told >= most;
  }
}
