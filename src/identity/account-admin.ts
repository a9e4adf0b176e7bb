/**
 * Making, changing and removing accounts: what the command line does today and an administration page will do. Changes
 * are durable when a call resolves.
 *
 * Removing is two steps, because an account may hold gigabytes: it is hidden at once (nobody signs in, nothing is
 * delivered), then its mail goes in slices. A crash in between is picked up by `resumeRemovals` at the next start.
 */
import { invariant } from '../base/invariant.ts';
import { Secret } from '../base/secret.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { NewCredential, StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import { asOwnLimits, type OwnLimits, ownChoices } from '../mailbox/model/quota.ts';
import type { Directory } from '../mailbox/port/store.ts';
import { MAX_PASSWORD_BYTES } from '../sasl/mechanism.ts';
import { preparePassword } from '../sasl/prepare.ts';
import type { Activity } from './activity.ts';
import { canonicalAddress, newAccountAddress } from './address.ts';
import {
  appPasswordSecret,
  MAX_APP_PASSWORDS,
  makeAppPassword,
  type NewAppPassword,
  problemWith,
} from './app-password.ts';
import type { Authenticator } from './authenticator.ts';
import { parseForeignHash, storedForm } from './hashes/foreign-hash.ts';
import type { Passwords } from './password.ts';
import type { ProofKeyMaker } from './proof-keys.ts';
import { type AccountSettings, NO_SETTINGS } from './settings.ts';

export type NewAccount = Credential &
  OwnLimits & {
    /** A bare name gets the default domain. */
    readonly address: string;
  };

/** What a person will sign in with: a password, or what another server has stored of one. */
export type Credential = { readonly password: Secret } | { readonly passwordHash: Secret };

export interface AppPassword {
  /** Among the account's credentials. */
  readonly number: number;
  readonly password: Secret;
}

export interface Removal {
  /** What waits to leave the account goes with it: its own mail, and what it keeps for others. */
  readonly dropsQueued?: boolean;
}

export type AddOutcome = AccountRecord | MailboxError;

export interface AccountAdminOptions {
  readonly domain: Pick<Domain, 'store' | 'accounts' | 'clock' | 'log' | 'textIndex'>;
  readonly passwords: Passwords;
  readonly proofKeys: ProofKeyMaker;
  readonly defaultDomain: string;
  /** The one that sessions sign in with, when there is one in this process. */
  readonly authenticator?: Pick<Authenticator, 'forget'>;
  /** Where changes are written down. */
  readonly activity: Activity;
  /** What accounts may have set; nothing when absent. */
  readonly settings?: AccountSettings;
}

type PreparedAccount = Parameters<Directory['create']>[0][number];

/** Hashed, then created, in one durable step of the directory: an import of hundreds shows progress and stays quick. */
const SLICE = 50;
/** Recipients of what waits, no further. */
const MOST_COUNTED = 100_000;

export class AccountAdmin {
  readonly #options: AccountAdminOptions;

  constructor(options: AccountAdminOptions) {
    this.#options = options;
  }

  /** Throws MailboxError `nonexistent`. */
  async accountOf(address: string): Promise<AccountRecord> {
    const { domain, defaultDomain } = this.#options;
    const canonical = canonicalAddress(address, defaultDomain);
    const record = canonical === undefined ? undefined : await domain.store.directory.find(canonical);
    if (record === undefined) throw new MailboxError('nonexistent', `there is no account ${address}`);
    return record;
  }

  /** Throws `nonexistent`. */
  async recordOf(id: AccountId): Promise<AccountRecord> {
    const record = await this.#options.domain.store.directory.get(id);
    if (record === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    return record;
  }

  /** The name that an account of this address has or had. */
  nameOf(address: string): string {
    return canonicalAddress(address, this.#options.defaultDomain) ?? address;
  }

  /** Each is created or refused by itself (`exists`, `invalid-name`, `cannot`), in the order given. */
  async addAccounts(accounts: readonly NewAccount[]): Promise<AddOutcome[]> {
    const outcomes: AddOutcome[] = [];
    for (let at = 0; at < accounts.length; at += SLICE) {
      outcomes.push(...(await this.#addSlice(accounts.slice(at, at + SLICE))));
    }
    return outcomes;
  }

  /**
   * The old password stops working at once, and sessions that were opened with it are sent away. App passwords stay, and
   * whoever came in by one of them.
   */
  async setPassword(id: AccountId, credential: Credential): Promise<AccountRecord> {
    const { domain, authenticator } = this.#options;
    const before = await domain.store.directory.get(id);
    if (before === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    const { address, credentials } = before;
    const others = credentials.filter(({ kind }) => kind !== 'password');
    const password = await this.#stored(credential, { address, others });
    const updated = await domain.store.directory.update(id, { credentials: { put: [password] } });
    if (updated === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    authenticator?.forget(id);
    domain.accounts.refresh(updated);
    this.#options.activity.record(updated.address, 'password changed');
    return updated;
  }

  /** Its password is shown once: nothing that it could be read from is kept. Throws `cannot`, `exists` or `limit`. */
  async addAppPassword(id: AccountId, wanted: NewAppPassword): Promise<AppPassword> {
    const { domain } = this.#options;
    const problem = problemWith(wanted);
    if (problem !== undefined) throw new MailboxError('cannot', problem);
    const record = await domain.store.directory.get(id);
    const others = (record?.credentials ?? []).filter(({ kind }) => kind === 'app-password');
    const name = wanted.name.normalize('NFC');
    if (others.some((other) => other.name === name))
      throw new MailboxError('exists', `there is an app password "${name}" already; revoke it first`);
    if (others.length >= MAX_APP_PASSWORDS)
      throw new MailboxError(
        'limit',
        `an account can have ${MAX_APP_PASSWORDS} app passwords; revoke one first`,
      );
    const password = makeAppPassword();
    const secret = appPasswordSecret(password);
    invariant(secret !== undefined, 'an app password that is none');
    if (record === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    const kind = 'app-password' as const;
    const { address, credentials } = record;
    const keys = await this.#options.proofKeys.make(password, { kind, address, others: credentials });
    const put = [
      { ...wanted, name, kind, secret, createdMs: domain.clock.nowMs(), ...(keys && { proofKeys: keys }) },
    ];
    const updated = await domain.store.directory.update(id, { credentials: { put } });
    const made = updated?.credentials.find((one) => one.secret === secret);
    if (updated === undefined || made === undefined)
      throw new MailboxError('nonexistent', 'there is no such account');
    domain.accounts.refresh(updated);
    this.#options.activity.record(updated.address, 'app password added', { appPassword: name });
    return { number: made.id, password };
  }

  /** It stops working at once, and sessions that were opened with it are sent away. Throws `nonexistent`. */
  async revokeAppPassword(id: AccountId, number: number): Promise<void> {
    const { domain } = this.#options;
    const record = await domain.store.directory.get(id);
    const found = record?.credentials.find((one) => one.id === number && one.kind === 'app-password');
    if (found === undefined) throw new MailboxError('nonexistent', 'there is no such app password');
    const updated = await domain.store.directory.update(id, { credentials: { dropped: [number] } });
    if (updated === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    domain.accounts.refresh(updated);
    this.#options.activity.record(updated.address, 'app password revoked', { appPassword: found.name ?? '' });
  }

  /** Undefined takes it away. Holds from the next sign-in on. Throws `cannot` for what nobody would read. */
  async setSetting(id: AccountId, name: string, value: string | undefined): Promise<AccountRecord> {
    const { domain, settings = NO_SETTINGS } = this.#options;
    const problem = settings.problemWith(name, value);
    if (problem !== undefined) throw new MailboxError('cannot', problem);
    const updated = await domain.store.directory.update(id, { settings: { [name]: value } });
    if (updated === undefined) throw new MailboxError('nonexistent', 'there is no such account');
    domain.accounts.refresh(updated);
    this.#options.activity.record(updated.address, 'setting changed', {
      setting: name,
      value: value ?? 'none',
    });
    return updated;
  }

  /**
   * The account and all its mail. Nothing brings it back. Throws `cannot` while mail waits to leave it, which may be for others: whoever
   * sent it was told that it would arrive.
   */
  async removeAccount(id: AccountId, { dropsQueued = false }: Removal = {}): Promise<void> {
    const { directory, outgoing } = this.#options.domain.store;
    const record = await directory.get(id);
    if (!dropsQueued) refuseWhile(await outgoing.countRecipients(id, MOST_COUNTED));
    await directory.remove(id);
    // What came meanwhile goes as well, but not without a word.
    const dropped = await outgoing.countRecipients(id, MOST_COUNTED);
    const facts = dropped === 0 ? {} : { droppedRecipients: dropped };
    if (record !== undefined) this.#options.activity.record(record.address, 'account removed', facts);
    await this.#finishRemoval(id);
  }

  /** At start, of the accounts that are held here. They are hidden already, so nothing waits for this. */
  async resumeRemovals(): Promise<void> {
    const { store } = this.#options.domain;
    for (const id of await store.directory.removing()) if (store.owns(id)) await this.#finishRemoval(id);
  }

  async #addSlice(slice: readonly NewAccount[]): Promise<AddOutcome[]> {
    const prepared = await Promise.all(slice.map((account) => this.#prepare(account)));
    const wanted = prepared.flatMap((one) => (one instanceof MailboxError ? [] : [one]));
    const created = await this.#options.domain.store.directory.create(wanted);
    let next = 0;
    return prepared.map((one) => {
      if (one instanceof MailboxError) return one;
      const record = created[next++];
      if (record === undefined || record === 'exists') return taken(one.address);
      this.#options.activity.record(record.address, 'account added');
      return record;
    });
  }

  async #prepare(account: NewAccount): Promise<PreparedAccount | MailboxError> {
    const { domain, defaultDomain } = this.#options;
    const { address } = account;
    try {
      const canonical = newAccountAddress(address, defaultDomain);
      // An import that is run again must not hash hundreds of passwords to be told so.
      const { directory } = domain.store;
      if (await directory.find(canonical)) return taken(canonical);
      if (await directory.domains.findAlias(canonical))
        return new MailboxError(
          'exists',
          `${canonical} is an alias; take it away first, or make it lead to another account`,
        );
      return {
        address: canonical,
        credentials: [await this.#stored(account, { address: canonical, others: [] })],
        createdMs: domain.clock.nowMs(),
        ...asOwnLimits(ownChoices(account)),
      };
    } catch (error) {
      if (error instanceof MailboxError) return error;
      throw error;
    }
  }

  /** What to keep. Throws `cannot` when there can be none. */
  async #stored(
    credential: Credential,
    owner: { readonly address: string; readonly others: readonly StoredCredential[] },
  ): Promise<NewCredential> {
    const { domain, passwords, proofKeys } = this.#options;
    const kept = { kind: 'password' as const, createdMs: domain.clock.nowMs() };
    const known = passwordOf(credential);
    if (typeof known === 'string') return { ...kept, secret: known };
    const [secret, keys] = await Promise.all([
      passwords.hash(known),
      proofKeys.make(known, { kind: 'password', ...owner }),
    ]);
    return { ...kept, secret, ...(keys && { proofKeys: keys }) };
  }

  async #finishRemoval(id: AccountId): Promise<void> {
    const { domain, authenticator } = this.#options;
    authenticator?.forget(id);
    domain.accounts.evict(id, 'the account was removed');
    await domain.store.destroyAccount(id);
    await domain.textIndex.removeAll(id);
    await domain.store.directory.forget(id);
    domain.log.info({ accountId: id }, 'the mail of a removed account is gone');
  }
}

function refuseWhile(waiting: number): void {
  if (waiting === 0) return;
  const recipients = waiting === 1 ? '1 recipient waits' : `${waiting} recipients wait`;
  throw new MailboxError(
    'cannot',
    `${recipients} for mail that this account is to send or to pass on for others`,
  );
}

function taken(address: string): MailboxError {
  return new MailboxError('exists', `there is an account ${address} already`);
}

/** The password, or all that another server knows of it. Throws `cannot`. */
function passwordOf(credential: Credential): Secret | string {
  if ('password' in credential) return acceptable(credential.password);
  const text = credential.passwordHash.reveal().trim();
  const hash = parseForeignHash(text);
  if (hash.kind === 'refused') throw new MailboxError('cannot', `the stored password ${hash.why}`);
  return hash.kind === 'plain' ? acceptable(new Secret(hash.password)) : storedForm(text);
}

/** As it will be compared at sign-in, and one that a client can send. */
function acceptable(password: Secret): Secret {
  const prepared = preparePassword(password.reveal());
  if (prepared === '') throw new MailboxError('cannot', 'the password is empty');
  if (Buffer.byteLength(prepared) > MAX_PASSWORD_BYTES) {
    throw new MailboxError('cannot', `a password can have at most ${MAX_PASSWORD_BYTES} octets`);
  }
  if (prepared.includes('\0')) throw new MailboxError('cannot', 'a password cannot contain a NUL');
  return new Secret(prepared);
}
