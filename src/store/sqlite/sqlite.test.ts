import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMailStore } from '../contract.ts';
import { openSqliteStore } from './open.ts';

for (const shards of [1, 3]) {
  describeMailStore(`SQLite, ${shards} shard(s)`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'brevduva-store-'));
    return {
      open: () => openSqliteStore({ directory, shards, checkpointBytes: 256 * 1024 }),
      dispose: () => rm(directory, { recursive: true, force: true }),
    };
  });
}
