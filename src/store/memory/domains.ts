/** Domains, aliases and keys, in memory. */
import {
  type AliasChange,
  type AliasRecord,
  changedAlias,
  changedKeys,
  type DomainRecord,
  type DomainUse,
  domainOf,
  type KeyChange,
} from '../../mailbox/model/domains.ts';
import {
  changedChoices,
  changedTotals,
  type LimitChanges,
  type LimitChoices,
  NO_CHOICES,
  NO_TOTALS,
  type TotalChanges,
  type Totals,
} from '../../mailbox/model/quota.ts';
import type { Domains } from '../../mailbox/port/domains.ts';
import { CountedNames, type DomainsInMemory } from '../domains-in-memory.ts';

export class MemoryDomains implements Domains {
  readonly #data: DomainsInMemory;
  readonly #addresses: () => readonly string[];
  readonly #assertOpen: () => void;

  /** `addresses`: of all accounts. */
  constructor(data: DomainsInMemory, addresses: () => readonly string[], assertOpen: () => void) {
    this.#data = data;
    this.#addresses = addresses;
    this.#assertOpen = assertOpen;
  }

  async find(name: string): Promise<DomainRecord | undefined> {
    return this.#data.find(name);
  }

  async list(): Promise<readonly DomainRecord[]> {
    return this.#data.domains;
  }

  async isLocal(name: string): Promise<boolean> {
    return this.#data.has(name) || this.#addresses().some((address) => domainOf(address) === name);
  }

  async uses(): Promise<readonly DomainUse[]> {
    const accounts = new CountedNames();
    for (const address of this.#addresses()) accounts.count(domainOf(address), 1);
    return this.#data.uses(accounts);
  }

  async create(record: DomainRecord): Promise<DomainRecord | 'exists'> {
    this.#assertOpen();
    if (this.#data.find(record.name) !== undefined) return 'exists';
    const made = { ...record, keys: changedKeys(record.keys, {}) };
    this.#data.put(made.name, made);
    return made;
  }

  async changeKeys(name: string, change: KeyChange): Promise<DomainRecord | undefined> {
    this.#assertOpen();
    const before = this.#data.find(name);
    if (before === undefined) return undefined;
    const record = { ...before, keys: changedKeys(before.keys, change) };
    this.#data.put(name, record);
    return record;
  }

  async changeQuota(
    name: string,
    change: LimitChanges,
    total: TotalChanges = {},
  ): Promise<DomainRecord | undefined> {
    this.#assertOpen();
    const before = this.#data.find(name);
    if (before === undefined) return undefined;
    const record = {
      ...before,
      quota: changedChoices(before.quota ?? NO_CHOICES, change),
      total: changedTotals(before.total ?? NO_TOTALS, total),
    };
    this.#data.put(name, record);
    return record;
  }

  quotaOf(name: string): LimitChoices {
    return this.#data.quotaOf(name);
  }

  totalOf(name: string): Totals {
    return this.#data.totalOf(name);
  }

  async remove(name: string): Promise<void> {
    this.#assertOpen();
    this.#data.put(name, undefined);
  }

  async findAlias(address: string): Promise<AliasRecord | undefined> {
    return this.#data.findAlias(address);
  }

  async listAliases(): Promise<readonly AliasRecord[]> {
    return this.#data.aliases;
  }

  async changeAlias(address: string, change: AliasChange): Promise<AliasRecord | 'account' | undefined> {
    this.#assertOpen();
    const record = changedAlias(address, this.#data.findAlias(address), change);
    if (record !== undefined && this.#addresses().includes(address)) return 'account';
    this.#data.putAlias(address, record);
    return record;
  }
}
