/**
 * The process whose power is cut: several accounts write at once, each waiting for its batch to be durable before it
 * says so and goes on. The log is moved into the database all the time, and the store is closed and opened in between.
 *
 * Arguments: data directory, file for the acknowledgements, how the store is broken on purpose. Started again
 * after it was killed, it goes on where the store is.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { asAccountId } from '../../../mailbox/model/model.ts';
import { openWithFaults } from '../open.ts';
import type { ShardFaults } from '../shard.ts';
import { WalSync } from '../wal-sync.ts';
import { batchOf } from './ledger.ts';

export const ACCOUNTS = [1, 2, 3, 4, 5, 6].map(asAccountId);
export const ROUNDS = 3;
export const BATCHES_PER_ROUND = 24;

const [directory = '', acksPath = '', fault = 'none'] = process.argv.slice(2);
/** No fault at all, but another promise for changes of flags. */
const isDelayed = fault === 'delayed-flags';

function faultsOf(): ShardFaults {
  switch (fault) {
    case 'acknowledges-before-sync':
      return { acknowledgesBeforeSync: true };
    case 'synchronous-off':
      return { isUnsynced: true };
    case 'stale-log': {
      // The log of an earlier opening, deleted since: here any other file.
      const stale = join(directory, 'stale');
      writeFileSync(`${stale}-wal`, '');
      return { walSync: () => new WalSync(stale, () => {}) };
    }
    default:
      return {};
  }
}

async function main(): Promise<void> {
  const acks = openSync(acksPath, 'a');
  const acknowledge = (what: string) => writeSync(acks, `${what}\n`);
  for (let round = 0; round < ROUNDS; round++) {
    const flags = isDelayed ? 'delayed' : 'synced';
    const store = await openWithFaults({ directory, checkpointBytes: 200_000, flags }, faultsOf());
    const { length } = await store.directory.list();
    await store.directory.create([{ address: `${length}@example.com`, passwordHash: 'x', createdMs: round }]);
    acknowledge(`directory ${length + 1}`);
    await Promise.all(
      ACCOUNTS.map(async (account) => {
        const row = (await store.loadAccount(account))?.row;
        let modseq = row?.modseq ?? 0;
        for (let n = row?.usedMessages ?? 0; n < (round + 1) * BATCHES_PER_ROUND; n++, modseq++) {
          const batch = await batchOf(store, account, n, modseq);
          const turn = store.write([batch]);
          for (const error of await turn.committed) if (error) throw error;
          await turn.durable;
          // Delayed flags are told to the client, but not as something that a power cut cannot take.
          if (!(isDelayed && batch.deferrable)) acknowledge(`${account} ${n + 1}`);
        }
      }),
    );
    await store.close();
  }
}

if (import.meta.main) await main();
