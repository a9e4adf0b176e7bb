/** How many workers there are to be, and how many shards for them. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Config } from '../../config/options.ts';

/** A front for few sessions costs more than it gives. */
const MAX_CHOSEN = 8;
const ONE_UP_TO_CORES = 2;
const MANY_CORES = 16;

export interface WorkerCount {
  readonly workers: number;
  /** More were asked for than the data folder has shards for. */
  readonly wanted: number;
}

export function workerCount(config: Config, cores = availableParallelism()): WorkerCount {
  const chosen = cores <= ONE_UP_TO_CORES ? 1 : Math.min(cores, MAX_CHOSEN);
  const wanted = config.workers === 0 ? chosen : config.workers;
  const shards = shardsIn(config.data) ?? shardCount(config, cores);
  return {
    workers: Math.min(wanted, shards),
    wanted: config.workers === 0 ? Math.min(wanted, shards) : wanted,
  };
}

/** For a data folder that is being made. More than workers, so that there can be more of these some day. */
export function shardCount({ store }: Config, cores = availableParallelism()): number {
  if (store.shards !== 0) return store.shards;
  if (cores <= ONE_UP_TO_CORES) return 1;
  return cores < MANY_CORES ? 8 : 16;
}

/** Undefined: there is no data folder yet. */
function shardsIn(data: string): number | undefined {
  try {
    const { length } = readdirSync(data).filter((name) => /^shard-\d\d$/.test(name));
    return length === 0 ? undefined : length;
  } catch {
    return undefined;
  }
}
