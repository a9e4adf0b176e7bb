/**
 * Signing in: credentials become an account, or a refusal that does not say what was wrong with them.
 *
 * - The throttle is asked before anything else. A network that it refuses learns nothing: the right password, a wrong one
 *   and one that was right a moment ago get the same words after the same time.
 * - An unknown name costs the same work as a wrong password.
 * - A wrong password that was tried from the same network before is not counted again: a phone with last year's password is
 *   no attack, and does not lock out the office it is in. (Its answer is as late as any.)
 * - An app password is found by its digest: it costs no Argon2, and tells its owner when it is used for something else.
 * - A password that was proven and not sent (SCRAM) is checked already when it comes here; the keys for that are given out to
 *   everybody, whether there is such an account or not, and however often somebody has failed.
 * - That an account is closed is said to whoever has proven to be its person, and to nobody else.
 * - A token of an issuer, or a certificate, is judged by whoever knows them; what is no guess locks nobody out.
 * - Where main passwords are not to be used, they are wrong ones, and every refusal says what to use instead: nobody can find
 *   out here what is good elsewhere.
 * - Where the account has a second step, its password is not good in mail programs, which know none. That is said to whoever has
 *   the password, and to nobody else.
 *
 * The delay of a refused answer happens here, over all connections; `presence.ts` counts what one connection tries.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { GateFull } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { hasSecondStep, passwordIn, type StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import type { Directory } from '../mailbox/port/store.ts';
import type {
  CertificateCredentials,
  PasswordCredentials,
  ProofCredentials,
  TokenCredentials,
  TokenTerms,
} from '../sasl/mechanism.ts';
import { preparePassword } from '../sasl/prepare.ts';
import type { AccountKeys, ScramHash } from '../sasl/scram-keys.ts';
import { AccountClosed } from './account-closed.ts';
import type { Activity } from './activity.ts';
import { canonicalAddress } from './address.ts';
import { appPasswordSecret, findAppPassword, whyNotHere } from './app-password.ts';
import { type Admission, factsOf, type LoginAttempt } from './attempt.ts';
import { CredentialUpkeep, type UsedCredential } from './credential-upkeep.ts';
import { comparesAsTyped, isPasswordHash, type Passwords } from './password.ts';
import { type Comparison, PasswordJudge } from './password-judge.ts';
import { hasStoredKey, type ProofKeyMaker } from './proof-keys.ts';
import { type Attempt, Throttle, type ThrottleNews } from './throttle.ts';
import { Throttled } from './throttled.ts';
import type { TokenIssuer } from './token-issuer.ts';

export type { Admission, LoginAttempt } from './attempt.ts';

/** Where an account's own password is good: see `auth.main_password`. */
export type MainPasswordRule = 'everywhere' | 'web';

/** When proofs are offered: see `auth.scram`. */
export type ScramRule = 'auto' | 'on' | 'off';

export interface AuthenticatorOptions {
  readonly directory: Pick<Directory, 'find' | 'get' | 'update' | 'withoutProofKeys'>;
  readonly passwords: Passwords;
  readonly proofKeys: ProofKeyMaker;
  /** Whose tokens are taken. */
  readonly issuer?: TokenIssuer | undefined;
  readonly rules: { readonly mainPassword: MainPasswordRule; readonly scram: ScramRule };
  readonly clock: Clock;
  readonly log: Log;
  readonly activity: Activity;
  readonly defaultDomain: string;
  readonly failDelayMs: number;
  /** Tests own time. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** An attempt that the throttle has let in and charged. */
interface Admitted {
  readonly attempt: LoginAttempt;
  /** The canonical address, or `NO_ADDRESS`. */
  readonly name: string;
  readonly record: AccountRecord | undefined;
  readonly charge: Attempt;
}

const WRONG = 'wrong name or password';
const WRONG_APP_PASSWORD =
  'wrong name or app password; the password of the account is not good in mail programs, make an app password for each';

const SECOND_STEP =
  'this account has a second step of signing in, which mail programs do not know; make an app password for this one in the webmail';

/** The service where the main password is always good. */
const WEB = 'web';

/** All names that cannot be an account's are one to the throttle. */
const NO_ADDRESS = '?';

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #decoy: string;
  readonly throttle: Throttle;
  readonly #judge: PasswordJudge;
  readonly #upkeep: CredentialUpkeep;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#decoy = options.passwords.decoy();
    this.throttle = new Throttle(options.clock, options.failDelayMs);
    this.#judge = new PasswordJudge(options.passwords, options.clock);
    this.#upkeep = new CredentialUpkeep(options);
  }

  /** What other doors have to hear, and what they have to say. */
  set onNews(tell: (news: ThrottleNews) => void) {
    this.throttle.onNews = tell;
  }

  hear(news: ThrottleNews): void {
    this.throttle.hear(news);
  }

  /** Whether proofs are to be offered: a client that tries one and fails does not try a password next. */
  get hasScram(): boolean {
    const { directory, rules } = this.#options;
    if (rules.scram !== 'auto') return rules.scram === 'on';
    if (directory.withoutProofKeys('app-password') > 0) return false;
    return rules.mainPassword === 'web' || directory.withoutProofKeys('password') === 0;
  }

  get tokenTerms(): TokenTerms | undefined {
    return this.#options.issuer?.terms;
  }

  /** What a proof is checked with. Says nothing of whether there is such an account. */
  async keysOf(username: string, hash: ScramHash): Promise<AccountKeys> {
    const { directory, defaultDomain, proofKeys } = this.#options;
    const address = canonicalAddress(username, defaultDomain);
    const record = address === undefined ? undefined : await directory.find(address).catch(asUnavailable);
    return proofKeys.accountKeys(
      { address: address ?? username.toLowerCase(), others: record?.credentials ?? [] },
      hash,
    );
  }

  /** Throws MailboxError `bad-credentials`, `forbidden`, `throttled` or `unavailable`, each after the delay that it costs. */
  async authenticate(attempt: LoginAttempt): Promise<Admission> {
    const admission = await this.#prove(attempt);
    if (!isClosed(admission.record)) return admission;
    const { address } = admission.record;
    this.#options.activity.attempt(address, 'sign-in refused: the account is closed', factsOf(attempt), true);
    throw new AccountClosed();
  }

  async #prove(attempt: LoginAttempt): Promise<Admission> {
    const { directory, defaultDomain } = this.#options;
    const address = canonicalAddress(attempt.credentials.username, defaultDomain);
    const name = address ?? NO_ADDRESS;
    if (this.throttle.isShut(name, attempt.remoteAddress)) return this.#turnAway(attempt, name);
    const record = address === undefined ? undefined : await directory.find(address).catch(asUnavailable);
    // Others may have used up what was left while the name was looked for.
    const charge = this.throttle.begin(name, attempt.remoteAddress);
    if (charge === undefined) return this.#turnAway(attempt, name);
    const admitted = { attempt, name, record, charge };
    const { credentials } = attempt;
    switch (credentials.kind) {
      case 'password':
        return this.#checkPassword(admitted, credentials);
      case 'proof':
        return this.#checkProof(admitted, credentials);
      case 'token':
        return this.#checkToken(admitted, credentials);
      case 'certificate':
        return this.#checkCertificate(admitted, credentials);
    }
  }

  /** After a password was set or an account removed. */
  forget(id: AccountId): void {
    this.#judge.forget(id);
  }

  async #checkPassword(admitted: Admitted, typed: PasswordCredentials): Promise<Admission> {
    const { attempt, name, record, charge } = admitted;
    const { directory, passwords } = this.#options;
    const app = appPasswordSecret(typed.password);
    const found = app === undefined ? undefined : findAppPassword(record?.credentials ?? [], app);
    if (record !== undefined && found !== undefined) {
      const admission = await this.#admitApp(admitted, { record, credential: found });
      void this.#upkeep.renew(admission, typed.password);
      return admission;
    }
    const kept = record === undefined ? undefined : this.#mainPasswordOf(record, attempt);
    const hasPassword = kept !== undefined && isPasswordHash(kept.secret);
    const stored = hasPassword ? kept.secret : this.#decoy;
    const password = new Secret(preparePassword(typed.password.reveal()));
    const compared = comparesAsTyped(stored) ? typed.password : password;
    const tag = this.#judge.compare(name === NO_ADDRESS ? typed.username : name, stored, compared);
    if (record !== undefined && kept !== undefined && this.#judge.isVerified(record.id, tag)) {
      await this.#refuseAlone(admitted, record);
      charge.recognised();
      return { record, credential: kept };
    }
    if (this.#judge.wasWrong(attempt.remoteAddress, tag)) {
      charge.cancelled();
      return this.#refuse(admitted, this.throttle.replyDelayMs(name, attempt.remoteAddress), true);
    }
    const isRight = await this.#isRight(admitted, tag, compared, stored);
    if (!isRight || !hasPassword || record === undefined) {
      this.#judge.wrong(attempt.remoteAddress, tag);
      charge.failed();
      return this.#refuse(admitted, charge.replyDelayMs, false);
    }
    // What it was compared with may have been replaced meanwhile: sessions of before were sent away, and this is one.
    const current = await directory.get(record.id).catch(asUnavailable);
    if (passwordIn(current?.credentials ?? [])?.secret !== stored)
      return this.#checkPassword({ ...admitted, record: current }, typed);
    this.#judge.verified(record.id, tag);
    await this.#refuseAlone(admitted, current ?? record);
    charge.succeeded();
    if (password.reveal() !== '')
      void this.#upkeep.renew({ record, credential: kept }, password, passwords.needsRehash(stored));
    return { record, credential: kept };
  }

  /** It was checked with keys that were given out a moment ago, and may be another's by now. */
  async #checkProof(admitted: Admitted, { proven }: ProofCredentials): Promise<Admission> {
    const { attempt, record, charge } = admitted;
    if (charge.waitMs > 0) await this.#sleep(charge.waitMs);
    const credential = record?.credentials.find(
      (one) => one.id === proven?.credential && hasStoredKey(one, proven.stored),
    );
    if (record === undefined || credential === undefined || !this.#isUsable(credential, attempt)) {
      charge.failed();
      return this.#refuse(admitted, charge.replyDelayMs, false);
    }
    if (credential.kind === 'app-password') return this.#admitApp(admitted, { record, credential });
    await this.#refuseAlone(admitted, record);
    charge.succeeded();
    return { record, credential };
  }

  /** The name that the client gave, if any, must be that of the account which the token is for. */
  async #checkToken(admitted: Admitted, { username, token }: TokenCredentials): Promise<Admission> {
    const { attempt, name, charge } = admitted;
    const { issuer, directory, defaultDomain, log } = this.#options;
    if (charge.waitMs > 0) await this.#sleep(charge.waitMs);
    const verdict =
      (await issuer?.judge(token)) ?? ({ kind: 'bad', why: 'no tokens are taken', isGuess: true } as const);
    if (verdict.kind === 'unknown') {
      charge.cancelled();
      log.warn({ err: verdict.cause }, 'the keys of the issuer of tokens cannot be had');
      throw new MailboxError('unavailable', 'the issuer of the token cannot be asked; try again later');
    }
    if (verdict.kind === 'bad') {
      if (verdict.isGuess) charge.failed();
      else charge.cancelled();
      return this.#refuseWith(admitted, 'token refused', verdict.why);
    }
    const owner = canonicalAddress(verdict.name, defaultDomain);
    const record = owner === undefined ? undefined : await directory.find(owner).catch(asUnavailable);
    charge.cancelled();
    if (record === undefined || (username !== '' && name !== owner))
      return this.#refuseWith(
        admitted,
        'token refused',
        `the token is for ${username === '' ? 'nobody here' : 'somebody else'}`,
      );
    this.throttle.remember(record.address, attempt.remoteAddress);
    return { record, credential: undefined };
  }

  /** The first address in it that is an account's, or the one that the client names, if it is among them. */
  async #checkCertificate(
    admitted: Admitted,
    { username, certified }: CertificateCredentials,
  ): Promise<Admission> {
    const { name, attempt, charge } = admitted;
    const { directory, defaultDomain } = this.#options;
    charge.cancelled();
    for (const one of certified) {
      const address = canonicalAddress(one, defaultDomain);
      if (address === undefined || (username !== '' && address !== name)) continue;
      const record = await directory.find(address).catch(asUnavailable);
      if (record === undefined) continue;
      this.throttle.remember(record.address, attempt.remoteAddress);
      return { record, credential: undefined };
    }
    return this.#refuseWith(
      admitted,
      'certificate refused',
      'the certificate is for nobody here, or for somebody else',
    );
  }

  async #refuseWith(
    { attempt, name, record, charge }: Admitted,
    what: 'token refused' | 'certificate refused',
    why: string,
  ): Promise<never> {
    const facts = { ...factsOf(attempt), why };
    this.#options.activity.attempt(name, what, facts, record !== undefined);
    await this.#sleep(charge.replyDelayMs);
    throw new MailboxError('bad-credentials', why);
  }

  #mainPasswordOf({ credentials }: AccountRecord, attempt: LoginAttempt): StoredCredential | undefined {
    return passwordIn(credentials.filter((one) => this.#isUsable(one, attempt)));
  }

  #isUsable({ kind }: StoredCredential, { service }: LoginAttempt): boolean {
    if (kind === 'app-password') return true;
    return kind === 'password' && (service === WEB || this.#options.rules.mainPassword === 'everywhere');
  }

  /** The right password, in a program that cannot ask for a second step: no guess. */
  async #refuseAlone({ attempt, name, charge }: Admitted, { credentials }: AccountRecord): Promise<void> {
    if (attempt.service === WEB || !hasSecondStep(credentials)) return;
    charge.cancelled();
    this.#options.activity.attempt(
      name,
      'sign-in refused: the account has a second step',
      factsOf(attempt),
      true,
    );
    await this.#sleep(this.throttle.replyDelayMs(name, attempt.remoteAddress));
    throw new MailboxError('forbidden', SECOND_STEP);
  }

  /** The right one, which may be for something else: that costs time as a wrong one does, and is no guess. */
  async #admitApp({ attempt, name, charge }: Admitted, admission: UsedCredential): Promise<UsedCredential> {
    const { remoteAddress: remote, service } = attempt;
    const why = whyNotHere(admission.credential, { remote, service, nowMs: this.#options.clock.nowMs() });
    if (why === undefined) {
      charge.succeeded();
      this.#upkeep.noteUse(admission, { remote, service });
      return admission;
    }
    charge.cancelled();
    this.#options.activity.attempt(name, 'app password refused', { ...factsOf(attempt), why }, true);
    await this.#sleep(this.throttle.replyDelayMs(name, remote));
    throw new MailboxError('forbidden', why);
  }

  async #isRight(
    { attempt, name, charge }: Admitted,
    tag: Comparison,
    password: Secret,
    stored: string,
  ): Promise<boolean> {
    if (charge.waitMs > 0) await this.#sleep(charge.waitMs);
    if (this.#judge.isRunning(tag)) charge.cancelled();
    try {
      return await this.#judge.judge(tag, password, stored);
    } catch (error) {
      charge.cancelled();
      if (!(error instanceof GateFull)) throw error;
      await this.#sleep(this.throttle.replyDelayMs(name, attempt.remoteAddress));
      throw new MailboxError('throttled', 'too many are signing in at this moment; try again in a minute');
    }
  }

  async #refuse({ attempt, name, record }: Admitted, delayMs: number, isAgain: boolean): Promise<never> {
    const facts = { ...factsOf(attempt), sameAsBefore: isAgain };
    this.#options.activity.attempt(name, 'wrong name or password', facts, record !== undefined);
    await this.#sleep(delayMs);
    const isMainGood = attempt.service === WEB || this.#options.rules.mainPassword === 'everywhere';
    throw new MailboxError('bad-credentials', isMainGood ? WRONG : WRONG_APP_PASSWORD);
  }

  async #turnAway(attempt: LoginAttempt, name: string): Promise<never> {
    // Whether there is such an account was not looked at.
    this.#options.activity.attempt(
      name,
      'sign-in refused after too many wrong passwords',
      factsOf(attempt),
      false,
    );
    await this.#sleep(this.throttle.replyDelayMs(name, attempt.remoteAddress));
    const waitMs = this.throttle.shutForMs(name, attempt.remoteAddress);
    throw new Throttled('too many wrong passwords from your network; try again in a minute', waitMs);
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await (this.#options.sleep ?? sleepFor)(ms);
  }
}

function asUnavailable(cause: unknown): never {
  throw new MailboxError('unavailable', 'the accounts cannot be read; try again later', { cause });
}
