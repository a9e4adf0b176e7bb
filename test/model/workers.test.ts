/**
 * The model from outside, on a server of three workers that are killed (SIGKILL) in the middle of it: clients of three
 * accounts, one held by each worker, do random things while mail is delivered. Nothing that anybody was told is taken back, nothing that
 * was acknowledged is lost, and only those lose a session whose door or whose holder was killed.
 *
 * BREVDUVA_TEST_SEED repeats the choices of a run, BREVDUVA_TEST_FUZZ multiplies the kills.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random, seedOf } from '../crash/random.ts';
import { ImapClient } from '../imap-client.ts';
import { LineClient } from '../kit/line-client.ts';
import { runs } from '../kit/runs.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { doorOf, workerIn } from '../kit/workers.ts';
import { compareWithFresh, readAll } from './fresh.ts';
import { writeContent } from './mail.ts';
import { Shared, SocketClient } from './socket-client.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const WORKERS = 3;
const KILLS = runs(3);
const PASSWORD = 'a-secret-of-theirs';
/** The account of each worker: a new one goes to the shard that has the fewest. */
const PEOPLE = ['ann', 'bob', 'carl'].map((name) => `${name}@example.com`);
/** For each: one with INBOX open, one that keeps what it has, others. */
const HOMES = ['INBOX', 'Kept', undefined, undefined];
/** A worker that was killed is back sooner, on any machine. */
const BACK_MS = 20_000;
/** What it refused while it came back may still be on its way. */
const SETTLED_MS = 2000;
const RETRY_MS = 50;

test(`clients of three workers that are killed have what the server has (${KILLS} kills, BREVDUVA_TEST_SEED=${SEED})`, {
  timeout: 120_000 + KILLS * 20_000,
}, async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-model-'));
  try {
    const random = new Random(SEED);
    await using world = await World.start(data, random);
    for (let kill = 0; kill < KILLS; kill++)
      await world.kill(random.integer(0, WORKERS - 1), random.integer(300, 1000));
    t.diagnostic(await world.end());
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

class World {
  readonly #server: TestServer;
  readonly #data: string;
  readonly #random: Random;
  readonly #accounts: readonly Shared[];
  readonly #clients: SocketClient[][] = [];
  /** How often each was killed. */
  readonly #kills = new Array<number>(WORKERS).fill(0);
  /** Until when each may be missed. */
  readonly #goneUntilMs = new Array<number>(WORKERS).fill(Number.NEGATIVE_INFINITY);
  readonly #wrong: string[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #isOver = false;

  private constructor(server: TestServer, data: string, random: Random) {
    this.#server = server;
    this.#data = data;
    this.#random = random;
    this.#accounts = PEOPLE.map((_, holder) => new Shared(this.#serviceOf(holder)));
  }

  static async start(data: string, random: Random): Promise<World> {
    const server = await startServer({ data, workers: WORKERS });
    for (const address of PEOPLE) {
      const added = await server.cli(['account', 'add', address, '--password-stdin'], `${PASSWORD}\n`);
      assert.equal(added.code, 0, added.stderr);
    }
    const world = new World(server, data, random);
    await world.#begin();
    return world;
  }

  /** Waits until its account is served again, and then for so long. */
  async kill(worker: number, pauseMs: number): Promise<void> {
    const pid = this.#server.workerPids().find((one) => workerIn(one) === worker);
    assert.ok(pid !== undefined, `worker ${worker} runs`);
    this.#goneUntilMs[worker] = Number.POSITIVE_INFINITY;
    this.#kills[worker] = (this.#kills[worker] ?? 0) + 1;
    process.kill(pid, 'SIGKILL');
    const killedMs = performance.now();
    const { port, address, password } = (this.#accounts[worker] as Shared).service;
    for (let isBack = false; !isBack; ) {
      assert.ok(performance.now() - killedMs < BACK_MS, `worker ${worker} is not back`);
      await sleep(RETRY_MS);
      if (this.#server.workerPids().includes(pid)) continue;
      const client = await ImapClient.signIn(port, address, password).catch(() => undefined);
      isBack = client !== undefined;
      client?.close();
    }
    this.#goneUntilMs[worker] = performance.now() + SETTLED_MS;
    await sleep(pauseMs);
  }

  async end(): Promise<string> {
    this.#isOver = true;
    await this.#running;
    assert.deepEqual(this.#wrong, []);
    for (const [who, shared] of this.#accounts.entries())
      assert.ok(
        (await compareWithFresh(shared, this.#clients[who] as SocketClient[])) > 0,
        'nothing is open',
      );
    const before = await this.#read(this.#server);
    this.#close();
    assert.equal(await this.#server.stop(), 0);
    await this.#readAsOne(before);
    const sum = (count: (shared: Shared) => number): number =>
      this.#accounts.reduce((total, shared) => total + count(shared), 0);
    return `${before.length} messages, ${sum(({ keptCount }) => keptCount)} kept, ${sum(({ sentAway }) => sentAway)} times without a session`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#close();
    await this.#server.kill9();
  }

  async #begin(): Promise<void> {
    for (const { service } of this.#accounts) {
      const client = await ImapClient.signIn(service.port, service.address, service.password);
      await client.ok('CREATE Kept');
      client.close();
    }
    for (const shared of this.#accounts) {
      const clients = HOMES.map((home) => new SocketClient(shared, this.#random.fork(), home));
      for (const client of clients) await client.connect();
      this.#clients.push(clients);
    }
    const working = this.#clients.flat().map(async (client) => {
      while (!this.#isOver) await client.step();
    });
    this.#running = Promise.all([...working, ...this.#accounts.map((shared) => this.#deliver(shared))]);
    // It is waited for in the end.
    this.#running.catch(() => {});
  }

  /** Another way to open the same folder: one process. */
  async #readAsOne(before: readonly string[]): Promise<void> {
    const server = await startServer({ data: this.#data, workers: 1 });
    try {
      assert.deepEqual(await this.#read(server), before);
      const checked = await server.cli(['check']);
      assert.match(checked.stdout, /no problems/, checked.stdout);
    } finally {
      await server.stop();
    }
  }

  async #read(server: TestServer): Promise<string[]> {
    const all: string[] = [];
    for (const { service } of this.#accounts) {
      const messages = await readAll({ ...service, port: server.port('imap') });
      all.push(...messages.map((message) => `${service.address} ${message}`));
    }
    return all;
  }

  #serviceOf(holder: number): Shared['service'] {
    const port = this.#server.port('imap');
    return {
      ...{ port, address: PEOPLE[holder] as string, password: PASSWORD },
      pauseMs: RETRY_MS,
      mostTries: BACK_MS / RETRY_MS,
      onCame: (clientPort) => {
        const door = doorOf(clientPort, port, this.#server.workerPids());
        const before = [...this.#kills];
        return () => {
          const wasKilled = (worker: number): boolean => this.#kills[worker] !== before[worker];
          const mayBeLost = wasKilled(holder) || door === undefined || wasKilled(door);
          if (!mayBeLost) this.#wrong.push(`${PEOPLE[holder]} lost a session by way of ${door}`);
        };
      },
      onRefused: (why) => {
        const now = performance.now();
        const isOneGone = this.#goneUntilMs.some((until) => now < until);
        const isRefusal = /was refused/.test(why);
        const isHolderGone = now < (this.#goneUntilMs[holder] ?? 0);
        const isRight = isRefusal ? isHolderGone && /UNAVAILABLE/.test(why) : isOneGone;
        if (!isRight) this.#wrong.push(`${PEOPLE[holder]} could not sign in: ${why}`);
      },
    };
  }

  /** A transfer agent. What was not acknowledged is given up, for it may be there. */
  async #deliver(shared: Shared): Promise<void> {
    let client: LineClient | undefined;
    for (; !this.#isOver; await sleep(RETRY_MS)) {
      const { octets } = writeContent(shared.next++, 200);
      try {
        client ??= await greeted(this.#server.port('lmtp'));
        client.send(`MAIL FROM:<>\r\nRCPT TO:<${shared.service.address}>\r\nDATA\r\n`);
        if ((await client.codes(3)).at(-1) !== '354') throw new Error('not now');
        client.send(octets, '.\r\n');
        if ((await client.reply()) === '') throw new Error('the connection is lost');
      } catch {
        client?.socket.destroy();
        client = undefined;
      }
    }
    client?.socket.destroy();
  }

  #close(): void {
    for (const client of this.#clients.flat()) client.close();
  }
}

async function greeted(port: number): Promise<LineClient> {
  const client = await LineClient.connect(port);
  client.send('LHLO client.example.org\r\n');
  await client.codes(2);
  return client;
}
