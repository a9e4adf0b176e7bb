/**
 * More shards for a data directory, and its accounts spread over them, or some accounts brought into one: for data that was made for one
 * process, and for people who share. Nobody is served meanwhile. It can be stopped at any moment, and goes on where it was when it is run
 * again. Accounts that share with each other stay together.
 */
import { domainOf } from '../../mailbox/model/domains.ts';
import type { AccountRecord } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { SqliteDirectory } from './directory.ts';
import { type MoveStep, moveAccount, sweepAway } from './move-account.ts';
import { closeParts, type OpenedParts, openParts, type SqliteStoreOptions } from './opening.ts';
import type { Register } from './register.ts';
import type { Shard } from './shard.ts';
import { shareUnits } from './share-units.ts';

export interface ReshardReport {
  readonly shards: number;
  readonly moved: number;
  /** Stays where it is, and why. */
  readonly stayed: readonly { readonly address: string; readonly why: string }[];
}

export interface ReshardOptions extends Omit<SqliteStoreOptions, 'shards' | 'share' | 'mends'> {
  /** No fewer than there are. */
  readonly shards: number;
  readonly onMoved?: (address: string, from: number, to: number) => void;
  /** For tests. */
  readonly onStep?: (step: MoveStep) => void;
}

export async function reshard({ shards, ...options }: ReshardOptions): Promise<ReshardReport> {
  await grow(options, shards);
  const parts = await openParts(options, {});
  try {
    const directory = parts.directory as SqliteDirectory;
    await sweep(parts);
    const units = await shareUnits(directory, parts.shards.values(), await directory.list());
    return { shards, ...(await carryOut(parts, movesFor(units, shards), options)) };
  } finally {
    await closeParts(parts);
  }
}

export interface TogetherOptions extends Omit<ReshardOptions, 'shards'> {
  /** Canonical, of accounts that are there; `@example.org` means all of a domain. */
  readonly addresses: readonly string[];
}

/**
 * The accounts with these addresses into one shard, and all that they share with: the one where most of them are. Throws StoreError `io`
 * when there is no such account.
 */
export async function bringTogether({ addresses, ...options }: TogetherOptions): Promise<ReshardReport> {
  const parts = await openParts(options, {});
  try {
    const directory = parts.directory as SqliteDirectory;
    await sweep(parts);
    const records = await directory.list();
    const isMeant = ({ address }: AccountRecord): boolean =>
      addresses.includes(address) || addresses.includes(`@${domainOf(address)}`);
    const named = new Set(
      records.filter(isMeant).flatMap(({ address }) => [address, `@${domainOf(address)}`]),
    );
    const missing = addresses.find((address) => !named.has(address));
    if (missing !== undefined) throw new StoreError('io', `there is no account ${missing}`);
    const units = await shareUnits(directory, parts.shards.values(), records);
    const meant = units.filter((unit) => unit.some(isMeant)).flat();
    const number = placeOfMost(meant, addresses[0] as string);
    const moves = meant.filter(({ shard }) => shard !== number).map((record) => ({ record, number }));
    return { shards: directory.shards, ...(await carryOut(parts, moves, options)) };
  } finally {
    await closeParts(parts);
  }
}

/** Among equals that of the first: a run that was stopped goes on to the same. */
function placeOfMost(records: readonly AccountRecord[], first: string): number {
  const counts = new Map<number, number>();
  for (const { shard, address } of records)
    counts.set(shard, (counts.get(shard) ?? 0) + 1 + (address === first ? 0.5 : 0));
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
}

interface Move {
  readonly record: AccountRecord;
  readonly number: number;
}

async function carryOut(
  parts: OpenedParts,
  moves: readonly Move[],
  { onMoved, onStep }: Pick<ReshardOptions, 'onMoved' | 'onStep'>,
): Promise<Pick<ReshardReport, 'moved' | 'stayed'>> {
  const directory = parts.directory as SqliteDirectory;
  let moved = 0;
  const stayed: { address: string; why: string }[] = [];
  for (const { record, number } of moves) {
    const [from, to] = [parts.shards.get(record.shard), parts.shards.get(number)] as [Shard, Shard];
    try {
      await moveAccount(directory, record, { from, to, number }, onStep);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'damaged') throw error;
      stayed.push({ address: record.address, why: error.message });
      continue;
    }
    moved++;
    onMoved?.(record.address, record.shard, number);
  }
  return { moved, stayed };
}

/** The new ones are made when the directory is opened the next time. */
async function grow(options: SqliteStoreOptions, shards: number): Promise<void> {
  const parts = await openParts(options, {});
  try {
    const directory = parts.directory as SqliteDirectory;
    if (shards < directory.shards) {
      throw new StoreError('io', `there are ${directory.shards} shards, and there cannot be fewer`);
    }
    if (shards > directory.shards) await directory.setFact('shards', shards);
  } finally {
    await closeParts(parts);
  }
}

/** What a run that was stopped has left where it does not belong. */
async function sweep({ directory, shards }: OpenedParts): Promise<void> {
  const registers = new Map([...shards].map(([number, shard]) => [number, shard.owners.register()]));
  for (const [number, shard] of shards) {
    const { owners, withMail } = registers.get(number) as Register;
    const here = new Set([
      ...withMail,
      ...owners.flatMap((one) => (one.address === undefined ? [] : one.account)),
    ]);
    for (const account of here) {
      const place = directory.shardOf(account);
      const isThere = registers.get(place)?.owners.some((one) => one.account === account);
      if (place === number || isThere !== true) continue;
      await sweepAway(shard, account);
    }
  }
}

/**
 * From where there are most to where there are fewest, until there is one more or less, or only accounts are left that go together and are too many.
 */
function movesFor(units: readonly (readonly AccountRecord[])[], shards: number): Move[] {
  const places: (readonly AccountRecord[])[][] = Array.from({ length: shards }, () => []);
  // What was parted before is brought together by name: here nothing is parted.
  for (const unit of units)
    for (let shard = 0; shard < shards; shard++) {
      const here = unit.filter((record) => record.shard === shard);
      if (here.length > 0) places[shard]?.push(here);
    }
  const sizes = places.map((place) => place.flat().length);
  const moves: Move[] = [];
  for (;;) {
    const [most, fewest] = [sizes.indexOf(Math.max(...sizes)), sizes.indexOf(Math.min(...sizes))];
    const difference = (sizes[most] ?? 0) - (sizes[fewest] ?? 0);
    const at = places[most]?.findLastIndex((unit) => unit.length < difference) ?? -1;
    if (difference <= 1 || at < 0) return moves;
    const [unit = []] = places[most]?.splice(at, 1) ?? [];
    places[fewest]?.push(unit);
    sizes[most] = (sizes[most] ?? 0) - unit.length;
    sizes[fewest] = (sizes[fewest] ?? 0) + unit.length;
    for (const record of unit) moves.push({ record, number: fewest });
  }
}
