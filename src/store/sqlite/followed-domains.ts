/** Domains and aliases in a process that does not write them: `followed-directory.ts` keeps the copy up to date. */
import { isDeepStrictEqual } from 'node:util';
import type { AliasRecord, DomainRecord, DomainUse } from '../../mailbox/model/domains.ts';
import type { LimitChoices, Totals } from '../../mailbox/model/quota.ts';
import type { DomainChanges, Domains } from '../../mailbox/port/domains.ts';
import { DomainsInMemory } from '../domains-in-memory.ts';
import type { AccountsInMemory } from './accounts-in-memory.ts';
import type { DirectoryChange, DirectorySnapshot } from './sharded-directory.ts';

type DomainsChange = Extract<DirectoryChange, { kind: 'domain' | 'alias' }>;
type DomainsSnapshot = Pick<DirectorySnapshot, 'domains' | 'aliases' | 'isPartial'>;

export class FollowedDomains implements Domains {
  readonly #memory = new DomainsInMemory();
  readonly #writer: DomainChanges;
  readonly #accounts: AccountsInMemory;

  constructor({ domains, aliases }: DomainsSnapshot, writer: DomainChanges, accounts: AccountsInMemory) {
    this.#writer = writer;
    this.#accounts = accounts;
    for (const record of domains) this.#memory.put(record.name, record);
    for (const record of aliases) this.#memory.putAlias(record.address, record);
  }

  apply(change: DomainsChange): void {
    if (change.kind === 'domain') this.#memory.put(change.name, change.record);
    else this.#memory.putAlias(change.address, change.record);
  }

  /** What has to be applied to have what the snapshot has. Of one that is not whole nobody knows what is gone. */
  differencesFrom({ domains, aliases, isPartial }: DomainsSnapshot): readonly DomainsChange[] {
    const changes: DomainsChange[] = [];
    for (const record of domains)
      if (!isDeepStrictEqual(this.#memory.find(record.name), record))
        changes.push({ kind: 'domain', name: record.name, record });
    for (const record of aliases)
      if (!isDeepStrictEqual(this.#memory.findAlias(record.address), record))
        changes.push({ kind: 'alias', address: record.address, record });
    if (isPartial) return changes;
    const there = new Set([...domains.map(({ name }) => name), ...aliases.map(({ address }) => address)]);
    for (const { name } of this.#memory.domains)
      if (!there.has(name)) changes.push({ kind: 'domain', name, record: undefined });
    for (const { address } of this.#memory.aliases)
      if (!there.has(address)) changes.push({ kind: 'alias', address, record: undefined });
    return changes;
  }

  async find(name: string): Promise<DomainRecord | undefined> {
    return this.#memory.find(name) ?? this.#accounts.missing();
  }

  async list(): Promise<readonly DomainRecord[]> {
    return this.#memory.domains;
  }

  async uses(): Promise<readonly DomainUse[]> {
    return this.#memory.uses(this.#accounts.domains);
  }

  async isLocal(name: string): Promise<boolean> {
    const isKnown = this.#memory.has(name) || this.#accounts.domains.has(name);
    if (!isKnown) this.#accounts.missing();
    return isKnown;
  }

  async findAlias(address: string): Promise<AliasRecord | undefined> {
    return this.#memory.findAlias(address) ?? this.#accounts.missing();
  }

  async listAliases(): Promise<readonly AliasRecord[]> {
    return this.#memory.aliases;
  }

  create(...args: Parameters<Domains['create']>): ReturnType<Domains['create']> {
    return this.#writer.create(...args);
  }

  changeKeys(...args: Parameters<Domains['changeKeys']>): ReturnType<Domains['changeKeys']> {
    return this.#writer.changeKeys(...args);
  }

  changeQuota(...args: Parameters<Domains['changeQuota']>): ReturnType<Domains['changeQuota']> {
    return this.#writer.changeQuota(...args);
  }

  quotaOf(name: string): LimitChoices {
    return this.#memory.quotaOf(name);
  }

  totalOf(name: string): Totals {
    return this.#memory.totalOf(name);
  }

  remove(name: string): Promise<void> {
    return this.#writer.remove(name);
  }

  changeAlias(...args: Parameters<Domains['changeAlias']>): ReturnType<Domains['changeAlias']> {
    return this.#writer.changeAlias(...args);
  }
}
