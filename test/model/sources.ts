/** The stores on which a model runs: each `make` is an empty one. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryData, openMemoryStore } from '../../src/store/memory/store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { StoreSource } from './world.ts';

/** Here no power is cut, so real syncs would be a waste of time. */
const FAST_DISK = '/dev/shm';

export async function memorySource(): Promise<StoreSource> {
  const data = new MemoryData();
  return { open: async () => openMemoryStore(data), dispose: async () => undefined };
}

export async function sqliteSource(seed: number): Promise<StoreSource> {
  const directory = await mkdtemp(join(existsSync(FAST_DISK) ? FAST_DISK : tmpdir(), 'brevduva-model-'));
  const flags = seed % 2 === 0 ? 'synced' : 'delayed';
  const options = { directory, shards: 1 + (seed % 3), flags, checkpointBytes: 128 * 1024 } as const;
  return {
    open: () => openSqliteStore(options),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}
