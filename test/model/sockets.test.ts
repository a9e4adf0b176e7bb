/**
 * The model from outside: clients over real sockets against a server on SQLite, all of one account, in several mailboxes, while
 * mail is delivered, and on a store that makes them wait and refuses. Nobody knows here in which order things were done, but
 * what the server says must never contradict itself, and when all is quiet every client must have what a fresh one reads.
 *
 * BREVDUVA_TEST_SEED is the first seed, BREVDUVA_TEST_FUZZ multiplies the number of runs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliver } from '../../src/mailbox/operations/deliver.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { reapAccount } from '../../src/mailbox/upkeep/reaper.ts';
import { Random, seedOf } from '../crash/random.ts';
import { startTestImap, type TestImap } from '../kit/imap.ts';
import { runs } from '../kit/runs.ts';
import { CALM, UnreliableStore, type Weather } from '../kit/unreliable-store.ts';
import { compareWithFresh } from './fresh.ts';
import { writeContent } from './mail.ts';
import { Shared, SocketClient } from './socket-client.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const ALICE = 'alice@example.com';
const CLIENTS = 4;
const STEPS = 80;
const STORM: Weather = { ...CALM, refusal: 0.08, refusals: ['io', 'full', 'conflict'], slowRead: 0.2 };

for (let seed = SEED; seed < SEED + runs(6); seed++) {
  const isStormy = seed % 2 === 1;
  // Some of them behind a door that does not hold the account: what it passes on must be the same.
  const isRelayed = seed % 3 === 0;
  const title = `${isStormy ? 'on a store that refuses and waits' : 'on a store that works'}${isRelayed ? ', behind a relay' : ''}`;
  test(`clients that apply what they are told have what the server has, ${title} (BREVDUVA_TEST_SEED=${seed})`, async () => {
    await using world = await World.start(new Random(seed), { isStormy, isRelayed });
    await world.work();
    await world.compare();
    await world.reap();
  });
}

class World {
  readonly #random: Random;
  readonly #server: TestImap;
  readonly #store: UnreliableStore;
  readonly #shared: Shared;
  readonly #clients: SocketClient[] = [];
  readonly #isStormy: boolean;
  readonly #clock: { nowMs(): number; aheadMs: number };

  private constructor(server: TestImap, options: WorldParts) {
    this.#server = server;
    this.#random = options.random;
    this.#store = options.store;
    this.#isStormy = options.isStormy;
    this.#clock = options.clock;
    this.#shared = new Shared({ port: server.port, address: ALICE, password: 'secret' });
  }

  static async start(
    random: Random,
    { isStormy, isRelayed }: { readonly isStormy: boolean; readonly isRelayed: boolean },
  ): Promise<World> {
    const clock = { aheadMs: 0, nowMs: () => Date.now() + clock.aheadMs };
    let store: UnreliableStore | undefined;
    const server = await startTestImap({
      clock,
      ...(isRelayed ? { isRelayed } : {}),
      wrapStore: (inner) => {
        store = new UnreliableStore(inner, random.fork());
        return store;
      },
    });
    assert.ok(store);
    const world = new World(server, { random, store, isStormy, clock });
    await server.kit.addAccount(ALICE, 'secret');
    for (let i = 0; i < CLIENTS; i++) {
      // One at least has a mailbox open that nobody deletes.
      const client = new SocketClient(world.#shared, random.fork(), i === 0 ? 'INBOX' : undefined);
      await client.connect();
      world.#clients.push(client);
    }
    return world;
  }

  async work(): Promise<void> {
    let isOver = false;
    const weather = this.#weather(() => isOver);
    const working = this.#clients.map(async (client) => {
      for (let i = 0; i < STEPS; i++) await client.step();
    });
    const deliveries = this.#deliver();
    try {
      await Promise.all([...working, deliveries]);
    } finally {
      isOver = true;
      await weather;
    }
  }

  /** Every client against a fresh one, mailbox by mailbox. */
  async compare(): Promise<void> {
    assert.ok((await compareWithFresh(this.#shared, this.#clients)) > 0, 'somebody has a mailbox open');
  }

  /** Nobody holds anything any more: past the grace period nothing is left. */
  async reap(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#server.stopServing();
    const { domain, store } = this.#server.kit;
    const record = await store.directory.find(ALICE);
    assert.ok(record);
    this.#clock.aheadMs += 10 * 60_000;
    while ((await reapAccount(domain, record.id)) > 0);
    assert.deepEqual(await store.loadUnreleased(record.id, Number.MAX_SAFE_INTEGER, 10), []);
    assert.deepEqual(await store.loadBuried(record.id), []);
  }

  /** Closing checks that everything stored adds up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#store.calmDown();
    for (const client of this.#clients) client.close();
    await this.#server.close();
  }

  async #deliver(): Promise<void> {
    const { domain, store } = this.#server.kit;
    const record = await store.directory.find(ALICE);
    assert.ok(record);
    const recipients = [{ account: record.id, address: record.address }];
    for (let i = 0; i < STEPS / 4; i++) {
      await sleep(5);
      const { octets } = writeContent(this.#shared.next++, 200);
      const received = await receive(domain.store, [record.id], 1e6, octets);
      const [outcome] = await deliver(domain, recipients, received, '');
      assert.ok(this.#isStormy || outcome?.kind === 'delivered');
    }
  }

  async #weather(isOver: () => boolean): Promise<void> {
    if (this.#isStormy) this.#store.weather = STORM;
    while (!isOver()) {
      await sleep(this.#random.integer(1, 15));
      if (!this.#isStormy) continue;
      if (this.#store.isPaused) this.#store.resume();
      else if (this.#random.chance(0.3)) this.#store.pause();
      if (this.#random.chance(0.2)) this.#store.holdSyncs();
      else this.#store.releaseSyncs();
    }
    this.#store.calmDown();
  }
}

interface WorldParts {
  readonly random: Random;
  readonly store: UnreliableStore;
  readonly isStormy: boolean;
  readonly clock: { nowMs(): number; aheadMs: number };
}
