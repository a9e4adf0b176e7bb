/**
 * The accounts of `accounts.db` in memory: by address, by number, and where the mail is of those that are being removed. For
 * the process that writes them and for those that follow it.
 */
import { CREDENTIAL_KINDS, type CredentialKind, withoutProofKeys } from '../../mailbox/model/credential.ts';
import { domainOf } from '../../mailbox/model/domains.ts';
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import { CountedNames } from '../domains-in-memory.ts';

export class AccountsInMemory {
  readonly #shards: number;
  /** For the words when something cannot be read. */
  readonly #path: string;
  readonly #byAddress = new Map<string, AccountRecord>();
  readonly #byId = new Map<AccountId, AccountRecord>();
  /** Where their mail is, as long as it is somewhere. */
  readonly #removing = new Map<AccountId, number>();
  /** Forgotten in this run: what is still asked of one must not be asked of another shard. */
  readonly #gone = new Map<AccountId, number>();
  readonly #withoutProofKeys: Record<CredentialKind, number> = {
    ...{ password: 0, 'app-password': 0, 'web-session': 0 },
    ...{ totp: 0, passkey: 0, 'recovery-codes': 0 },
  };
  /** How many of their addresses each domain has. */
  readonly domains = new CountedNames();
  /** This copy may be older than what there is: the same, for a moment. */
  isBehind = false;
  /** One that is not here may be in the database nevertheless, so nobody is told that it is not: his mail would be sent back. */
  isPartial: boolean;

  constructor(shards: number, path: string, isPartial: boolean) {
    this.#shards = shards;
    this.#path = path;
    this.isPartial = isPartial;
  }

  /** Throws `unreadable` when it cannot be known. */
  find(address: string): AccountRecord | undefined {
    return this.#byAddress.get(address) ?? this.missing();
  }

  /** Throws `unreadable` when it cannot be known. */
  get(id: AccountId): AccountRecord | undefined {
    return this.#byId.get(id) ?? this.missing();
  }

  /** As far as it is known. */
  peek(id: AccountId): AccountRecord | undefined {
    return this.#byId.get(id);
  }

  has(address: string): boolean {
    return this.#byAddress.has(address);
  }

  get all(): readonly AccountRecord[] {
    return [...this.#byId.values()];
  }

  /** They come in the order of their numbers, when they are read and when they are made. */
  get eldest(): AccountRecord | undefined {
    return this.#byId.values().next().value ?? this.missing();
  }

  get byAddress(): readonly AccountRecord[] {
    return [...this.#byAddress.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  get removing(): ReadonlyMap<AccountId, number> {
    return this.#removing;
  }

  /** Every number in use; of an account that is being removed without its address. */
  get numbers(): ReadonlyMap<AccountId, string | undefined> {
    const numbers = new Map<AccountId, string | undefined>();
    for (const id of this.#removing.keys()) numbers.set(id, undefined);
    for (const { id, address } of this.#byId.values()) numbers.set(id, address);
    return numbers;
  }

  withoutProofKeys(kind: CredentialKind): number {
    return this.#withoutProofKeys[kind];
  }

  /** Where the mail of this account is, was, or would be. */
  shardOf(id: AccountId): number {
    return this.#byId.get(id)?.shard ?? this.#removing.get(id) ?? this.#gone.get(id) ?? id % this.#shards;
  }

  put(record: AccountRecord): void {
    this.#count(this.#byId.get(record.id), -1);
    this.#count(record, 1);
    this.#byId.set(record.id, record);
    if (!this.#byAddress.has(record.address)) this.domains.count(domainOf(record.address), 1);
    this.#byAddress.set(record.address, record);
  }

  /** It is being removed; its address may be somebody else's already. */
  hide(id: AccountId, shard: number): void {
    const record = this.#byId.get(id);
    this.#count(record, -1);
    this.#byId.delete(id);
    if (record !== undefined && this.#byAddress.get(record.address)?.id === id) {
      this.#byAddress.delete(record.address);
      this.domains.count(domainOf(record.address), -1);
    }
    this.#removing.set(id, shard);
  }

  forget(id: AccountId): void {
    this.#gone.set(id, this.shardOf(id));
    this.#removing.delete(id);
  }

  clear(): void {
    for (const record of this.#byId.values()) this.#count(record, -1);
    this.#byAddress.clear();
    this.#byId.clear();
    this.#removing.clear();
    this.domains.clear();
  }

  #count(record: AccountRecord | undefined, sign: 1 | -1): void {
    for (const kind of CREDENTIAL_KINDS)
      this.#withoutProofKeys[kind] += sign * withoutProofKeys(record?.credentials ?? [], kind);
  }

  /** What is not here is nowhere. Throws `unreadable` or `io` when it cannot be known. */
  missing(): undefined {
    if (this.isBehind) throw new StoreError('io', 'whoever writes the accounts cannot be reached');
    if (!this.isPartial) return undefined;
    throw new StoreError('unreadable', `${this.#path}: not all accounts can be read`);
  }
}
