/** The rows of rules: scripts of an account, what they remember, and what they did. All reads are short: an account has few. */
import type { AccountId } from '../../mailbox/model/model.ts';
import {
  MEMORY_KEY_BYTES,
  type Memory,
  type RuleEntry,
  SCRIPT_ROLES,
  type ScriptRole,
  type ScriptRow,
} from '../../mailbox/model/rules.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import { bufferOf, type Database, type Row } from './database.ts';
import { accountRange } from './keys.ts';

const SQL = {
  scripts:
    'SELECT id, role, name, active, size, hash, changed FROM script WHERE id BETWEEN ? AND ? ORDER BY id',
  text: 'SELECT text FROM script WHERE id = ?',
  update: 'UPDATE script SET role = ?, name = ?, active = ?, size = ?, hash = ?, changed = ? WHERE id = ?',
  put: `REPLACE INTO script (role, name, active, size, hash, changed, id, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  drop: 'DELETE FROM script WHERE id = ?',
  memories: `SELECT key, rest, until FROM remembered WHERE (key, rest) > (?, ?) AND key <= ?
    ORDER BY key, rest LIMIT ?`,
  remember: 'REPLACE INTO remembered (key, rest, until) VALUES (?, ?, ?)',
  forget: 'DELETE FROM remembered WHERE key = ? AND rest = ?',
  entries: 'SELECT at, entry FROM rule_entry WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?',
  addEntry: `INSERT INTO rule_entry (id, at, entry)
    SELECT coalesce(max(id), ?1) + 1, ?3, ?4 FROM rule_entry WHERE id BETWEEN ?1 AND ?2`,
  pruneOld: 'DELETE FROM rule_entry WHERE id BETWEEN ? AND ? AND at < ?',
  pruneMany: `DELETE FROM rule_entry WHERE id BETWEEN ?1 AND ?2 AND id <=
    (SELECT id FROM rule_entry WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)`,
} as const;

const KEY_DIGITS = 2 * MEMORY_KEY_BYTES;
const FIRST_DIGITS = 8;

export function scriptsOf(db: Database, account: AccountId): readonly ScriptRow[] {
  const [first, last] = accountRange(account);
  return db
    .prepare(SQL.scripts)
    .all(first, last)
    .map((row) => scriptRow(row, first));
}

function scriptRow([id, role, name, active, sizeBytes, hash, changedMs]: Row, first: number): ScriptRow {
  if (!SCRIPT_ROLES.includes(role as ScriptRole) || typeof name !== 'string')
    throw new StoreError('damaged', 'a row makes no sense');
  return {
    id: (id as number) - first,
    role: role as ScriptRole,
    name,
    isActive: active === 1,
    sizeBytes: sizeBytes as number,
    hash: hash as string,
    changedMs: changedMs as number,
  };
}

export function scriptText(db: Database, account: AccountId, id: number): Buffer | undefined {
  const row = db.prepare(SQL.text).get(accountRange(account)[0] + id);
  return row && bufferOf(row[0]);
}

export function putScript(db: Database, account: AccountId, row: ScriptRow, text: Buffer | undefined): void {
  const id = accountRange(account)[0] + row.id;
  const values = [row.role, row.name, Number(row.isActive), row.sizeBytes, row.hash, row.changedMs, id];
  if (text !== undefined) db.prepare(SQL.put).run(...values, text);
  else db.prepare(SQL.update).run(...values);
}

export function dropScript(db: Database, account: AccountId, id: number): void {
  db.prepare(SQL.drop).run(accountRange(account)[0] + id);
}

export function memoriesAfter(
  db: Database,
  account: AccountId,
  after: string,
  limit: number,
): readonly Memory[] {
  const [first, last] = accountRange(account);
  const from = after === '' ? ([first, -1] as const) : keyOf(account, after);
  return db
    .prepare(SQL.memories)
    .all(...from, last, limit)
    .map(([key, rest, untilMs]) => {
      const digits =
        hex((key as number) - first, FIRST_DIGITS) + hex(rest as number, KEY_DIGITS - FIRST_DIGITS);
      return { key: digits, untilMs: untilMs as number };
    });
}

export function remember(db: Database, account: AccountId, { key, untilMs }: Memory): void {
  db.prepare(SQL.remember).run(...keyOf(account, key), untilMs);
}

export function forget(db: Database, account: AccountId, keys: readonly string[]): void {
  for (const key of keys) db.prepare(SQL.forget).run(...keyOf(account, key));
}

export function lastRuleEntries(db: Database, account: AccountId, limit: number): readonly RuleEntry[] {
  const rows = db.prepare(SQL.entries).all(...accountRange(account), limit);
  return rows
    .map(([atMs, entry]) => ({ atMs: atMs as number, text: bufferOf(entry).toString('utf8') }))
    .reverse();
}

export function addRuleEntry(db: Database, account: AccountId, { atMs, text }: RuleEntry): void {
  db.prepare(SQL.addEntry).run(...accountRange(account), atMs, Buffer.from(text, 'utf8'));
}

export function pruneRuleEntries(db: Database, account: AccountId, beforeMs: number, most: number): void {
  const range = accountRange(account);
  db.prepare(SQL.pruneOld).run(...range, beforeMs);
  db.prepare(SQL.pruneMany).run(...range, most);
}

/** Six octets are below 2^53. */
function keyOf(account: AccountId, key: string): readonly [number, number] {
  const first = Number.parseInt(key.slice(0, FIRST_DIGITS), 16);
  return [accountRange(account)[0] + first, Number.parseInt(key.slice(FIRST_DIGITS, KEY_DIGITS), 16)];
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
