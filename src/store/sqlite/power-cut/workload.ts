/**
 * The process whose power is cut: several accounts write at once, each waiting for its batch to be durable before it
 * says so and goes on; when a message comes to all of them they wait for each other. The log is moved into the database all the
 * time, everything is packed again and again, and the store is closed and opened in between.
 *
 * Arguments: data directory, file for the acknowledgements, how the store is broken on purpose. Started again
 * after it was killed, it goes on where the store is.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { asAccountId } from '../../../mailbox/model/model.ts';
import type { AccountBatch, MailStore, StagedBlob, StoreWrite } from '../../../mailbox/port/store.ts';
import { openWithFaults } from '../open.ts';
import type { ShardFaults } from '../shard.ts';
import { WalSync } from '../wal-sync.ts';
import { BATCHES_PER_ROUND, batchOf, isDelivery, stageDelivery } from './ledger.ts';

export const ACCOUNTS = [1, 2, 3, 4, 5, 6].map(asAccountId);
export const ROUNDS = 3;

const [directory = '', acksPath = '', fault = 'none'] = process.argv.slice(2);
/** No fault at all, but another promise for changes of flags. */
const isDelayed = fault === 'delayed-flags';

function faultsOf(): ShardFaults {
  switch (fault) {
    case 'acknowledges-before-sync':
      return { acknowledgesBeforeSync: true };
    case 'synchronous-off':
      return { isUnsynced: true };
    case 'packs-unsynced':
      return { arePacksUnsynced: true };
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

/** Messages that come to all accounts that have not had them yet: their bytes once, their batches in one write. */
class Deliveries {
  readonly #store: MailStore;
  /** How many batches each account has had when the store was opened. */
  readonly #had: readonly number[];
  readonly #blobs = new Map<number, Promise<StagedBlob>>();
  readonly #waiting = new Map<number, { batches: AccountBatch[]; write: PromiseWithResolvers<StoreWrite> }>();

  constructor(store: MailStore, had: readonly number[]) {
    this.#store = store;
    this.#had = had;
  }

  blob(n: number): Promise<StagedBlob> {
    const blob = this.#blobs.get(n) ?? stageDelivery(this.#store, ACCOUNTS, n);
    this.#blobs.set(n, blob);
    return blob;
  }

  /** When all who will come are there. */
  together(n: number, batch: AccountBatch): Promise<StoreWrite> {
    const waiting = this.#waiting.get(n) ?? { batches: [], write: Promise.withResolvers<StoreWrite>() };
    this.#waiting.set(n, waiting);
    waiting.batches.push(batch);
    const expected = this.#had.filter((count) => count <= n).length;
    if (waiting.batches.length === expected) waiting.write.resolve(this.#store.write(waiting.batches));
    return waiting.write.promise;
  }
}

async function main(): Promise<void> {
  const acks = openSync(acksPath, 'a');
  const acknowledge = (what: string) => writeSync(acks, `${what}\n`);
  for (let round = 0; round < ROUNDS; round++) {
    const flags = isDelayed ? 'delayed' : 'synced';
    const store = await openWithFaults({ directory, checkpointBytes: 200_000, flags }, faultsOf());
    const { length } = await store.directory.list();
    await store.directory.create([{ address: `${length}@example.com`, credentials: [], createdMs: round }]);
    acknowledge(`directory ${length + 1}`);
    const rows = await Promise.all(ACCOUNTS.map(async (id) => (await store.loadAccount(id))?.row));
    let isOver = false;
    const packing = (async () => {
      while (!isOver) await store.packing.compact();
    })();
    const deliveries = new Deliveries(
      store,
      rows.map((row) => row?.usedMessages ?? 0),
    );
    await Promise.all(
      ACCOUNTS.map(async (account, i) => {
        let modseq = rows[i]?.modseq ?? 0;
        for (let n = rows[i]?.usedMessages ?? 0; n < (round + 1) * BATCHES_PER_ROUND; n++, modseq++) {
          const delivered = isDelivery(n) ? await deliveries.blob(n) : undefined;
          const batch = await batchOf(store, account, n, modseq, delivered);
          const write = delivered === undefined ? store.write([batch]) : await deliveries.together(n, batch);
          for (const error of await write.committed) if (error) throw error;
          await write.durable;
          // Delayed flags are told to the client, but not as something that a power cut cannot take.
          if (!(isDelayed && batch.deferrable)) acknowledge(`${account} ${n + 1}`);
        }
      }),
    );
    isOver = true;
    await packing;
    await store.close();
  }
}

if (import.meta.main) await main();
