/**
 * Whether a typed password is the one that is kept, with as little work as may be:
 *
 * - A password that was right in the last quarter of an hour is recognised by a keyed hash instead of Argon2, because
 *   webmails sign in for every request. The hash is bound to the stored string: a changed password is never recognised.
 * - A wrong password that was tried from the same network before is recognised too, by whoever asks `wasWrong`.
 * - The same attempt many times at once is judged once.
 *
 * The key of these memories is made at start and never leaves the process; nothing of a password is kept otherwise.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { LruMap } from '../base/lru.ts';
import type { Secret } from '../base/secret.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import type { Passwords } from './password.ts';
import { networkOf } from './throttle.ts';

const VERIFIED_FOR_MS = 15 * 60_000;
const MAX_VERIFIED = 10_000;
const WRONG_FOR_MS = 6 * 3_600_000;
const MAX_WRONG = 50_000;

/** What is compared with what, as a value that says nothing. */
export type Comparison = string & { readonly __brand: 'Comparison' };

interface Verified {
  readonly comparison: Comparison;
  readonly untilMs: number;
}

export class PasswordJudge {
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #verified = new LruMap<AccountId, Verified>(MAX_VERIFIED);
  readonly #wrong = new LruMap<string, number>(MAX_WRONG);
  readonly #running = new Map<Comparison, Promise<boolean>>();

  constructor(passwords: Passwords, clock: Clock) {
    this.#passwords = passwords;
    this.#clock = clock;
  }

  compare(name: string, stored: string, password: Secret): Comparison {
    const hmac = createHmac('sha256', this.#key);
    hmac.update(`${name.length} ${name} ${stored} `).update(password.reveal());
    return hmac.digest('base64') as Comparison;
  }

  isVerified(id: AccountId, comparison: Comparison): boolean {
    const verified = this.#verified.get(id);
    return (
      verified !== undefined && verified.untilMs > this.#clock.nowMs() && verified.comparison === comparison
    );
  }

  verified(id: AccountId, comparison: Comparison): void {
    this.#verified.set(id, { comparison, untilMs: this.#clock.nowMs() + VERIFIED_FOR_MS });
  }

  forget(id: AccountId): void {
    this.#verified.delete(id);
  }

  wasWrong(remote: string, comparison: Comparison): boolean {
    return (this.#wrong.get(`${networkOf(remote)} ${comparison}`) ?? 0) > this.#clock.nowMs();
  }

  wrong(remote: string, comparison: Comparison): void {
    this.#wrong.set(`${networkOf(remote)} ${comparison}`, this.#clock.nowMs() + WRONG_FOR_MS);
  }

  isRunning(comparison: Comparison): boolean {
    return this.#running.has(comparison);
  }

  /** Throws `GateFull` when too many are waiting. */
  judge(comparison: Comparison, password: Secret, stored: string): Promise<boolean> {
    let running = this.#running.get(comparison);
    if (running === undefined) {
      running = this.#passwords.verify(password, stored).finally(() => this.#running.delete(comparison));
      this.#running.set(comparison, running);
    }
    return running;
  }
}
