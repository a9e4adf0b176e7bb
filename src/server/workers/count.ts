/** How many workers there are to be. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Config } from '../../config/options.ts';

/** A front for few sessions costs more than it gives. */
const MAX_CHOSEN = 8;
const ONE_UP_TO_CORES = 2;

export interface WorkerCount {
  readonly workers: number;
  /** More were asked for than the data folder has shards for. */
  readonly wanted: number;
}

export function workerCount(config: Config, cores = availableParallelism()): WorkerCount {
  const chosen = cores <= ONE_UP_TO_CORES ? 1 : Math.min(cores, MAX_CHOSEN);
  const wanted = config.workers === 0 ? chosen : config.workers;
  const shards = shardsIn(config.data) ?? config.store.shards;
  return {
    workers: Math.min(wanted, shards),
    wanted: config.workers === 0 ? Math.min(wanted, shards) : wanted,
  };
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
