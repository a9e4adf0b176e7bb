/**
 * What a shard knows of whom its mail belongs to, apart from `accounts.db`: which data directory it is a part of, and the
 * address of every account that was ever made in it. So an `accounts.db` that is lost, older, or another directory's is
 * noticed before anybody is given somebody else's number, and with it somebody else's mail.
 */
import { type AccountId, asAccountId } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { Database } from './database.ts';

export interface Owner {
  readonly account: AccountId;
  /** Undefined: the account was removed, and its mail with it. */
  readonly address: string | undefined;
}

export interface Register {
  /** False: it is damaged, and nobody can say. */
  readonly isReadable: boolean;
  /** Undefined in a shard that no version of this program with a register has opened yet. */
  readonly identity: ShardIdentity | undefined;
  readonly owners: readonly Owner[];
  /** Accounts that have mail here, known by address or not. */
  readonly withMail: readonly AccountId[];
}

export interface ShardIdentity {
  readonly installation: string;
  readonly number: number;
  readonly shards: number;
}

const SQL = {
  hasTables: "SELECT count(*) FROM sqlite_master WHERE name IN ('identity', 'owner')",
  isShard: "SELECT count(*) FROM sqlite_master WHERE name = 'account'",
  identity: 'SELECT key, value FROM identity',
  owners: 'SELECT account, address FROM owner ORDER BY account',
  withMail: 'SELECT id FROM account ORDER BY id',
  setIdentity: 'REPLACE INTO identity VALUES (?, ?)',
  dropOwner: 'DELETE FROM owner WHERE account = ?',
  setOwner: 'REPLACE INTO owner VALUES (?, ?)',
} as const;

const EMPTY: Register = { isReadable: false, identity: undefined, owners: [], withMail: [] };

/** Of any version's shard. What cannot be read for damage is not known; the rest of the store says so. */
export function readRegister(db: Database): Register {
  try {
    if (db.value(SQL.isShard) !== 1) return { ...EMPTY, isReadable: true };
    const withMail = db.prepare(SQL.withMail).all().map(accountOf);
    if (db.value(SQL.hasTables) !== 2) return { ...EMPTY, isReadable: true, withMail };
    const owners = db
      .prepare(SQL.owners)
      .all()
      .map((row) => ({ account: accountOf(row), address: (row[1] as string | null) ?? undefined }));
    return { isReadable: true, identity: identityIn(db), owners, withMail };
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'damaged') throw error;
    return EMPTY;
  }
}

function identityIn(db: Database): ShardIdentity | undefined {
  const facts = new Map(db.prepare(SQL.identity).all() as unknown as [string, string][]);
  const installation = facts.get('installation');
  if (installation === undefined) return undefined;
  return { installation, number: Number(facts.get('number')), shards: Number(facts.get('shards')) };
}

const accountOf = (row: readonly unknown[]): AccountId => asAccountId(row[0] as number);

/** Inside a transaction. */
export function writeIdentity(db: Database, { installation, number, shards }: ShardIdentity): void {
  const set = db.prepare(SQL.setIdentity);
  set.run('installation', installation);
  set.run('number', String(number));
  set.run('shards', String(shards));
}

/** Inside a transaction. */
export function writeOwners(db: Database, owners: readonly Owner[]): void {
  for (const { account, address } of owners) db.prepare(SQL.setOwner).run(account, address ?? null);
}

/** Inside a transaction. */
export function dropOwner(db: Database, account: AccountId): void {
  db.prepare(SQL.dropOwner).run(account);
}
