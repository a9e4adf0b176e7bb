/**
 * What `accounts.db` says, as far as it can be read: of a table that SQLite finds damaged every row that is on some page, and
 * the facts from what lies in the folder.
 */
import { dirname } from 'node:path';
import { ALL_CREDENTIALS } from './credentials.ts';
import { Database, isDamage, type Row } from './database.ts';
import { DOMAIN_ROWS, DOMAIN_TABLES, type DomainTable } from './domains.ts';
import { migrate, touchDatabase } from './migrate.ts';
import { factsOf } from './salvage/accounts.ts';
import { readTable } from './salvage/read-table.ts';
import { ACCOUNTS_SCHEMA } from './schema/accounts.ts';

const SQL = {
  all: `SELECT id, address, quota_bytes, quota_messages, created, settings, shard, quota_mailboxes FROM account
    ORDER BY id`,
  installation: "SELECT value FROM identity WHERE key = 'installation'",
  lastNumber: "SELECT seq FROM sqlite_sequence WHERE name = 'account'",
  opened: "INSERT INTO store VALUES ('opened', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1",
} as const;

export interface DirectoryOptions {
  /** Counts only when the directory is made. */
  readonly shards: number;
  /** False when there are shards already: they belong to accounts. */
  readonly mayBeEmpty: boolean;
  readonly onFatal: (error: Error) => void;
  readonly onTrouble: (error: Error) => void;
}

/** What the database says, as far as it can be read. */
export interface ReadDirectory {
  readonly rows: readonly Row[];
  readonly credentials: readonly Row[];
  readonly domains: Readonly<Record<DomainTable, readonly Row[]>>;
  /** Not all of them, perhaps. */
  readonly isPartial: boolean;
  readonly isDamaged: boolean;
  readonly facts: ReadonlyMap<string, number> | undefined;
}

/** No connection stays open: what SQLite cannot read is read from the file. */
export function readAccounts(
  path: string,
  { mayBeEmpty, onTrouble }: DirectoryOptions,
): Omit<ReadDirectory, 'facts'> {
  const db = new Database(path);
  let rows: readonly Row[] | undefined;
  let credentials: readonly Row[] | undefined;
  const domains: Partial<Record<DomainTable, readonly Row[]>> = {};
  try {
    migrate(db, ACCOUNTS_SCHEMA, { mayBeEmpty });
    rows = db.prepare(SQL.all).all();
    for (const table of DOMAIN_TABLES) domains[table] = db.prepare(DOMAIN_ROWS[table]).all();
    credentials = db.prepare(ALL_CREDENTIALS).all();
    for (const sql of [SQL.installation, SQL.lastNumber]) db.value(sql);
    return { rows, credentials, domains: whole(domains), isPartial: false, isDamaged: false };
  } catch (error) {
    if (!isDamage(error) || !hasSchema(db)) throw error;
    onTrouble(error);
  } finally {
    db.close();
  }
  // Nobody is told that there is no such address, when it may be an alias that cannot be read.
  const isPartial = [rows, domains.domain, domains.alias].includes(undefined);
  rows ??= readTable(path, ACCOUNTS_SCHEMA, 'account');
  credentials ??= readTable(path, ACCOUNTS_SCHEMA, 'credential');
  for (const table of DOMAIN_TABLES) domains[table] ??= readTable(path, ACCOUNTS_SCHEMA, table);
  return { rows, credentials, domains: whole(domains), isPartial, isDamaged: true };
}

function whole(domains: Partial<Record<DomainTable, readonly Row[]>>): ReadDirectory['domains'] {
  const { domain = [], domain_key = [], alias = [] } = domains;
  return { domain, domain_key, alias };
}

/** It is a database of ours of which a table is damaged. */
function hasSchema(db: Database): boolean {
  try {
    return (
      db.value("SELECT count(*) FROM sqlite_schema WHERE name IN ('account', 'store', 'identity')") === 3
    );
  } catch {
    return false;
  }
}

/** The first write of every opening. Undefined when the facts are in the database. */
export function writeFacts(
  db: Database,
  { shards, onTrouble }: DirectoryOptions,
): ReadonlyMap<string, number> | undefined {
  try {
    db.prepare('INSERT OR IGNORE INTO store VALUES (?, ?)').run('shards', shards);
    db.transaction(() => {
      touchDatabase(db);
      db.exec(SQL.opened);
    });
    return undefined;
  } catch (error) {
    if (!isDamage(error)) throw error;
    onTrouble(error);
  }
  touchDatabase(db);
  return factsOf(dirname(db.path));
}
