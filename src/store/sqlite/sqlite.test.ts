import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runs } from '../../../test/kit/runs.ts';
import { UNSYNCED } from '../../../test/kit/unsynced.ts';
import type { MailStore } from '../../mailbox/port/store.ts';
import { describeMailStore } from '../contract.ts';
import type { SqliteDirectory } from './directory.ts';
import { FollowedDirectory } from './followed-directory.ts';
import { openSqliteStore } from './open.ts';

const USUAL = [
  [1, 'synced'],
  [3, 'delayed'],
] as const;
const OTHERS = [
  [3, 'synced'],
  [1, 'delayed'],
] as const;

for (const [shards, flags] of runs(1) > 1 ? [...USUAL, ...OTHERS] : USUAL) {
  describeMailStore(`SQLite, ${shards} shard(s), flags ${flags}`, async () => {
    const directory = await mkdtemp(join(UNSYNCED, 'brevduva-store-'));
    return {
      open: () => openSqliteStore({ directory, shards, flags, checkpointBytes: 256 * 1024 }),
      dispose: () => rm(directory, { recursive: true, force: true }),
    };
  });
}

/** Of two processes: one that writes the accounts and holds none, one that follows it and holds them all. */
async function openFollower(directory: string): Promise<MailStore> {
  const checkpointBytes = 256 * 1024;
  const writer = await openSqliteStore({
    directory,
    shards: 3,
    checkpointBytes,
    share: { owns: () => false },
  });
  const accounts = writer.directory as SqliteDirectory;
  const followed = new FollowedDirectory(accounts.snapshot(), accounts);
  accounts.onChanged = (change) => followed.apply(change);
  const share = { owns: () => true, accounts: followed };
  const follower = await openSqliteStore({ directory, checkpointBytes, share });
  const close = follower.close.bind(follower);
  follower.close = async () => {
    await close();
    await writer.close();
  };
  return follower;
}

describeMailStore('SQLite, 3 shards, following who writes the accounts', async () => {
  const directory = await mkdtemp(join(UNSYNCED, 'brevduva-store-'));
  await (await openSqliteStore({ directory, shards: 3 })).close();
  return {
    open: () => openFollower(directory),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
});
