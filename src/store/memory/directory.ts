/** Who may sign in, in memory: numbers are given once, and a removed account leaves its number until it is forgotten. */
import {
  type CredentialChange,
  type CredentialKind,
  isAsExpected,
  REPLACES,
  type StoredCredential,
  withoutProofKeys,
} from '../../mailbox/model/credential.ts';
import { type AccountId, type AccountRecord, asAccountId } from '../../mailbox/model/model.ts';
import { changedOwnLimits } from '../../mailbox/model/quota.ts';
import { type Directory, StoreError } from '../../mailbox/port/store.ts';
import { DomainsInMemory } from '../domains-in-memory.ts';
import { MemoryDomains } from './domains.ts';

/** What stays when the store is closed. */
export class MemoryDirectoryData {
  readonly records = new Map<AccountId, AccountRecord>();
  readonly removing = new Set<AccountId>();
  readonly domains = new DomainsInMemory();
  next = 1;
  nextCredential = 1;
}

export class MemoryDirectory implements Directory {
  readonly #data: MemoryDirectoryData;
  readonly #isClosed: () => boolean;
  readonly domains: MemoryDomains;

  constructor(data: MemoryDirectoryData, isClosed: () => boolean) {
    this.#data = data;
    this.#isClosed = isClosed;
    const addresses = () => [...data.records.values()].map(({ address }) => address);
    this.domains = new MemoryDomains(data.domains, addresses, () => this.#assertOpen());
  }

  async find(address: string): Promise<AccountRecord | undefined> {
    return this.#find(address);
  }

  async get(id: AccountId): Promise<AccountRecord | undefined> {
    return this.#data.records.get(id);
  }

  async list(): Promise<readonly AccountRecord[]> {
    return [...this.#data.records.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  withoutProofKeys(kind: CredentialKind): number {
    const all = [...this.#data.records.values()];
    return all.reduce((sum, { credentials }) => sum + withoutProofKeys(credentials, kind), 0);
  }

  async eldest(): Promise<AccountRecord | undefined> {
    return this.#data.records.values().next().value;
  }

  async isUntouched(): Promise<boolean> {
    return this.#data.next === 1;
  }

  async create(accounts: Parameters<Directory['create']>[0]): Promise<readonly (AccountRecord | 'exists')[]> {
    this.#assertOpen();
    return accounts.map((account) => {
      const { address } = account;
      if (this.#find(address) ?? this.#data.domains.findAlias(address)) return 'exists';
      const record: AccountRecord = {
        ...account,
        credentials: this.#changed([], { put: account.credentials }),
        id: asAccountId(this.#data.next++),
        shard: 0,
        settings: {},
      };
      this.#data.records.set(record.id, record);
      return record;
    });
  }

  async update(
    id: AccountId,
    change: Parameters<Directory['update']>[1],
  ): Promise<AccountRecord | undefined> {
    this.#assertOpen();
    const old = this.#data.records.get(id);
    if (old === undefined || !isAsExpected(old.credentials, change.credentials ?? {})) return undefined;
    const { credentials, settings = {}, ...limits } = change;
    const { quotaBytes: _, quotaMessages: __, quotaMailboxes: ___, ...rest } = old;
    const record: AccountRecord = {
      ...rest,
      ...changedOwnLimits(old, limits),
      credentials: this.#changed(old.credentials, credentials ?? {}),
      settings: without({ ...old.settings, ...settings }),
    };
    this.#data.records.set(id, record);
    return record;
  }

  async remove(id: AccountId): Promise<void> {
    this.#assertOpen();
    if (this.#data.records.delete(id)) this.#data.removing.add(id);
  }

  async removing(): Promise<readonly AccountId[]> {
    return [...this.#data.removing];
  }

  async forget(id: AccountId): Promise<void> {
    this.#assertOpen();
    this.#data.removing.delete(id);
  }

  #changed(
    old: readonly StoredCredential[],
    { put = [], dropped = [] }: CredentialChange,
  ): readonly StoredCredential[] {
    let all = old.filter(({ id }) => !dropped.includes(id));
    for (const one of put) {
      if ('id' in one)
        all = all.map((other) => (other.id === one.id && other.kind === one.kind ? one : other));
      else {
        all = all.filter((other) => !REPLACES[one.kind].includes(other.kind));
        all.push({ ...one, id: this.#data.nextCredential++ });
      }
    }
    return all;
  }

  #find(address: string): AccountRecord | undefined {
    for (const record of this.#data.records.values()) if (record.address === address) return record;
    return undefined;
  }

  #assertOpen(): void {
    if (this.#isClosed()) throw new StoreError('closed', 'the store is closed');
  }
}

/** A setting is removed by a value of undefined. */
function without(settings: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const left = Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(left);
}
