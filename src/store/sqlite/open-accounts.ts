/** `accounts.db` of a data directory that is being opened, and what is said when it is not there. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreError, StoreProblem } from '../../mailbox/port/store.ts';
import { disagreementError } from './agreement.ts';
import { SqliteDirectory } from './directory.ts';
import { factsOf, rebuildAccounts } from './salvage/accounts.ts';
import { openDamaged } from './salvage/open-damaged.ts';
import { Shard } from './shard.ts';

export interface AccountsOptions {
  readonly directory: string;
  /** Only for a directory that is being made. */
  readonly shards: number;
  /** Accounts that are lost or damaged are made anew from what there is. */
  readonly mends: boolean;
  readonly onFatal: (error: Error) => void;
  readonly onTrouble: (error: Error) => void;
}

/** An `accounts.db` that is missing beside mail is lost; beginning an empty one would give its numbers out again. */
export async function openAccounts(
  options: AccountsOptions,
  repairs: StoreProblem[],
): Promise<SqliteDirectory> {
  const { directory, shards: wanted, mends, onFatal, onTrouble } = options;
  const path = join(directory, 'accounts.db');
  const present = shardsIn(directory);
  const asked = { onFatal, onTrouble };
  if (present.length === 0 || isThere(path) || !mends) {
    if (present.length > 0 && !isThere(path)) throw missingAccounts(directory, present);
    const mayBeEmpty = present.length === 0 || mends;
    const open = () => SqliteDirectory.open(path, { shards: wanted, mayBeEmpty, ...asked });
    const rebuild = (stamp: string) => rebuildAccounts(path, stamp);
    return openDamaged({ path, name: 'accounts.db', open, rebuild }, mends ? repairs : undefined);
  }
  const facts = factsOf(directory);
  const shards = facts.get('shards') ?? present.length;
  const accounts = await SqliteDirectory.open(path, { shards, mayBeEmpty: true, ...asked });
  for (const name of present) await accounts.setFact(name, 1);
  return accounts;
}

function missingAccounts(directory: string, present: readonly string[]): StoreError {
  const facts = present.map((name) => {
    const { owners, withMail } = Shard.registerIn(join(directory, name));
    const addresses = owners.flatMap(({ address }) => address ?? []);
    const known =
      addresses.length > 0
        ? `: ${addresses.slice(0, 5).join(', ')}${addresses.length > 5 ? ', ...' : ''}`
        : '';
    const count = Math.max(withMail.length, addresses.length);
    return `accounts.db is missing, and ${name} holds mail of ${count} ${count === 1 ? 'account' : 'accounts'}${known}`;
  });
  return disagreementError(directory, { facts, isMendable: true });
}

/** With something in it, or in its log. */
export function isThere(path: string): boolean {
  return [path, `${path}-wal`].some((it) => (statSync(it, { throwIfNoEntry: false })?.size ?? 0) > 0);
}

function shardsIn(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => /^shard-\d\d$/.test(name));
  return names.filter((name) => isThere(join(directory, name, 'meta.db'))).sort();
}
