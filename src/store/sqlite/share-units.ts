/**
 * Accounts that share with each other, directly or by others, and those of a domain that have a limit together: one process serves them, so they
 * live in one shard and move together.
 */
import { domainOf } from '../../mailbox/model/domains.ts';
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import { hasTotals } from '../../mailbox/model/quota.ts';
import { ANYONE, accountOfIdentity, NEGATIVE } from '../../mailbox/model/shares.ts';
import type { SqliteDirectory } from './directory.ts';
import { accountOfKey } from './keys.ts';
import type { Shard } from './shard.ts';

const SHARES = 'SELECT DISTINCT mailbox, identity FROM share';
/** Lists in lists. */
const MAX_DEPTH = 10;

/** In the order of the first of each; an account that shares with nobody is one by itself. */
export async function shareUnits(
  directory: SqliteDirectory,
  shards: Iterable<Shard>,
  records: readonly AccountRecord[],
): Promise<readonly (readonly AccountRecord[])[]> {
  const sets = new Sets(records.map(({ id }) => id));
  const byAddress = new Map(records.map((record) => [record.address, record.id]));
  const aliases = new Map((await directory.domains.listAliases()).map((one) => [one.address, one.targets]));
  for (const { db } of shards)
    for (const [key, text] of db.prepare(SHARES).all()) {
      const owner = accountOfKey(key as number);
      const name = String(text);
      const identity = name.startsWith(NEGATIVE) ? name.slice(1) : name;
      const account = accountOfIdentity(identity);
      if (identity === ANYONE) for (const { id } of records) sets.join(owner, id);
      else if (account !== undefined) sets.join(owner, account);
      else for (const member of membersOf(identity, byAddress, aliases)) sets.join(owner, member);
    }
  const firsts = new Map<string, AccountId>();
  for (const { id, address } of records) {
    const domain = domainOf(address);
    if (!hasTotals(directory.domains.totalOf(domain))) continue;
    const first = firsts.get(domain) ?? id;
    firsts.set(domain, first);
    sets.join(first, id);
  }
  const units = new Map<AccountId, AccountRecord[]>();
  for (const record of records) {
    const first = sets.firstOf(record.id);
    const unit = units.get(first) ?? [];
    unit.push(record);
    units.set(first, unit);
  }
  return [...units.values()];
}

function membersOf(
  address: string,
  accounts: ReadonlyMap<string, AccountId>,
  aliases: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<AccountId> {
  const members = new Set<AccountId>();
  const visited = new Set<string>();
  let next = [address];
  for (let depth = 0; depth <= MAX_DEPTH && next.length > 0; depth++) {
    const targets: string[] = [];
    for (const one of next) {
      if (visited.has(one)) continue;
      visited.add(one);
      const account = accounts.get(one);
      if (account !== undefined) members.add(account);
      else targets.push(...(aliases.get(one) ?? []));
    }
    next = targets;
  }
  return members;
}

/** Numbers that belong together. */
class Sets {
  readonly #parents: Map<AccountId, AccountId>;

  constructor(members: readonly AccountId[]) {
    this.#parents = new Map(members.map((one) => [one, one]));
  }

  firstOf(one: AccountId): AccountId {
    let at = one;
    for (
      let parent = this.#parents.get(at);
      parent !== undefined && parent !== at;
      parent = this.#parents.get(at)
    )
      at = parent;
    return at;
  }

  /** Of accounts that are gone there is nothing to join. */
  join(one: AccountId, other: AccountId): void {
    if (!this.#parents.has(one) || !this.#parents.has(other)) return;
    const [a, b] = [this.firstOf(one), this.firstOf(other)];
    this.#parents.set(a < b ? b : a, a < b ? a : b);
  }
}
