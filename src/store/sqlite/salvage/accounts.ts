/**
 * Who may sign in, in a new database. Accounts whose entries are lost are given back by what the shards know of their owners
 * (see `agreement.ts`), once everything is open; domains whose rows are lost by their keys.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StoreError } from '../../../mailbox/port/store.ts';
import { Database } from '../database.ts';
import { type Register, readRegister } from '../register.ts';
import { ACCOUNTS_SCHEMA } from '../schema/accounts.ts';
import { installationIn } from '../witness.ts';
import { type Rebuilt, raiseSequence, rebuildDatabase } from './rebuild.ts';

export function rebuildAccounts(path: string, stamp: string): Rebuilt {
  const directory = dirname(path);
  const facts = factsOf(directory);
  const registers = shardsIn(directory).map((name) => registerIn(directory, name));
  const installation =
    registers.find(({ identity }) => identity)?.identity?.installation ?? installationIn(directory);
  const numbers = registers.flatMap(({ owners, withMail }) => [
    ...owners.map(({ account }) => account),
    ...withMail,
  ]);
  const derive = (db: Database): void => {
    db.transaction(() => {
      for (const [name, value] of facts)
        db.prepare('INSERT OR IGNORE INTO store VALUES (?, ?)').run(name, value);
      if (hasTable(db, 'identity')) {
        db.exec("INSERT OR IGNORE INTO store VALUES ('changes', 0)");
        db.prepare(
          "INSERT OR IGNORE INTO identity VALUES ('installation', coalesce(?, lower(hex(randomblob(16)))))",
        ).run(installation ?? null);
      }
      if (hasTable(db, 'domain'))
        db.exec(
          `INSERT OR IGNORE INTO domain SELECT domain, min(since), '{}' FROM domain_key GROUP BY domain`,
        );
      const last = db.value('SELECT max(id) FROM account') as number | null;
      raiseSequence(db, 'account', Math.max(last ?? 0, ...numbers));
    });
  };
  return rebuildDatabase(
    path,
    ACCOUNTS_SCHEMA,
    { derive, mayBeEmpty: registers.some(({ owners }) => owners.length > 0) },
    stamp,
  );
}

/** It is of a version that has it. */
function hasTable(db: Database, name: string): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;
}

/**
 * What `store` says of the data folder, from what lies in it. Throws when the last shards are missing, which the others
 * tell: each knows how many there are, and in those of older versions an account is in the shard that its number leaves over
 * when it is divided by that.
 */
export function factsOf(directory: string): ReadonlyMap<string, number> {
  const names = shardsIn(directory);
  const registers = names.map((name) => registerIn(directory, name));
  const said = registers.reduce<number | undefined>(
    (most, { identity }) => (identity === undefined ? most : Math.max(most ?? 1, identity.shards)),
    undefined,
  );
  const count = said ?? names.reduce((most, name) => Math.max(most, numberOf(name) + 1), 1);
  for (const [i, name] of names.entries()) {
    if (said !== undefined || registers[i]?.withMail.every((id) => id % count === numberOf(name))) continue;
    throw new StoreError('io', `${directory}: there were more than ${count} shards; put the others back`);
  }
  const all = Array.from({ length: count }, (_, n) => `shard-${String(n).padStart(2, '0')}`);
  return new Map([['shards', count], ...(names.length === 0 ? [] : all.map((name) => [name, 1] as const))]);
}

function shardsIn(directory: string): readonly string[] {
  const names = readdirSync(directory).filter((name) => /^shard-\d{2}$/.test(name));
  return names.filter((name) => existsSync(join(directory, name, 'meta.db'))).sort();
}

const numberOf = (shard: string): number => Number(shard.slice(-2));

const UNKNOWN: Register = { isReadable: false, identity: undefined, owners: [], withMail: [] };

function registerIn(directory: string, shard: string): Register {
  let db: Database | undefined;
  try {
    db = new Database(join(directory, shard, 'meta.db'));
    return readRegister(db);
  } catch {
    return UNKNOWN;
  } finally {
    db?.close();
  }
}
