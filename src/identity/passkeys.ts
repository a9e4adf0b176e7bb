/**
 * Passkeys (W3C Web Authentication, level 3): keys in a phone, a computer or a stick that sign what this server asks, by `@simplewebauthn/server`. One
 * that also looks who holds it (a finger, a face, a PIN) is enough to come in; beside the password it need not look.
 *
 * - A key belongs to the name in the browser's address; another name of the same server has its own.
 * - An account is found by what the key says of itself, its number, which we gave it; what it says is believed when its signature is
 *   right, for the row of that account.
 * - A signature is good once (`challenges.ts`); of two at once the store lets one through. A key that counts must have counted on, so
 *   a copy of it is found out.
 */
import { isIP } from 'node:net';
import { setTimeout as sleepFor } from 'node:timers/promises';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { Clock } from '../base/clock.ts';
import type { NewCredential, PasskeyFacts, StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type AccountId, type AccountRecord, asAccountId } from '../mailbox/model/model.ts';
import type { Directory } from '../mailbox/port/store.ts';
import type { Activity } from './activity.ts';
import { factsOf, type LoginAttempt } from './attempt.ts';
import type { Challenges } from './challenges.ts';
import { passkeysOf, type Throttle } from './throttle.ts';
import { Throttled } from './throttled.ts';

export interface PasskeysOptions {
  readonly directory: Pick<Directory, 'get' | 'update'>;
  readonly throttle: Throttle;
  readonly challenges: Challenges;
  readonly activity: Activity;
  readonly clock: Clock;
  /** Tests own time. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** Where the browser is. */
export interface Site {
  /** Its name, without the port: what a key belongs to. */
  readonly host: string;
  /** `https://mail.example.org:8443`. */
  readonly origin: string;
}

type Attempt = Omit<LoginAttempt, 'credentials'>;

const SIGNING_IN = 'signing in';
const ACCOUNT = /^(\d{1,10})\./;
const SEPARATOR = ' ';
export const MAX_PASSKEYS = 20;

/** An address of digits has none: a passkey is for a name. */
export function hasPasskeys({ host }: Pick<Site, 'host'>): boolean {
  return isIP(host.replace(/^\[|\]$/g, '')) === 0;
}

/** Those that a browser at this place could use. */
export function passkeysAt(
  { credentials }: Pick<AccountRecord, 'credentials'>,
  { host }: Pick<Site, 'host'>,
) {
  return credentials.filter((one) => one.kind === 'passkey' && one.passkey?.host === host);
}

export class Passkeys {
  readonly #options: PasskeysOptions;

  constructor(options: PasskeysOptions) {
    this.#options = options;
  }

  /** What a browser hands to keys. `record`: whose key it must be, where somebody has shown the password. */
  async beginSignIn(site: Site, record?: AccountRecord): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await import('@simplewebauthn/server');
    const { challenges, clock } = this.#options;
    return generateAuthenticationOptions({
      rpID: site.host,
      challenge: new Uint8Array(challenges.make(SIGNING_IN, clock.nowMs())),
      userVerification: record === undefined ? 'required' : 'discouraged',
      ...(record && { allowCredentials: passkeysAt(record, site).map(descriptorOf) }),
    });
  }

  /** Whom it says that it is of; nothing is proven by that. */
  async ownerOf({ response }: AuthenticationResponseJSON): Promise<AccountRecord | undefined> {
    const handle = Buffer.from(response.userHandle ?? '', 'base64url').toString('latin1');
    const [, id] = ACCOUNT.exec(handle) ?? [];
    return id === undefined || Number(id) === 0
      ? undefined
      : this.#options.directory.get(asAccountId(Number(id)));
  }

  /**
   * `isAlone`: it is all that is shown, so the key must have looked who holds it. Throws `bad-credentials` or `throttled`, each after the delay
   * that it costs.
   */
  async prove(
    record: AccountRecord | undefined,
    response: AuthenticationResponseJSON,
    attempt: Attempt & { readonly site: Site; readonly isAlone: boolean },
  ): Promise<StoredCredential> {
    const { throttle, activity } = this.#options;
    const name = passkeysOf(record?.address ?? '?');
    const charge = throttle.begin(name, attempt.remoteAddress);
    if (charge === undefined) {
      await this.#sleep(throttle.replyDelayMs(name, attempt.remoteAddress));
      const waitMs = throttle.shutForMs(name, attempt.remoteAddress);
      throw new Throttled('too many passkeys that were none; try again in a minute', waitMs);
    }
    if (charge.waitMs > 0) await this.#sleep(charge.waitMs);
    const used = record && (await this.#use(record.id, response, attempt));
    if (used !== undefined) {
      charge.succeeded();
      return used;
    }
    charge.failed();
    const facts = factsOf(attempt);
    activity.attempt(record?.address ?? '?', 'sign-in refused: no good passkey', facts, record !== undefined);
    await this.#sleep(charge.replyDelayMs);
    throw new MailboxError('bad-credentials', 'the passkey is not known here, or did not do as it was asked');
  }

  /** Throws `limit`, or `cannot` where there can be none. */
  async beginAdding(record: AccountRecord, site: Site): Promise<PublicKeyCredentialCreationOptionsJSON> {
    if (!hasPasskeys(site))
      throw new MailboxError('cannot', 'a passkey is for a name, not for an address of digits');
    if (record.credentials.filter(({ kind }) => kind === 'passkey').length >= MAX_PASSKEYS)
      throw new MailboxError('limit', `an account can have ${MAX_PASSKEYS} passkeys; remove one first`);
    const { generateRegistrationOptions } = await import('@simplewebauthn/server');
    const { challenges, clock } = this.#options;
    const challenge = challenges.make(addingTo(record.id), clock.nowMs());
    return generateRegistrationOptions({
      ...{ rpName: site.host, rpID: site.host, userName: record.address, userDisplayName: record.address },
      userID: new Uint8Array(Buffer.from(`${record.id}.${challenge.subarray(8, 16).toString('base64url')}`)),
      challenge: new Uint8Array(challenge),
      attestationType: 'none',
      excludeCredentials: passkeysAt(record, site).map(descriptorOf),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    });
  }

  /** What to keep of it; undefined when it did not do as it was asked. */
  async made(
    record: AccountRecord,
    name: string,
    response: RegistrationResponseJSON,
    site: Site,
  ): Promise<NewCredential | undefined> {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    const nowMs = this.#options.clock.nowMs();
    let madeMs: number | undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: (text) => {
        madeMs = this.#options.challenges.madeMs(text, addingTo(record.id), nowMs);
        return madeMs !== undefined;
      },
      ...{ expectedOrigin: site.origin, expectedRPID: site.host, requireUserVerification: false },
    }).catch(() => ({ verified: false as const, registrationInfo: undefined }));
    if (!verified || registrationInfo === undefined || madeMs === undefined) return undefined;
    const { id, publicKey, counter, transports } = registrationInfo.credential;
    if (passkeysAt(record, site).some(({ secret }) => secret.startsWith(id + SEPARATOR))) return undefined;
    const passkey = { host: site.host, signed: counter, ...(transports && { transports }) };
    const secret = id + SEPARATOR + Buffer.from(publicKey).toString('base64url');
    return { kind: 'passkey', name, secret, passkey, counter: madeMs, createdMs: nowMs };
  }

  async #use(
    account: AccountId,
    response: AuthenticationResponseJSON,
    {
      site,
      isAlone,
      service,
      remoteAddress: remote,
    }: Attempt & { readonly site: Site; readonly isAlone: boolean },
  ): Promise<StoredCredential | undefined> {
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
    const { directory, challenges, clock } = this.#options;
    const atMs = clock.nowMs();
    const record = await directory.get(account);
    const kept =
      record && passkeysAt(record, site).find(({ secret }) => secret.startsWith(response.id + SEPARATOR));
    if (kept?.passkey === undefined) return undefined;
    let counter = 0;
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: (text) => {
        counter = challenges.madeMs(text, SIGNING_IN, atMs) ?? 0;
        return counter > (kept.counter ?? 0);
      },
      ...{ expectedOrigin: site.origin, expectedRPID: site.host, requireUserVerification: isAlone },
      credential: keyOf(kept.secret, kept.passkey),
    }).catch(() => ({ verified: false, authenticationInfo: undefined }));
    if (!verified || authenticationInfo === undefined) return undefined;
    const passkey = { ...kept.passkey, signed: authenticationInfo.newCounter };
    const put = [{ ...kept, counter, passkey, lastUse: { atMs, remote, service } }];
    const updated = await directory.update(account, { credentials: { put, expected: [kept] } });
    return updated?.credentials.find(({ id }) => id === kept.id);
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await (this.#options.sleep ?? sleepFor)(ms);
  }
}

function addingTo(account: AccountId): string {
  return `account ${account}`;
}

function descriptorOf({ secret, passkey }: StoredCredential) {
  const [id = ''] = secret.split(SEPARATOR);
  return { id, transports: [...(passkey?.transports ?? [])] };
}

function keyOf(secret: string, { signed }: PasskeyFacts) {
  const [id = '', publicKey = ''] = secret.split(SEPARATOR);
  return { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: signed };
}
