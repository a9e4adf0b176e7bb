/**
 * The accounts in memory: loads one when somebody needs it, gives a new one its mailboxes, and drops what nobody uses.
 *
 * INBOX and the role mailboxes exist before the first sign-in, because clients invent their own names otherwise
 * ("Sent Messages", "Deleted Items") and never let go of them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Turns } from './change/turns.ts';
import { DomainRooms } from './domain-rooms.ts';
import { isClosed } from './model/access.ts';
import { type CredentialKind, hasSecondStep, type StoredCredential } from './model/credential.ts';
import { domainOf } from './model/domains.ts';
import { MailboxError } from './model/errors.ts';
import { FACTS_VERSION } from './model/facts.ts';
import { type AccountId, type AccountRecord, type AccountRow, asModSeq, type Role } from './model/model.ts';
import {
  type LimitChoices,
  type Limits,
  limitsIn,
  NO_CHOICES,
  ownChoices,
  type SharedRoom,
} from './model/quota.ts';
import type { LoadedAccount } from './port/store.ts';
import type { TranslatedStore } from './port/translated-store.ts';
import { type AccountListener, type AccountState, WritableAccount } from './state/account.ts';
import { EmailListCache } from './state/email-lists.ts';
import { Exclusive } from './state/exclusive.ts';
import { OrderCache } from './state/kept-orders.ts';
import { SearchTextCache } from './state/search-texts.ts';

export const FIRST_MAILBOXES: readonly { readonly name: string; readonly role?: Role }[] = [
  { name: 'INBOX' },
  { name: 'Archive', role: 'archive' },
  { name: 'Drafts', role: 'drafts' },
  { name: 'Junk', role: 'junk' },
  { name: 'Sent', role: 'sent' },
  { name: 'Trash', role: 'trash' },
];

/** A mailbox nobody has open stays in memory this long, an account nobody is signed in to twice as long. */
const IDLE_MS = 5 * 60_000;
/** A mailbox of a hundred thousand messages takes some fifteen megabytes. */
const SEARCH_TEXT_BYTES = 64 * 1024 * 1024;

/** Four octets a message for each way to sort. */
const ORDER_BYTES = 32 * 1024 * 1024;
/** A mailbox of a hundred thousand messages takes less than two megabytes, with its threads. */
const LIST_BYTES = 64 * 1024 * 1024;

export class Accounts {
  /** Of mailboxes that were searched. */
  readonly searchTexts = new SearchTextCache(SEARCH_TEXT_BYTES);
  /** Of mailboxes that were sorted. */
  readonly orders = new OrderCache(ORDER_BYTES);
  /** Of accounts whose emails were listed. */
  readonly emailLists = new EmailListCache(LIST_BYTES);
  /** Whoever lets go of what was deleted, lists it or brings it back: he reads it from the store, where others change it. */
  readonly deletedMail = new Exclusive<AccountId>();
  /** Whoever delivers what is to come once, by account and key: who brings it again hears what became of the first. */
  readonly onceOnly = new Exclusive<string>();
  /** Told of each account when it is in memory, before anybody has it. They do not throw. */
  readonly onLoaded = new Set<(account: AccountState) => void>();
  /** Told of accounts in memory that may have other limits now. They do not throw. */
  readonly onLimits = new Set<(account: AccountState) => void>();
  readonly #store: Pick<TranslatedStore, 'directory' | 'loadAccount' | 'owns'>;
  readonly #rooms: DomainRooms;
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #defaults: LimitChoices;
  readonly #loaded = new Map<AccountId, WritableAccount>();
  readonly #loading = new Map<AccountId, Loading>();
  /** Last turns of evicted accounts. */
  readonly #leaving = new Map<AccountId, Promise<void>>();

  /** `defaults`: what accounts may have of which nothing is said, nor of their domains. */
  constructor(
    store: Pick<TranslatedStore, 'directory' | 'loadAccount' | 'owns'>,
    turns: Turns,
    clock: Clock,
    defaults: LimitChoices = NO_CHOICES,
  ) {
    this.#defaults = defaults;
    this.#store = store;
    this.#rooms = new DomainRooms(store);
    this.#turns = turns;
    this.#clock = clock;
  }

  /** Whose address this is, in its canonical spelling. */
  find(address: string): Promise<AccountRecord | undefined> {
    return this.#store.directory.find(address);
  }

  /** Throws MailboxError `nonexistent` when there is no such account. */
  async open(id: AccountId): Promise<AccountState> {
    const loaded = this.#loaded.get(id);
    if (loaded !== undefined && !loaded.isStale) {
      loaded.lastUsedMs = this.#clock.nowMs();
      return loaded;
    }
    return (this.#loading.get(id) ?? this.#startLoading(id)).promise;
  }

  /** What counts of what is said of the account, its domain and all. */
  limitsOf(
    record: Pick<AccountRecord, 'address' | 'quotaBytes' | 'quotaMessages' | 'quotaMailboxes'>,
  ): Limits {
    const ofDomain = this.#store.directory.domains.quotaOf(domainOf(record.address));
    return limitsIn(ownChoices(record), ofDomain, this.#defaults);
  }

  /** How much all accounts of a domain use together; undefined where that has no limit, and before one of them was needed. */
  sharedRoomOf(domain: string): SharedRoom | undefined {
    return this.#rooms.of(`@${domain}`);
  }

  /** As `sharedRoomOf`, also when nobody has needed it yet. Throws `unavailable`. */
  async readSharedRoom(domain: string): Promise<SharedRoom | undefined> {
    await this.#knowRoom(domain);
    return this.sharedRoomOf(domain);
  }

  /** The account if it is in memory. */
  peek(id: AccountId): AccountState | undefined {
    return this.#loaded.get(id);
  }

  all(): Iterable<AccountState> {
    return this.#loaded.values();
  }

  /**
   * Among those who are told of the account. Throws MailboxError `bad-credentials` when what it was signed in with was
   * taken away meanwhile, `unavailable` when the account was dropped from memory: the others were sent away already, and nobody
   * would tell this one anything any more.
   */
  async join(account: AccountState, listener: AccountListener): Promise<void> {
    if (WritableAccount.of(account).isStale)
      throw new MailboxError('unavailable', 'the account is just being read anew; try again');
    account.listeners.add(listener);
    try {
      const record = await this.#store.directory.get(account.id);
      if (isValid(listener, record)) return;
      throw new MailboxError(
        'bad-credentials',
        'what you signed in with was changed just now; sign in again',
      );
    } catch (error) {
      account.listeners.delete(listener);
      throw error;
    }
  }

  /**
   * After the directory's entry has changed (quota, credentials, settings). Sessions that were signed in with what is not
   * there any more are sent away, and all of them from an account that is closed; the account stays in memory, and a delivery that is under way goes on.
   */
  refresh(record: AccountRecord): void {
    const loading = this.#loading.get(record.id);
    if (loading !== undefined) loading.newest = record;
    const account = this.#loaded.get(record.id);
    if (account === undefined) return;
    const before = account.record.credentials;
    account.record = record;
    this.#tellLimits(account);
    for (const listener of [...account.listeners]) {
      if (isValid(listener, record)) continue;
      const lost = before.find(({ id }) => id === listener.credential);
      listener.onEvicted(whyLost(record, lost));
    }
  }

  /** Something was said of the accounts of a domain. */
  async refreshDomain(name: string): Promise<void> {
    // Where that fails, whoever opens an account of it next is told.
    await this.#knowRoom(name).catch(() => {});
    for (const account of this.#loaded.values())
      if (domainOf(account.record.address) === name) this.#tellLimits(account);
  }

  /** Programs show how much of them is used. */
  #tellLimits(account: WritableAccount): void {
    for (const tell of this.onLimits) tell(account);
    for (const follower of account.followers) if (follower.isOpen) follower.events.onHint();
  }

  /**
   * Sends every session of the account away and forgets it; it is loaded again when it is needed, once the store is done
   * with its last turn. What is asked for after that is refused.
   */
  evict(id: AccountId, reason: string): void {
    this.#rooms.forget(id);
    const loading = this.#loading.get(id);
    if (loading !== undefined) loading.isEvicted = true;
    const account = this.#loaded.get(id);
    if (account === undefined) return;
    this.#loaded.delete(id);
    const left = leave(account, reason);
    this.#leaving.set(id, left);
    void left.then(() => this.#leaving.delete(id));
  }

  /** Drops what has not been used for a while; called now and then. */
  sweep(): void {
    const before = this.#clock.nowMs() - IDLE_MS;
    this.searchTexts.dropUnused(before);
    this.orders.dropUnused(before);
    this.emailLists.dropUnused(before);
    for (const account of this.#loaded.values()) {
      if (account.unsettled !== undefined || account.operations > 0 || account.threads.isOpen) continue;
      for (const mailbox of account.mailboxes.values()) {
        if (mailbox.viewers.size === 0 && mailbox.lastUsedMs < before && mailbox.loading === undefined) {
          mailbox.unload();
        }
      }
      if (account.placements !== undefined && account.placements.lastUsedMs < before)
        account.placements = undefined;
      if (account.listeners.size === 0 && account.lastUsedMs < before - IDLE_MS && !isInUse(account)) {
        // Whoever still has it must not go on beside the next one.
        account.isStale = true;
        this.#loaded.delete(account.id);
      }
    }
  }

  /** Loaded accounts in which something was expunged or deleted since the reaper last came by, or that remember much more. */
  toReap(): readonly AccountId[] {
    const accounts = [...this.#loaded.values()];
    return accounts.filter((one) => one.needsReaping || one.isHistoryDue).map(({ id }) => id);
  }

  /** The reaper comes by, for what was expunged before this moment. */
  beginReaping(state: AccountState, beforeMs: number): void {
    const account = WritableAccount.of(state);
    account.needsReaping = account.lastExpungeMs >= beforeMs;
    account.forgetClosed();
  }

  /** The reaper has left something behind. */
  reapAgain(account: AccountState): void {
    WritableAccount.of(account).needsReaping = true;
  }

  /** Whether the history of the account has grown since this was last asked. */
  isHistoryDue(state: AccountState): boolean {
    const account = WritableAccount.of(state);
    const isDue = account.isHistoryDue;
    if (isDue) account.historyRows = 0;
    return isDue;
  }

  #knowRoom(domain: string): Promise<void> {
    return this.#rooms.know(domain, () =>
      [...this.#loaded.values()]
        .filter(({ record }) => domainOf(record.address) === domain)
        .map(({ id, row }) => [id, row] as const),
    );
  }

  #startLoading(id: AccountId): Loading {
    const { promise, resolve } = Promise.withResolvers<WritableAccount>();
    const loading: Loading = { promise, newest: undefined, isEvicted: false };
    this.#loading.set(id, loading);
    resolve(this.#load(id, loading).finally(() => this.#loading.delete(id)));
    return loading;
  }

  /** What becomes known of the account while it is read is in `loading`, and counts. */
  async #load(id: AccountId, loading: Loading): Promise<WritableAccount> {
    for (;;) {
      loading.isEvicted = false;
      loading.newest = undefined;
      // Two of one account in memory would each change what the other does not see.
      await this.#leaving.get(id);
      const record = await this.#store.directory.get(id);
      if (record === undefined) throw new MailboxError('nonexistent', 'there is no such account');
      const account = await this.#read(record).catch((error: unknown) => {
        if (loading.isEvicted) return undefined;
        throw error;
      });
      // Removed meanwhile, or only to be read anew: the directory says which.
      const current = await this.#store.directory.get(id);
      if (account === undefined || current === undefined || loading.isEvicted) continue;
      await this.#knowRoom(domainOf(current.address));
      if (loading.isEvicted) continue;
      this.#rooms.note(current.address, id, account.row);
      account.record = loading.newest ?? current;
      account.lastUsedMs = this.#clock.nowMs();
      this.#loaded.set(id, account);
      for (const tell of this.onLoaded) tell(account);
      return account;
    }
  }

  async #read(record: AccountRecord): Promise<WritableAccount> {
    const stored = await this.#store.loadAccount(record.id);
    const account = new WritableAccount(record, stored ?? nothing(this.#clock), {
      limitsOf: (one) => this.limitsOf(one),
      sharedOf: ({ address }) => this.#rooms.of(address),
    });
    // What it looked like before it was dropped from memory is not known any more.
    account.needsReaping = true;
    account.lastExpungeMs = this.#clock.nowMs();
    if (stored === undefined) {
      await this.#turns.run({
        account,
        run: (change) => {
          for (const { name, role } of FIRST_MAILBOXES) change.mailboxes.create(name, role);
        },
      });
    }
    return account;
  }
}

const WHY_LOST: Readonly<Record<CredentialKind, string>> = {
  password: 'the password was changed',
  'app-password': 'the app password was revoked',
  'web-session': 'signed out of the webmail',
  totp: 'the second step of signing in was changed',
  passkey: 'the passkey was removed',
  'recovery-codes': 'the second step of signing in was changed',
};

function whyLost(record: AccountRecord, lost: StoredCredential | undefined): string {
  if (isClosed(record)) return 'the account was closed';
  const isThere = record.credentials.some(({ id }) => id === lost?.id);
  return isThere
    ? 'the account has a second step now: use an app password'
    : WHY_LOST[lost?.kind ?? 'password'];
}

/** With a second step the password alone, which is all that a mail program has, is not good any more. */
function isValid({ credential }: AccountListener, record: AccountRecord | undefined): boolean {
  if (record !== undefined && isClosed(record)) return false;
  if (credential === undefined) return true;
  const found = record?.credentials.find(({ id }) => id === credential);
  return found !== undefined && (found.kind !== 'password' || !hasSecondStep(record?.credentials ?? []));
}

/** An account that is being read, and what was said about it since. */
interface Loading {
  readonly promise: Promise<WritableAccount>;
  newest: AccountRecord | undefined;
  isEvicted: boolean;
}

/** Not before whoever has just opened the account is among its listeners. */
async function leave(account: WritableAccount, reason: string): Promise<void> {
  await nextTurn();
  account.abandon(reason);
  await account.unsettled?.catch(() => {});
}

function isInUse(account: WritableAccount): boolean {
  return [...account.mailboxes.values(), ...account.gone].some(
    ({ loaded, loading }) => (loaded ?? loading) !== undefined,
  );
}

function nothing(clock: Clock): LoadedAccount {
  const row: AccountRow = {
    modseq: asModSeq(0),
    nextMailbox: 1,
    nextEmail: 1,
    nextUidValidity: Math.floor(clock.nowMs() / 1000),
    usedBytes: 0,
    usedMessages: 0,
    roomTold: 0,
    refusedSinceMs: 0,
    refusedBytes: 0,
    factsVersion: FACTS_VERSION,
    historyFloor: asModSeq(0),
    changesFloor: asModSeq(0),
    emailModseq: asModSeq(0),
    mailboxModseq: asModSeq(0),
    unthreaded: 0,
    orphanSubscriptions: [],
  };
  return { row, mailboxes: [], scripts: [], annotations: [] };
}
