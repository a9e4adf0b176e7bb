/**
 * The second step of signing in, beside the password: a code of a device, a passkey, or one of the codes that were written down. Set up, taken
 * away, and proven. Mail programs know no second step: while an account has one they need an app password each (`authenticator.ts`).
 *
 * - A code is good once, for its step of time and every step before; a code that was written down is gone when it is used. Of
 *   two who bring the same one in the same moment the store lets one through. What is spent is durable before anybody is let in.
 * - Six digits can be guessed by whoever has many addresses, so wrong ones are counted from everywhere together. That shuts out
 *   nobody who does not have the password, and the written codes, which cannot be guessed, stay good beside it.
 * - A change ends all sessions of browsers, in its own step of the directory. Of two changes from the same session the second finds it
 *   gone: neither makes the other's codes worthless unseen.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import { hasSecondStep, type NewCredential, type StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import type { Directory } from '../mailbox/port/store.ts';
import type { Activity } from './activity.ts';
import { factsOf, type LoginAttempt } from './attempt.ts';
import { countIn, keptOf, makeCodes, without } from './recovery-codes.ts';
import { codesOf, type Throttle, writtenCodesOf } from './throttle.ts';
import { Throttled } from './throttled.ts';
import { codeIn, keyUri, makeKey, stepOf } from './totp.ts';

export interface SecondStepsOptions {
  readonly directory: Pick<Directory, 'get' | 'update'>;
  /** Who is told that a record has changed. */
  readonly accounts: { refresh(record: AccountRecord): void };
  /** The one of the passwords, by other names. */
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly activity: Activity;
  /** Tests own time. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** Who changes it: signed in with this session of a browser. */
export interface Changer {
  readonly record: AccountRecord;
  readonly credential: StoredCredential;
}

export interface Changed {
  readonly record: AccountRecord;
  /** New ones, when there are any: shown once. */
  readonly codes: readonly Secret[];
}

/** What there is, and nothing of what it could be made from. */
export interface SecondStepSummary {
  readonly totpSinceMs?: number;
  readonly codesLeft: number;
  readonly passkeys: readonly PasskeySummary[];
}

export interface PasskeySummary extends Pick<StoredCredential, 'id' | 'createdMs' | 'lastUse'> {
  readonly name: string;
  /** Where it can be used. */
  readonly host: string;
}

/** How somebody took the second step. */
export type StepTaken = 'code' | 'recovery code' | 'passkey';
type Attempt = Omit<LoginAttempt, 'credentials'>;

const isRow = ({ kind }: StoredCredential): boolean => kind === 'recovery-codes' || hasSecondStep([{ kind }]);

export class SecondSteps {
  readonly #options: SecondStepsOptions;

  constructor(options: SecondStepsOptions) {
    this.#options = options;
  }

  summaryOf({ credentials }: Pick<AccountRecord, 'credentials'>): SecondStepSummary {
    const totp = rowOf(credentials, 'totp');
    const codes = rowOf(credentials, 'recovery-codes');
    return {
      ...(totp && { totpSinceMs: totp.createdMs }),
      codesLeft: codes === undefined ? 0 : countIn(codes.secret),
      passkeys: credentials.filter(({ kind }) => kind === 'passkey').map(shown),
    };
  }

  /** Whichever of the two was typed. Throws `bad-credentials` or `throttled`, each after the delay that it costs. */
  async prove({ id, address }: AccountRecord, typed: Secret, attempt: Attempt): Promise<StepTaken> {
    const { throttle, activity } = this.#options;
    const digits = codeIn(typed);
    const name = digits === undefined ? writtenCodesOf(address) : codesOf(address);
    const { remoteAddress } = attempt;
    const charge = throttle.begin(name, remoteAddress);
    if (charge === undefined) {
      activity.attempt(address, 'sign-in refused after too many wrong codes', factsOf(attempt), true);
      await this.#sleep(throttle.replyDelayMs(name, remoteAddress));
      throw new Throttled(
        'too many wrong codes; try again in a while, or use a recovery code',
        throttle.shutForMs(name, remoteAddress),
      );
    }
    if (charge.waitMs > 0) await this.#sleep(charge.waitMs);
    const isRight =
      digits === undefined ? await this.#useUp(id, typed) : await this.#spend(id, digits, attempt);
    if (isRight) {
      charge.succeeded();
      return digits === undefined ? 'recovery code' : 'code';
    }
    charge.failed();
    activity.attempt(address, 'sign-in refused: wrong code of the second step', factsOf(attempt), true);
    await this.#sleep(charge.replyDelayMs);
    throw new MailboxError('bad-credentials', 'the code is not good, or was used before');
  }

  /** For an app to take over, by its picture or typed. Nothing is kept of it before the app has shown that it has it. */
  beginTotp({ address }: Pick<AccountRecord, 'address'>, issuer: string): { key: Secret; uri: Secret } {
    const key = makeKey();
    return { key, uri: keyUri(key, address, issuer) };
  }

  /** Instead of the one before. Undefined when the code is not of this key. Throws `conflict` when something else was changed meanwhile. */
  async addTotp(who: Changer, key: Secret, typed: Secret): Promise<Changed | undefined> {
    const nowMs = this.#options.clock.nowMs();
    const code = codeIn(typed);
    const counter = code === undefined ? undefined : stepOf(key, code, nowMs);
    if (counter === undefined) return undefined;
    const row = { kind: 'totp' as const, secret: key.reveal(), createdMs: nowMs, counter };
    return this.#change(who, { put: [row], what: 'second step added', facts: { step: 'codes of a device' } });
  }

  /** Throws `nonexistent`, or `conflict` as above. */
  async removeTotp(who: Changer): Promise<Changed> {
    const found = rowOf(who.record.credentials, 'totp');
    if (found === undefined) throw new MailboxError('nonexistent', 'there is no such second step');
    const facts = { step: 'codes of a device' };
    return this.#change(who, { dropped: [found.id], what: 'second step removed', facts });
  }

  /** As `passkeys.ts` has made it. Throws `conflict` as above. */
  addPasskey(who: Changer, made: NewCredential): Promise<Changed> {
    return this.#change(who, { put: [made], what: 'second step added', facts: { step: 'passkey' } });
  }

  /** Throws `nonexistent`, or `conflict` as above. */
  async removePasskey(who: Changer, number: number): Promise<Changed> {
    const found = who.record.credentials.find(({ id, kind }) => kind === 'passkey' && id === number);
    if (found === undefined) throw new MailboxError('nonexistent', 'there is no such passkey');
    const facts = { step: 'passkey', name: found.name ?? '' };
    return this.#change(who, { dropped: [number], what: 'second step removed', facts });
  }

  /** Those of before are good for nothing. Throws `cannot` where they would stand beside nothing, or `conflict`. */
  async renewCodes(who: Changer): Promise<Changed> {
    if (!hasSecondStep(who.record.credentials))
      throw new MailboxError('cannot', 'recovery codes are for a second step, and there is none');
    return this.#change(who, { isAnew: true, what: 'recovery codes made', facts: {} });
  }

  /** By an administrator: the password alone is enough from now on. False: it was. */
  async reset(account: AccountId): Promise<boolean> {
    const { directory, accounts, activity } = this.#options;
    const record = await directory.get(account);
    if (record === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    const dropped = record.credentials.filter(isRow).map(({ id }) => id);
    if (dropped.length === 0) return false;
    const updated = await directory.update(account, {
      credentials: { dropped: [...dropped, ...sessionsOf(record)] },
    });
    if (updated === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    accounts.refresh(updated);
    activity.record(updated.address, 'second step reset');
    return true;
  }

  async #change(
    { record, credential }: Changer,
    change: {
      readonly put?: readonly NewCredential[];
      readonly dropped?: readonly number[];
      /** New codes, also where there are some. */
      readonly isAnew?: boolean;
      readonly what: string;
      readonly facts: Readonly<Record<string, string>>;
    },
  ): Promise<Changed> {
    const { directory, accounts, activity, clock } = this.#options;
    const { put = [], dropped = [], isAnew = false, what, facts } = change;
    const left = [...record.credentials.filter(({ id }) => !dropped.includes(id)), ...put];
    const kept = rowOf(record.credentials, 'recovery-codes');
    const wantsCodes = hasSecondStep(left) && (isAnew || kept === undefined);
    const codes = wantsCodes ? makeCodes() : [];
    const row = { kind: 'recovery-codes' as const, secret: keptOf(codes), createdMs: clock.nowMs() };
    const useless = hasSecondStep(left) || kept === undefined ? [] : [kept.id];
    const updated = await directory.update(record.id, {
      credentials: {
        put: [...put, ...(wantsCodes ? [row] : [])],
        dropped: [...dropped, ...useless, ...sessionsOf(record)],
        expected: [credential],
      },
    });
    if (updated === undefined)
      throw new MailboxError('conflict', 'something was changed meanwhile; look again');
    accounts.refresh(updated);
    activity.record(updated.address, what, facts);
    return { record: updated, codes };
  }

  async #spend(id: AccountId, code: string, { remoteAddress: remote, service }: Attempt): Promise<boolean> {
    const { directory, clock } = this.#options;
    const atMs = clock.nowMs();
    const kept = rowOf((await directory.get(id))?.credentials ?? [], 'totp');
    const step = kept && stepOf(new Secret(kept.secret), code, atMs);
    if (kept === undefined || step === undefined || step <= (kept.counter ?? -1)) return false;
    const put = [{ ...kept, counter: step, lastUse: { atMs, remote, service } }];
    return (await directory.update(id, { credentials: { put, expected: [kept] } })) !== undefined;
  }

  /** Another code of the same row may be used in the same moment: that is no reason to refuse this one. */
  async #useUp(id: AccountId, typed: Secret): Promise<boolean> {
    const { directory } = this.#options;
    for (;;) {
      const kept = rowOf((await directory.get(id))?.credentials ?? [], 'recovery-codes');
      const left = kept && without(kept.secret, typed);
      if (kept === undefined || left === undefined) return false;
      const put = [{ ...kept, secret: left }];
      if ((await directory.update(id, { credentials: { put, expected: [kept] } })) !== undefined) return true;
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await (this.#options.sleep ?? sleepFor)(ms);
  }
}

function rowOf(
  credentials: readonly StoredCredential[],
  kind: 'totp' | 'recovery-codes',
): StoredCredential | undefined {
  return credentials.find((one) => one.kind === kind);
}

function shown({ id, createdMs, lastUse, name = '', passkey }: StoredCredential): PasskeySummary {
  return { id, name, createdMs, host: passkey?.host ?? '', ...(lastUse && { lastUse }) };
}

function sessionsOf({ credentials }: AccountRecord): readonly number[] {
  return credentials.filter(({ kind }) => kind === 'web-session').map(({ id }) => id);
}
