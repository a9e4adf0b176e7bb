/**
 * What became of recipients, on its way into the store: all of one turn of the event loop in one call. What was delivered has to be
 * written, or it is sent again; so what the store refuses is tried until it takes it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { RecipientChange } from '../mailbox/model/outgoing.ts';
import type { OutgoingStore } from '../mailbox/port/outgoing.ts';

interface Waiting {
  readonly changes: readonly RecipientChange[];
  readonly done: PromiseWithResolvers<void>;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

export class Settler {
  readonly #store: Pick<OutgoingStore, 'settle'>;
  readonly #log: Log;
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(store: Pick<OutgoingStore, 'settle'>, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Resolves when all of it is durable, or when the server stops: then it is found again at the next start. */
  settle(changes: readonly RecipientChange[]): Promise<void> {
    if (changes.length === 0) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ changes, done });
    if (this.#waiting.length === 1) setImmediate(() => void this.#flush());
    return done.promise;
  }

  /** Nothing is tried again from here on. */
  close(): void {
    this.#isClosed = true;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    let left = waiting.flatMap(({ changes }) => changes);
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      left = await this.#try(left);
      if (left.length === 0 || this.#isClosed) break;
      await pause(retryMs, undefined, { ref: false });
    }
    for (const { done } of waiting) done.resolve();
  }

  /** Those that were refused. */
  async #try(changes: readonly RecipientChange[]): Promise<RecipientChange[]> {
    try {
      const outcomes = await this.#store.settle(changes);
      const refused = changes.filter((_, i) => typeof outcomes[i] !== 'boolean');
      const err = outcomes.find((outcome) => typeof outcome !== 'boolean');
      if (err !== undefined)
        this.#log.error(
          { err, recipients: refused.length },
          'what became of mail cannot be written down yet',
        );
      return refused;
    } catch (err) {
      this.#log.error({ err, recipients: changes.length }, 'what became of mail cannot be written down yet');
      return [...changes];
    }
  }
}
