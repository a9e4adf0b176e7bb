/**
 * One session a maildrop (RFC 1939 §4), and not too often (RFC 2449 §6.5 LOGIN-DELAY). The lock is a fact of this
 * process: nothing of it survives a crash, and a session gives it back in a `finally`.
 *
 * A client that reconnects at once, or lost its connection a moment ago, must not be refused because of its own past:
 * who finds the maildrop taken waits a little before hearing IN-USE.
 */
import type { Clock } from '../base/clock.ts';
import { LruMap } from '../base/lru.ts';
import type { AccountId } from '../mailbox/model/model.ts';

/** Sign-ins remembered for LOGIN-DELAY. */
const MAX_REMEMBERED = 20_000;

export class MaildropLocks {
  readonly #held = new Map<AccountId, PromiseWithResolvers<void>>();
  readonly #lastSignIn = new LruMap<AccountId, number>(MAX_REMEMBERED);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What gives it back, which may be called more than once; undefined when somebody else still has it after `waitMs`. */
  async acquire(account: AccountId, waitMs: number): Promise<(() => void) | undefined> {
    const holder = this.#held.get(account);
    if (holder !== undefined) await orTimeout(holder.promise, waitMs);
    if (this.#held.has(account)) return undefined;
    const mine = Promise.withResolvers<void>();
    this.#held.set(account, mine);
    return () => {
      if (this.#held.get(account) === mine) this.#held.delete(account);
      mine.resolve();
    };
  }

  /** False when the last sign-in was less than `delayMs` ago; else this one counts. */
  mayEnter(account: AccountId, delayMs: number): boolean {
    const last = this.#lastSignIn.get(account);
    if (delayMs === 0 || (last !== undefined && this.#clock.nowMs() - last < delayMs)) return delayMs === 0;
    this.#lastSignIn.set(account, this.#clock.nowMs());
    return true;
  }
}

async function orTimeout(promise: Promise<void>, waitMs: number): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, waitMs);
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
