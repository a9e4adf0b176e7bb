/** The rows of whom accounts know. An account has some ten thousand at most, so what concerns all of them is a few milliseconds. */
import type { Correspondence, Correspondent } from '../../mailbox/model/correspondents.ts';
import { KNOWN, SECRET_BYTES } from '../../mailbox/model/correspondents.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import { type CorrespondentCounts, StoreError } from '../../mailbox/port/store.ts';
import { bufferOf, type Database } from './database.ts';
import { accountRange } from './keys.ts';

const SQL = {
  correspondence: 'SELECT secret, unread, version FROM correspondence WHERE id = ?',
  putCorrespondence: 'REPLACE INTO correspondence (id, unread, secret, version) VALUES (?, ?, ?, ?)',
  unmet: `SELECT id FROM account WHERE next_email > 1 AND NOT EXISTS
    (SELECT 1 FROM correspondence c WHERE c.id = account.id << 32 AND c.unread = 0) ORDER BY id`,
  kinds: 'SELECT kinds FROM correspondent WHERE account = ? AND key = ?',
  meet: `INSERT INTO correspondent (account, key, kinds, since) VALUES (?, ?, ?, ?) ON CONFLICT (account, key)
    DO UPDATE SET kinds = kinds | excluded.kinds, since = excluded.since WHERE kinds | excluded.kinds <> kinds`,
  count: 'SELECT total(kinds = ?), total(kinds <> ?) FROM correspondent WHERE account = ?',
  // Of few that go, the rest need not be sorted.
  dropHeard: `DELETE FROM correspondent WHERE account = ?1 AND key IN (SELECT key FROM correspondent
    WHERE account = ?1 AND kinds = ?2 ORDER BY since, key LIMIT ?3)`,
  dropOthers: `DELETE FROM correspondent WHERE account = ?1 AND key IN (SELECT key FROM correspondent
    WHERE account = ?1 AND kinds <> ?2 ORDER BY since, key LIMIT ?3)`,
} as const;

/** Under another one, the keys would be others. */
const VERSION = 1;

/** Throws StoreError `damaged`. */
export function correspondenceOf(db: Database, account: AccountId): Correspondence | undefined {
  const row = db.prepare(SQL.correspondence).get(accountRange(account)[0]);
  if (row === undefined) return undefined;
  const secret = bufferOf(row[0]);
  if (secret.length !== SECRET_BYTES || row[2] !== VERSION)
    throw new StoreError('damaged', 'a row makes no sense');
  return { secret, unread: row[1] as number };
}

export function accountsUnmet(db: Database): readonly AccountId[] {
  return db
    .prepare(SQL.unmet)
    .all()
    .map((row) => row[0] as AccountId);
}

export function putCorrespondence(
  db: Database,
  account: AccountId,
  { secret, unread }: Correspondence,
): void {
  db.prepare(SQL.putCorrespondence).run(accountRange(account)[0], unread, secret, VERSION);
}

export function correspondentKinds(
  db: Database,
  account: AccountId,
  keys: readonly string[],
): readonly number[] {
  const [id] = accountRange(account);
  return keys.map(
    (key) => (db.prepare(SQL.kinds).get(id, Buffer.from(key, 'hex'))?.[0] as number | undefined) ?? 0,
  );
}

export function correspondentCounts(db: Database, account: AccountId): CorrespondentCounts {
  const row = db.prepare(SQL.count).get(KNOWN.Heard, KNOWN.Heard, accountRange(account)[0]);
  const [heard = 0, others = 0] = (row ?? []) as readonly number[];
  return { heard, others };
}

export function meet(db: Database, account: AccountId, rows: readonly Correspondent[]): void {
  const [id] = accountRange(account);
  for (const { key, kinds, since } of rows)
    db.prepare(SQL.meet).run(id, Buffer.from(key, 'hex'), kinds, since);
}

export function pruneCorrespondents(db: Database, account: AccountId, most: CorrespondentCounts): void {
  const [id] = accountRange(account);
  const { heard, others } = correspondentCounts(db, account);
  if (heard > most.heard) db.prepare(SQL.dropHeard).run(id, KNOWN.Heard, heard - most.heard);
  if (others > most.others) db.prepare(SQL.dropOthers).run(id, KNOWN.Heard, others - most.others);
}
