/**
 * What became of recipients, on its way into the store: all of one turn of the event loop in one call. What was delivered has to be
 * written, or it is sent again; so what the store refuses is tried until it takes it, each message by itself, for it may be another's
 * fault. What it will never take (damage) is known here, so that the message is not sent over and over.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { OutgoingId, RecipientChange } from '../mailbox/model/outgoing.ts';
import type { OutgoingStore } from '../mailbox/port/outgoing.ts';
import { StoreError } from '../mailbox/port/store-error.ts';

interface Waiting {
  readonly changes: readonly RecipientChange[];
  readonly done: PromiseWithResolvers<void>;
  /** Why the store did not take them. */
  readonly refusal?: unknown;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

export class Settler {
  readonly #store: Pick<OutgoingStore, 'settle'>;
  readonly #log: Log;
  #waiting: Waiting[] = [];
  readonly #unwritten = new Map<OutgoingId, readonly RecipientChange[]>();
  #isClosed = false;

  constructor(store: Pick<OutgoingStore, 'settle'>, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * Resolves when all of it is durable, or will never be, or when the server stops: `isUnwritten` then, and it is found again at the
   * next start.
   */
  settle(changes: readonly RecipientChange[]): Promise<void> {
    if (changes.length === 0) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ changes, done });
    if (this.#waiting.length === 1) setImmediate(() => void this.#flush());
    return done.promise;
  }

  /** Something became of it that the store does not know of: its rows are not to be believed. */
  isUnwritten(id: OutgoingId): boolean {
    return this.#unwritten.has(id);
  }

  /**
   * Once more, because a person asks for it: then the rows of these messages are to be believed again. Throws MailboxError `unavailable` when one
   * of them is still not taken.
   */
  async writeDown(ids: readonly OutgoingId[]): Promise<void> {
    for (const id of ids) {
      const changes = this.#unwritten.get(id);
      if (changes === undefined) continue;
      const outcomes = await this.#store.settle(changes);
      const cause = outcomes.find((outcome) => typeof outcome !== 'boolean');
      if (cause !== undefined) {
        const text = 'what became of the message cannot be written down, so it would be sent once more';
        throw new MailboxError('unavailable', text, { cause });
      }
      this.#unwritten.delete(id);
    }
  }

  /** Nothing is tried again from here on. */
  close(): void {
    this.#isClosed = true;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    let left = await this.#try(waiting);
    for (let retryMs = FIRST_RETRY_MS; left.length > 0 && !this.#isClosed; ) {
      const err = left[0]?.refusal;
      this.#log.error({ err, messages: left.length }, 'what became of mail cannot be written down yet');
      await pause(retryMs, undefined, { ref: false });
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      const tried = await Promise.all(left.map((one) => this.#try([one])));
      left = tried.flat().filter((one) => {
        if (isForNow(one.refusal)) return true;
        this.#leave(one);
        return false;
      });
    }
    for (const one of left) this.#leave(one);
  }

  /** Those that were refused, with what was. */
  async #try(waiting: readonly Waiting[]): Promise<Waiting[]> {
    let outcomes: Awaited<ReturnType<OutgoingStore['settle']>>;
    try {
      outcomes = await this.#store.settle(waiting.flatMap(({ changes }) => changes));
    } catch (refusal) {
      return waiting.map((one) => ({ ...one, refusal }));
    }
    let at = 0;
    return waiting.flatMap(({ changes, done }) => {
      const these = outcomes.slice(at, at + changes.length);
      at += changes.length;
      const refusal = these.find((outcome) => typeof outcome !== 'boolean');
      if (refusal === undefined) {
        done.resolve();
        return [];
      }
      return [{ changes: changes.filter((_, i) => typeof these[i] !== 'boolean'), done, refusal }];
    });
  }

  #leave({ changes, done, refusal }: Waiting): void {
    const byMessage = Map.groupBy(changes, ({ outgoing }) => outgoing);
    for (const [id, its] of byMessage) this.#unwritten.set(id, [...(this.#unwritten.get(id) ?? []), ...its]);
    const outgoing = [...byMessage.keys()];
    this.#log.error({ err: refusal, outgoing }, 'what became of mail is not written down');
    done.resolve();
  }
}

/** Damage stays, and an account that is with another process does not come back by itself. */
function isForNow(refusal: unknown): boolean {
  const error = refusal instanceof MailboxError ? refusal.cause : refusal;
  if (!(error instanceof StoreError)) return true;
  return error.code !== 'damaged' && error.code !== 'unreadable' && error.code !== 'fenced';
}
