/** Domains, their keys and aliases: rows of `accounts.db`, kept whole in memory like the accounts. */
import {
  type AliasChange,
  type AliasRecord,
  changedAlias,
  changedKeys,
  type DomainKey,
  type DomainRecord,
  type DomainUse,
  type KeyAlgorithm,
  type KeyChange,
  type KeyState,
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
import { DomainsInMemory } from '../domains-in-memory.ts';
import type { AccountsInMemory } from './accounts-in-memory.ts';
import type { Database, Row } from './database.ts';
import type { DirectoryChange } from './sharded-directory.ts';

/** Those that say which addresses there are come first. */
export const DOMAIN_ROWS = {
  domain: 'SELECT name, created, detail FROM domain',
  alias: 'SELECT address, targets, created FROM alias',
  domain_key: 'SELECT domain, selector, algorithm, state, since, secret, detail FROM domain_key',
} as const;
export type DomainTable = keyof typeof DOMAIN_ROWS;
export const DOMAIN_TABLES = Object.keys(DOMAIN_ROWS) as readonly DomainTable[];

const SQL = {
  create: 'INSERT INTO domain (name, created, detail) VALUES (?, ?, ?)',
  detail: 'UPDATE domain SET detail = ? WHERE name = ?',
  remove: 'DELETE FROM domain WHERE name = ?',
  putKey: `REPLACE INTO domain_key (domain, selector, algorithm, state, since, secret, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  dropKeys: 'DELETE FROM domain_key WHERE domain = ?',
  putAlias: 'REPLACE INTO alias (address, targets, created) VALUES (?, ?, ?)',
  dropAlias: 'DELETE FROM alias WHERE address = ?',
} as const;

export interface DomainRowsParts {
  readonly db: Database;
  readonly accounts: AccountsInMemory;
  /** One counted transaction. */
  write(work: () => void): void;
  sync(): Promise<void>;
  /** Resolves when those who follow have heard of it. */
  tell(change: DirectoryChange): Promise<void>;
}

export class DomainRows implements Domains {
  readonly #parts: DomainRowsParts;
  readonly #memory = new DomainsInMemory();

  constructor(parts: DomainRowsParts, rows: Readonly<Record<DomainTable, readonly Row[]>>) {
    this.#parts = parts;
    const keys = keysByDomain(rows.domain_key);
    for (const [name, createdMs, detail] of rows.domain as [string, number, string][]) {
      const more = JSON.parse(detail) as DomainDetail;
      this.#memory.put(name, { name, createdMs, keys: changedKeys(keys.get(name) ?? [], {}), ...more });
    }
    for (const [address, targets, createdMs] of rows.alias as [string, string, number][])
      this.#memory.putAlias(address, { address, targets: JSON.parse(targets) as string[], createdMs });
  }

  /** What is there now, for those who begin to follow. */
  get snapshot(): { readonly domains: readonly DomainRecord[]; readonly aliases: readonly AliasRecord[] } {
    return { domains: this.#memory.domains, aliases: this.#memory.aliases };
  }

  hasAlias(address: string): boolean {
    return this.#memory.findAlias(address) !== undefined;
  }

  async find(name: string): Promise<DomainRecord | undefined> {
    return this.#memory.find(name) ?? this.#parts.accounts.missing();
  }

  async list(): Promise<readonly DomainRecord[]> {
    return this.#memory.domains;
  }

  async uses(): Promise<readonly DomainUse[]> {
    return this.#memory.uses(this.#parts.accounts.domains);
  }

  async isLocal(name: string): Promise<boolean> {
    const { accounts } = this.#parts;
    const isKnown = this.#memory.has(name) || accounts.domains.has(name);
    if (!isKnown) accounts.missing();
    return isKnown;
  }

  async create(made: DomainRecord): Promise<DomainRecord | 'exists'> {
    const { name, createdMs } = made;
    const keys = changedKeys(made.keys, {});
    const record = { ...made, keys };
    if (this.#memory.find(name) !== undefined) return 'exists';
    this.#parts.write(() => {
      this.#parts.db.prepare(SQL.create).run(name, createdMs, detailOf(record));
      this.#writeKeys(name, keys);
    });
    await this.#settle(name, record);
    return record;
  }

  async changeKeys(name: string, change: KeyChange): Promise<DomainRecord | undefined> {
    const before = this.#memory.find(name);
    if (before === undefined) return undefined;
    const record = { ...before, keys: changedKeys(before.keys, change) };
    this.#parts.write(() => this.#writeKeys(name, record.keys));
    await this.#settle(name, record);
    return record;
  }

  async changeQuota(
    name: string,
    change: LimitChanges,
    total: TotalChanges = {},
  ): Promise<DomainRecord | undefined> {
    const before = this.#memory.find(name);
    if (before === undefined) return undefined;
    const record = {
      ...before,
      quota: changedChoices(before.quota ?? NO_CHOICES, change),
      total: changedTotals(before.total ?? NO_TOTALS, total),
    };
    this.#parts.write(() => this.#parts.db.prepare(SQL.detail).run(detailOf(record), name));
    await this.#settle(name, record);
    return record;
  }

  quotaOf(name: string): LimitChoices {
    return this.#memory.quotaOf(name);
  }

  totalOf(name: string): Totals {
    return this.#memory.totalOf(name);
  }

  async remove(name: string): Promise<void> {
    if (this.#memory.find(name) === undefined) return;
    this.#parts.write(() => {
      this.#writeKeys(name, []);
      this.#parts.db.prepare(SQL.remove).run(name);
    });
    await this.#settle(name, undefined);
  }

  async findAlias(address: string): Promise<AliasRecord | undefined> {
    return this.#memory.findAlias(address) ?? this.#parts.accounts.missing();
  }

  async listAliases(): Promise<readonly AliasRecord[]> {
    return this.#memory.aliases;
  }

  async changeAlias(address: string, change: AliasChange): Promise<AliasRecord | 'account' | undefined> {
    const { db, accounts, write, sync, tell } = this.#parts;
    const before = this.#memory.findAlias(address);
    const record = changedAlias(address, before, change);
    if (record !== undefined && accounts.has(address)) return 'account';
    write(() => {
      if (record === undefined) db.prepare(SQL.dropAlias).run(address);
      else db.prepare(SQL.putAlias).run(address, JSON.stringify(record.targets), record.createdMs);
    });
    this.#memory.putAlias(address, record);
    await sync();
    await tell({ kind: 'alias', address, record: this.#memory.findAlias(address) });
    return record;
  }

  /** In memory as committed; others hear of what there is by then. */
  async #settle(name: string, record: DomainRecord | undefined): Promise<void> {
    this.#memory.put(name, record);
    await this.#parts.sync();
    await this.#parts.tell({ kind: 'domain', name, record: this.#memory.find(name) });
  }

  #writeKeys(name: string, keys: readonly DomainKey[]): void {
    const { db } = this.#parts;
    db.prepare(SQL.dropKeys).run(name);
    for (const { selector, algorithm, state, sinceMs, privateKey, record, seenMs } of keys) {
      const detail = JSON.stringify({ record, seenMs });
      db.prepare(SQL.putKey).run(name, selector, algorithm, state, sinceMs, privateKey, detail);
    }
  }
}

/** As its row has it, in JSON. */
type DomainDetail = Pick<DomainRecord, 'quota' | 'total'>;

function detailOf({ quota, total }: DomainRecord): string {
  const detail: { readonly [Name in keyof Required<DomainDetail>]: DomainDetail[Name] | undefined } = {
    quota,
    total,
  };
  return JSON.stringify(detail);
}

type KeyColumns = [string, string, KeyAlgorithm, KeyState, number, string, string];

function keysByDomain(rows: readonly Row[]): ReadonlyMap<string, readonly DomainKey[]> {
  const byDomain = new Map<string, DomainKey[]>();
  for (const row of rows as unknown as readonly KeyColumns[]) {
    const [domain, selector, algorithm, state, sinceMs, privateKey, detail] = row;
    const rest = JSON.parse(detail) as { record: string; seenMs?: number };
    const keys = byDomain.get(domain) ?? [];
    keys.push({ selector, algorithm, state, sinceMs, privateKey, ...rest });
    byDomain.set(domain, keys);
  }
  return byDomain;
}
