/**
 * Where whoever sends mail hears that there is some. A hint: what is to leave is in the store, and is found there after a crash.
 */
import type { OutgoingId } from '../model/outgoing.ts';

export class Outbox {
  #hear: (ids: readonly OutgoingId[]) => void = () => {};

  /** There is one who listens. */
  listen(hear: (ids: readonly OutgoingId[]) => void): void {
    this.#hear = hear;
  }

  /** These came, or are to be looked at anew; they are durable. */
  tell(ids: readonly OutgoingId[]): void {
    if (ids.length > 0) this.#hear(ids);
  }
}
