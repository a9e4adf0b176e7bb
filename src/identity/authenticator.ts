/**
 * Signing in: a name and a password become an account, or a refusal that does not say which of the two was wrong.
 *
 * - The throttle is asked before anything else. A network that it refuses learns nothing: the right password, a wrong one
 *   and one that was right a moment ago get the same words after the same time.
 * - An unknown name costs the same work as a wrong password.
 * - A password that was right in the last quarter of an hour is recognised by a keyed hash instead of Argon2, because
 *   webmails sign in for every request. The hash is bound to the stored string: a changed password is never recognised.
 * - A wrong password that was tried from the same network before is recognised too and not counted again: a phone with
 *   last year's password is no attack, and does not lock out the office it is in. (Its answer is as late as any.)
 * - The same attempt many times at once is judged once.
 * - An app password is found by its digest: it costs no Argon2, and tells its owner when it is used for something else.
 *
 * The keys of both memories are made at start and never leave the process; nothing of a password is kept otherwise. The
 * delay of a refused answer happens here, over all connections; `presence.ts` counts what one connection tries.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { GateFull } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import { LruMap } from '../base/lru.ts';
import { Secret } from '../base/secret.ts';
import { type CredentialUse, passwordIn, type StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import type { Directory } from '../mailbox/port/store.ts';
import { preparePassword } from '../sasl/prepare.ts';
import type { Activity } from './activity.ts';
import { canonicalAddress } from './address.ts';
import { appPasswordSecret, findAppPassword, whyNotHere } from './app-password.ts';
import { comparesAsTyped, isPasswordHash, type Passwords } from './password.ts';
import { type Attempt, networkOf, Throttle, type ThrottleNews } from './throttle.ts';

const VERIFIED_FOR_MS = 15 * 60_000;
const MAX_VERIFIED = 10_000;
const WRONG_FOR_MS = 6 * 3_600_000;
const MAX_WRONG = 50_000;
const DAY_MS = 24 * 3_600_000;

export interface LoginAttempt {
  readonly username: string;
  readonly password: Secret;
  readonly remoteAddress: string;
  /** For the log: `imap`, `pop3`. */
  readonly service: string;
  /** For the log: the connection, and how it signs in. */
  readonly session?: string;
  readonly mechanism?: string;
}

export interface AuthenticatorOptions {
  readonly directory: Pick<Directory, 'find' | 'get' | 'update'>;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly log: Log;
  readonly activity: Activity;
  readonly defaultDomain: string;
  readonly failDelayMs: number;
  /** Tests own time. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** Who was let in, and by what. */
export interface Admission {
  readonly record: AccountRecord;
  readonly credential: StoredCredential;
}

/** An attempt that the throttle has let in and charged. */
interface Admitted {
  readonly attempt: LoginAttempt;
  /** The canonical address, or `NO_ADDRESS`. */
  readonly name: string;
  readonly record: AccountRecord | undefined;
  readonly charge: Attempt;
}

/** All names that cannot be an account's are one to the throttle. */
const NO_ADDRESS = '?';

interface Verified {
  readonly tag: string;
  readonly untilMs: number;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #key = randomBytes(32);
  readonly #decoy: string;
  readonly #throttle: Throttle;
  readonly #verified = new LruMap<AccountId, Verified>(MAX_VERIFIED);
  readonly #wrong = new LruMap<string, number>(MAX_WRONG);
  readonly #running = new Map<string, Promise<boolean>>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#decoy = options.passwords.decoy();
    this.#throttle = new Throttle(options.clock, options.failDelayMs);
  }

  /** What other doors have to hear, and what they have to say. */
  set onNews(tell: (news: ThrottleNews) => void) {
    this.#throttle.onNews = tell;
  }

  hear(news: ThrottleNews): void {
    this.#throttle.hear(news);
  }

  /** Throws MailboxError `bad-credentials`, `forbidden`, `throttled` or `unavailable`, each after the delay that it costs. */
  async authenticate(attempt: LoginAttempt): Promise<Admission> {
    const { directory, defaultDomain } = this.#options;
    const address = canonicalAddress(attempt.username, defaultDomain);
    const name = address ?? NO_ADDRESS;
    if (this.#throttle.isShut(name, attempt.remoteAddress)) return this.#turnAway(attempt, name);
    const record = address === undefined ? undefined : await directory.find(address).catch(asUnavailable);
    // Others may have used up what was left while the name was looked for.
    const charge = this.#throttle.begin(name, attempt.remoteAddress);
    if (charge === undefined) return this.#turnAway(attempt, name);
    return this.#check({ attempt, name, record, charge });
  }

  /** After a password was set or an account removed. */
  forget(id: AccountId): void {
    this.#verified.delete(id);
  }

  async #check(admitted: Admitted): Promise<Admission> {
    const { attempt, name, record, charge } = admitted;
    const { clock, directory, passwords } = this.#options;
    const app = appPasswordSecret(attempt.password);
    const found = app === undefined ? undefined : findAppPassword(record?.credentials ?? [], app);
    if (record !== undefined && found !== undefined)
      return this.#admitApp(admitted, { record, credential: found });
    const kept = record === undefined ? undefined : passwordIn(record.credentials);
    const hasPassword = kept !== undefined && isPasswordHash(kept.secret);
    const stored = hasPassword ? kept.secret : this.#decoy;
    const password = new Secret(preparePassword(attempt.password.reveal()));
    const compared = comparesAsTyped(stored) ? attempt.password : password;
    const tag = this.#tag(name === NO_ADDRESS ? attempt.username : name, stored, compared);
    if (record !== undefined && kept !== undefined && this.#isVerified(record.id, tag)) {
      charge.recognised();
      return { record, credential: kept };
    }
    const wrongKey = `${networkOf(attempt.remoteAddress)} ${tag}`;
    if ((this.#wrong.get(wrongKey) ?? 0) > clock.nowMs()) {
      charge.cancelled();
      return this.#refuse(admitted, this.#throttle.replyDelayMs(name, attempt.remoteAddress), true);
    }
    const isRight = await this.#judge(admitted, tag, compared, stored);
    if (!isRight || !hasPassword || record === undefined) {
      this.#wrong.set(wrongKey, clock.nowMs() + WRONG_FOR_MS);
      charge.failed();
      return this.#refuse(admitted, charge.replyDelayMs, false);
    }
    // What it was compared with may have been replaced meanwhile: sessions of before were sent away, and this is one.
    const current = await directory.get(record.id).catch(asUnavailable);
    if (passwordIn(current?.credentials ?? [])?.secret !== stored)
      return this.#check({ ...admitted, record: current });
    charge.succeeded();
    this.#verified.set(record.id, { tag, untilMs: clock.nowMs() + VERIFIED_FOR_MS });
    if (passwords.needsRehash(stored) && password.reveal() !== '') void this.#rehash(record, kept, password);
    return { record, credential: kept };
  }

  /** The right one, which may be for something else: that costs time as a wrong one does, and is no guess. */
  async #admitApp({ attempt, name, charge }: Admitted, admission: Admission): Promise<Admission> {
    const { remoteAddress: remote, service } = attempt;
    const why = whyNotHere(admission.credential, { remote, service, nowMs: this.#options.clock.nowMs() });
    if (why === undefined) {
      charge.succeeded();
      this.#noteUse(admission, { remote, service });
      return admission;
    }
    charge.cancelled();
    this.#options.activity.attempt(name, 'app password refused', { ...factsOf(attempt), why }, true);
    await this.#sleep(this.#throttle.replyDelayMs(name, remote));
    throw new MailboxError('forbidden', why);
  }

  /** At most once a day, for it is written down. A failure costs nothing: the next sign-in tries again. */
  #noteUse({ record, credential }: Admission, { remote, service }: Omit<CredentialUse, 'atMs'>): void {
    const { clock, directory, log } = this.#options;
    const atMs = clock.nowMs();
    if (credential.lastUse !== undefined && atMs - credential.lastUse.atMs < DAY_MS) return;
    const used = { ...credential, lastUse: { atMs, remote, service } };
    directory.update(record.id, { credentials: { put: [used] } }).catch((err: unknown) => {
      log.warn({ err, account: record.address }, 'the use of an app password could not be noted');
    });
  }

  #tag(address: string, stored: string, password: Secret): string {
    const hmac = createHmac('sha256', this.#key);
    hmac.update(`${address.length} ${address} ${stored} `).update(password.reveal());
    return hmac.digest('base64');
  }

  #isVerified(id: AccountId, tag: string): boolean {
    const verified = this.#verified.get(id);
    return verified !== undefined && verified.untilMs > this.#options.clock.nowMs() && verified.tag === tag;
  }

  async #judge(
    { attempt, name, charge }: Admitted,
    tag: string,
    password: Secret,
    stored: string,
  ): Promise<boolean> {
    if (charge.waitMs > 0) await this.#sleep(charge.waitMs);
    let running = this.#running.get(tag);
    if (running === undefined) {
      running = this.#options.passwords.verify(password, stored).finally(() => this.#running.delete(tag));
      this.#running.set(tag, running);
    } else charge.cancelled();
    try {
      return await running;
    } catch (error) {
      charge.cancelled();
      if (!(error instanceof GateFull)) throw error;
      await this.#sleep(this.#throttle.replyDelayMs(name, attempt.remoteAddress));
      throw new MailboxError('throttled', 'too many are signing in at this moment; try again in a minute');
    }
  }

  async #refuse({ attempt, name, record }: Admitted, delayMs: number, isAgain: boolean): Promise<never> {
    const facts = { ...factsOf(attempt), sameAsBefore: isAgain };
    this.#options.activity.attempt(name, 'wrong name or password', facts, record !== undefined);
    await this.#sleep(delayMs);
    throw new MailboxError('bad-credentials', 'wrong name or password');
  }

  async #turnAway(attempt: LoginAttempt, name: string): Promise<never> {
    // Whether there is such an account was not looked at.
    this.#options.activity.attempt(
      name,
      'sign-in refused after too many wrong passwords',
      factsOf(attempt),
      false,
    );
    await this.#sleep(this.#throttle.replyDelayMs(name, attempt.remoteAddress));
    throw new MailboxError('throttled', 'too many wrong passwords from your network; try again in a minute');
  }

  /** Not of one that is gone in the meantime. A failure costs nothing: the next sign-in tries again. */
  async #rehash(record: AccountRecord, kept: StoredCredential, password: Secret): Promise<void> {
    const { directory, passwords, log } = this.#options;
    try {
      const renewed = { ...kept, secret: await passwords.hash(password) };
      await directory.update(record.id, { credentials: { put: [renewed] } });
    } catch (err) {
      log.warn({ err, account: record.address }, 'the stored password could not be renewed');
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await (this.#options.sleep ?? sleepFor)(ms);
  }
}

function factsOf({ remoteAddress: remote, service, session, mechanism }: LoginAttempt) {
  return {
    remote,
    service,
    ...(session === undefined ? {} : { session }),
    ...(mechanism === undefined ? {} : { mechanism }),
  };
}

function asUnavailable(cause: unknown): never {
  throw new MailboxError('unavailable', 'the accounts cannot be read; try again later', { cause });
}
