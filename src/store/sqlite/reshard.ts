/**
 * More shards for a data directory, and its accounts spread over them: for data that was made for one process. Nobody is served
 * meanwhile. It can be stopped at any moment, and goes on where it was when it is run again.
 */
import type { AccountRecord } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { SqliteDirectory } from './directory.ts';
import { type MoveStep, moveAccount, sweepAway } from './move-account.ts';
import { closeParts, type OpenedParts, openParts, type SqliteStoreOptions } from './opening.ts';
import type { Register } from './register.ts';
import type { Shard } from './shard.ts';

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

export async function reshard({
  shards,
  onMoved,
  onStep,
  ...options
}: ReshardOptions): Promise<ReshardReport> {
  await grow(options, shards);
  const parts = await openParts(options, {});
  try {
    const directory = parts.directory as SqliteDirectory;
    await sweep(parts);
    let moved = 0;
    const stayed: { address: string; why: string }[] = [];
    for (const { record, number } of movesFor(await directory.list(), shards)) {
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
    return { shards, moved, stayed };
  } finally {
    await closeParts(parts);
  }
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

/** From where there are most to where there are fewest, until there is one more or less. */
function movesFor(
  records: readonly AccountRecord[],
  shards: number,
): { readonly record: AccountRecord; readonly number: number }[] {
  const places: AccountRecord[][] = Array.from({ length: shards }, () => []);
  for (const record of records) places[record.shard]?.push(record);
  const moves: { record: AccountRecord; number: number }[] = [];
  for (;;) {
    const sizes = places.map(({ length }) => length);
    const [most, fewest] = [sizes.indexOf(Math.max(...sizes)), sizes.indexOf(Math.min(...sizes))];
    if ((sizes[most] ?? 0) - (sizes[fewest] ?? 0) <= 1) return moves;
    const record = places[most]?.pop() as AccountRecord;
    places[fewest]?.push(record);
    moves.push({ record, number: fewest });
  }
}
