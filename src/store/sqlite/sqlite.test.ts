import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMailStore } from '../contract.ts';
import { openSqliteStore } from './open.ts';

for (const [shards, flags] of [
  [1, 'synced'],
  [3, 'synced'],
  [1, 'delayed'],
] as const) {
  describeMailStore(`SQLite, ${shards} shard(s), flags ${flags}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'brevduva-store-'));
    return {
      open: () => openSqliteStore({ directory, shards, flags, checkpointBytes: 256 * 1024 }),
      dispose: () => rm(directory, { recursive: true, force: true }),
    };
  });
}
