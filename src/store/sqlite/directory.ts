/**
 * Who may sign in: `accounts.db`, kept whole in memory because this process is its only writer and every sign-in and
 * every delivery asks. A change is in memory when it is committed and answered when it is durable.
 *
 * Changes are rare, so its log is moved into the database by SQLite itself, on the thread that commits. They are counted:
 * the witness knows how many there were, and a copy that has fewer is an older one.
 *
 * When a table is damaged, the server runs all the same: facts follow from the folder, accounts are those that are on some
 * page. Whoever is not among them may be there nevertheless, so nobody is told that he is not: his mail would be sent back.
 */
import { dirname } from 'node:path';
import { type CredentialKind, isAsExpected } from '../../mailbox/model/credential.ts';
import {
  type AccountId,
  type AccountRecord,
  asAccountId,
  MAX_ACCOUNT_ID,
} from '../../mailbox/model/model.ts';
import { asOwnLimits, changedOwnLimits, hasTotals, ownChoices } from '../../mailbox/model/quota.ts';
import { type Directory, StoreError } from '../../mailbox/port/store.ts';
import { changed, limitColumns, recordOf } from './account-record.ts';
import { AccountsInMemory } from './accounts-in-memory.ts';
import {
  ALL_CREDENTIALS,
  changeCredentials,
  credentialsByAccount,
  dropCredentials,
  restoreCredentials,
} from './credentials.ts';
import { Database, isDamage } from './database.ts';
import { type DirectoryOptions, type ReadDirectory, readAccounts, writeFacts } from './directory-reading.ts';
import { DomainRows } from './domains.ts';
import { FileGuard } from './file-guard.ts';
import { assertLogMatches } from './log-match.ts';
import { tune } from './migrate.ts';
import { ShardPlaces } from './shard-places.ts';
import type { DirectoryChange, DirectorySnapshot, ShardedDirectory } from './sharded-directory.ts';
import { syncParent, WalSync } from './wal-sync.ts';
import { installationIn } from './witness.ts';

const SQL = {
  all: `SELECT id, address, quota_bytes, quota_messages, created, settings, shard, quota_mailboxes FROM account
    ORDER BY id`,
  lastId: `SELECT seq FROM sqlite_sequence WHERE name = 'account' AND seq > 0`,
  insert: `INSERT INTO account (address, quota_bytes, quota_messages, quota_mailboxes, created, settings, shard)
    VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  update: `UPDATE account SET quota_bytes = ?, quota_messages = ?, quota_mailboxes = ?, settings = ? WHERE id = ?`,
  place: 'UPDATE account SET shard = ? WHERE id = ?',
  hide: 'UPDATE account SET address = NULL WHERE id = ?',
  forget: 'DELETE FROM account WHERE id = ? AND address IS NULL',
  fact: 'SELECT value FROM store WHERE key = ?',
  setFact: 'REPLACE INTO store VALUES (?, ?)',
  count: "UPDATE store SET value = value + 1 WHERE key = 'changes'",
  countFrom: "UPDATE store SET value = max(value, ?) WHERE key = 'changes'",
  installation: "SELECT value FROM identity WHERE key = 'installation'",
  setInstallation: "UPDATE identity SET value = ? WHERE key = 'installation'",
  restore: `INSERT INTO account (id, address, quota_bytes, quota_messages, quota_mailboxes, created, settings, shard)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  lastNumber: "SELECT seq FROM sqlite_sequence WHERE name = 'account'",
  raiseNumber: "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'account'",
  firstNumber: "INSERT INTO sqlite_sequence (name, seq) VALUES ('account', ?)",
} as const;

export interface RestoredFacts {
  readonly installation: string;
  readonly changes: number;
}

export class SqliteDirectory implements ShardedDirectory {
  readonly #db: Database;
  readonly #wal: WalSync;
  readonly #accounts: AccountsInMemory;
  readonly #guard: FileGuard;
  readonly domains: DomainRows;
  readonly shards: number;
  /** Instead of those in the database, when these cannot be read. */
  readonly #facts: ReadonlyMap<string, number> | undefined;
  readonly isDamaged: boolean;
  #changes: number;
  #isClosed = false;
  /** Told of how many changes are durable, before they are answered. */
  onDurable: (changes: number) => void = () => {};
  onCreated: (accounts: readonly AccountRecord[]) => Promise<void> = async () => {};
  onForget: (account: AccountId) => Promise<void> = async () => {};
  /** Something changed and is durable; it is answered when those who follow have heard of it. */
  onChanged: (change: DirectoryChange) => Promise<void> = async () => {};

  private constructor(db: Database, wal: WalSync, { isPartial, isDamaged, facts, ...read }: ReadDirectory) {
    this.#db = db;
    this.#wal = wal;
    this.#facts = facts;
    this.isDamaged = isDamaged || facts !== undefined;
    this.#changes = this.fact('changes') ?? 0;
    this.shards = this.fact('shards') ?? 1;
    this.#accounts = new AccountsInMemory(this.shards, db.path, isPartial);
    this.#guard = new FileGuard(db, wal, { isCheckpointing: () => false });
    wal.watch = {
      progress: () => this.#changes,
      onDurable: (changes) => this.onDurable(changes),
      fault: () => this.#guard.fault(),
    };
    this.#load(read);
    const write = (work: () => void): void => this.#write(work);
    const sync = () => this.#wal.sync();
    const tell = (change: DirectoryChange) => this.onChanged(change);
    this.domains = new DomainRows({ db, accounts: this.#accounts, write, sync, tell }, read.domains);
  }

  #load({ rows, credentials }: Pick<ReadDirectory, 'rows' | 'credentials'>): void {
    const byAccount = credentialsByAccount(credentials);
    this.#accounts.clear();
    for (const row of rows) {
      const shard = (row[6] as number | null | undefined) ?? (row[0] as number) % this.shards;
      if (row[1] === null) this.#accounts.hide(asAccountId(row[0] as number), shard);
      else this.#accounts.put(recordOf(row, shard, byAccount.get(row[0] as number) ?? []));
    }
  }

  static async open(path: string, options: DirectoryOptions): Promise<SqliteDirectory> {
    assertLogMatches(path);
    const read = readAccounts(path, options);
    const db = new Database(path);
    try {
      tune(db, { isAutoCheckpointed: true });
      const facts = writeFacts(db, options);
      const wal = new WalSync(db.path, options.onFatal);
      await wal.sync();
      syncParent(path);
      return new SqliteDirectory(db, wal, { ...read, facts });
    } catch (error) {
      db.close();
      throw error;
    }
  }

  async find(address: string): Promise<AccountRecord | undefined> {
    return this.#accounts.find(address);
  }

  async get(id: AccountId): Promise<AccountRecord | undefined> {
    return this.#accounts.get(id);
  }

  async list(): Promise<readonly AccountRecord[]> {
    return this.#accounts.byAddress;
  }

  withoutProofKeys(kind: CredentialKind): number {
    return this.#accounts.withoutProofKeys(kind);
  }

  async eldest(): Promise<AccountRecord | undefined> {
    return this.#accounts.eldest;
  }

  async isUntouched(): Promise<boolean> {
    return this.#accounts.all.length === 0 && this.#db.prepare(SQL.lastId).get() === undefined;
  }

  async create(accounts: Parameters<Directory['create']>[0]): Promise<readonly (AccountRecord | 'exists')[]> {
    const taken = new Set<string>();
    const places = new ShardPlaces(this.shards, this.#accounts.all, (domain) =>
      hasTotals(this.domains.totalOf(domain)),
    );
    const results = this.#write(() =>
      accounts.map((account): AccountRecord | 'exists' => {
        const { address } = account;
        if (this.#accounts.has(address) || this.domains.hasAlias(address) || taken.has(address))
          return 'exists';
        taken.add(address);
        return this.#insert(account, places.take(address));
      }),
    );
    const created = results.filter((result) => result !== 'exists');
    for (const record of created) this.#accounts.put(record);
    await this.#wal.sync();
    if (created.length > 0) await this.onCreated(created);
    for (const { id } of created) {
      const record = this.#accounts.peek(id); // it may have been changed or removed since
      if (record !== undefined) await this.onChanged({ kind: 'put', record });
    }
    return results;
  }

  async update(
    id: AccountId,
    change: Parameters<Directory['update']>[1],
  ): Promise<AccountRecord | undefined> {
    const old = this.#accounts.peek(id);
    if (old === undefined || !isAsExpected(old.credentials, change.credentials ?? {})) return undefined;
    const limits = changedOwnLimits(old, change);
    const settings = changed(old.settings, change.settings ?? {});
    const credentials = this.#write(() => {
      this.#db.prepare(SQL.update).run(...limitColumns(limits), JSON.stringify(settings), id);
      const { credentials } = change;
      return credentials === undefined ? old.credentials : changeCredentials(this.#db, id, credentials);
    });
    const { address, createdMs, shard } = old;
    const record = { id, address, credentials, createdMs, shard, settings, ...limits };
    this.#accounts.put(record);
    await this.#wal.sync();
    await this.onChanged({ kind: 'put', record });
    return record;
  }

  /** Its mail is there now. While nobody is served. */
  async place(id: AccountId, shard: number): Promise<void> {
    const record = this.#accounts.peek(id);
    if (record === undefined) return;
    this.#write(() => this.#db.prepare(SQL.place).run(shard, id));
    this.#accounts.put({ ...record, shard });
    await this.#wal.sync();
  }

  async remove(id: AccountId): Promise<void> {
    const record = this.#accounts.peek(id);
    if (record === undefined) return;
    this.#write(() => {
      this.#db.prepare(SQL.hide).run(id);
      dropCredentials(this.#db, id);
    });
    this.#accounts.hide(id, record.shard);
    await this.#wal.sync();
    await this.onChanged({ kind: 'removing', id, shard: record.shard });
  }

  async removing(): Promise<readonly AccountId[]> {
    return [...this.#accounts.removing.keys()];
  }

  async forget(id: AccountId): Promise<void> {
    await this.onForget(id);
    this.#write(() => this.#db.prepare(SQL.forget).run(id));
    this.#accounts.forget(id);
    await this.#wal.sync();
    await this.onChanged({ kind: 'forgotten', id });
  }

  /** About the data directory: how many shards there are. */
  fact(key: string): number | undefined {
    if (this.#facts !== undefined) return this.#facts.get(key);
    return this.#db.prepare(SQL.fact).get(key)?.[0] as number | undefined;
  }

  async setFact(key: string, value: number): Promise<void> {
    this.#write(() => this.#db.prepare(SQL.setFact).run(key, value));
    await this.#wal.sync();
  }

  shardOf(id: AccountId): number {
    return this.#accounts.shardOf(id);
  }

  get installation(): string {
    try {
      return this.#db.value(SQL.installation) as string;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return installationIn(dirname(this.#db.path)) ?? 'unknown';
    }
  }

  get changes(): number {
    return this.#changes;
  }

  get numbers(): ReadonlyMap<AccountId, string | undefined> {
    return this.#accounts.numbers;
  }

  /** New accounts get numbers above this one. */
  async raiseNumbers(last: AccountId): Promise<void> {
    const found = this.#db.value(SQL.lastNumber) as number | null;
    if ((found ?? 0) >= last) return;
    this.#write(() => this.#db.prepare(found === null ? SQL.firstNumber : SQL.raiseNumber).run(last));
    await this.#wal.sync();
  }

  /** For mending alone: these accounts instead of those that are there, one change above all that there were. */
  async replace(accounts: readonly AccountRecord[], restored: RestoredFacts): Promise<void> {
    this.#write(() => {
      this.#db.exec('DELETE FROM account WHERE address IS NOT NULL; DELETE FROM credential');
      for (const one of accounts) {
        const { id, address, createdMs, settings, shard } = one;
        const limits = limitColumns(one);
        this.#db.prepare(SQL.restore).run(id, address, ...limits, createdMs, JSON.stringify(settings), shard);
        restoreCredentials(this.#db, id, one.credentials);
      }
      this.#db.prepare(SQL.setInstallation).run(restored.installation);
      this.#db.prepare(SQL.countFrom).run(restored.changes);
    });
    this.#changes = this.fact('changes') ?? 0;
    const [rows, credentials] = [SQL.all, ALL_CREDENTIALS].map((sql) => this.#db.prepare(sql).all());
    this.#load({ rows: rows ?? [], credentials: credentials ?? [] });
    await this.#wal.sync();
  }

  look(): void {
    this.#wal.look();
  }

  /** What SQLite finds wrong with the file. */
  check(): readonly string[] {
    try {
      const rows = this.#db.prepare('PRAGMA integrity_check(20)').all();
      return rows.map((row) => row[0] as string).filter((line) => line !== 'ok');
    } catch (error) {
      return [(error as Error).message];
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#wal.close();
    this.#db.close();
  }

  #write<T>(work: () => T): T {
    if (this.#isClosed) throw new StoreError('closed', 'the store is closed');
    if (this.#wal.failure) throw this.#wal.failure;
    const result = this.#db.transaction(() => {
      this.#db.prepare(SQL.count).run();
      return work();
    });
    this.#changes++;
    this.#guard.renew(); // SQLite may have moved the log
    return result;
  }

  #insert(account: Parameters<Directory['create']>[0][number], shard: number): AccountRecord {
    const { address, createdMs } = account;
    const limits = limitColumns(account);
    const row = this.#db.prepare(SQL.insert).get(address, ...limits, createdMs, '{}', shard);
    const id = asAccountId(row?.[0] as number);
    if (id > MAX_ACCOUNT_ID) throw new StoreError('full', 'there are no account numbers left');
    const credentials = changeCredentials(this.#db, id, { put: account.credentials });
    const said = asOwnLimits(ownChoices(account));
    return { id, address, credentials, createdMs, shard, settings: {}, ...said };
  }

  snapshot(): DirectorySnapshot {
    const { installation, shards, changes, isDamaged } = this;
    const all = { records: this.#accounts.all, removing: [...this.#accounts.removing] };
    const { isPartial } = this.#accounts;
    return { installation, shards, changes, isDamaged, isPartial, ...all, ...this.domains.snapshot };
  }
}
