/** Of several processes that have one data folder: which one this is, and who holds which account. */
import type { AccountId } from '../../mailbox/model/model.ts';
import type { Place, Placement } from '../../mailbox/port/placement.ts';
import type { FollowedDirectory } from '../../store/sqlite/followed-directory.ts';
import type { StoreShare } from '../../store/sqlite/opening.ts';
import type { ShardedDirectory } from '../../store/sqlite/sharded-directory.ts';
import { workerName } from './orders.ts';

export interface Part {
  readonly worker: number;
  readonly workers: number;
  /** Of whoever follows; absent in the one that writes the accounts. */
  readonly accounts?: FollowedDirectory;
}

/** The one that writes the accounts and answers the command line. */
export const WRITER = 0;

/** For life: a shard does not change its worker while the server runs. */
const workerOf = (shard: number, workers: number): number => shard % workers;

export function shareOf({ worker, workers, accounts }: Part): StoreShare {
  const owns = (shard: number): boolean => workerOf(shard, workers) === worker;
  return accounts === undefined ? { owns } : { owns, accounts };
}

const HERE: Place = Object.freeze({ kind: 'here' });

export function placementOf(
  { worker, workers }: Part,
  directory: Pick<ShardedDirectory, 'shardOf'>,
): Placement & { workerOf(account: AccountId): number } {
  const holderOf = (account: AccountId): number => workerOf(directory.shardOf(account), workers);
  return {
    workerOf: holderOf,
    locate(account) {
      const holder = holderOf(account);
      return holder === worker ? HERE : { kind: 'elsewhere', holder: workerName(holder) };
    },
  };
}
