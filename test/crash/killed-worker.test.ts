/**
 * Kills workers (SIGKILL), one at a time and at random moments, while transfer agents deliver to accounts of all of them and
 * devices write. What was acknowledged is there exactly once; an account whose worker lives is never refused; one whose
 * worker was killed is served again within moments.
 *
 * BREVDUVA_TEST_KILLS sets the number of kills, BREVDUVA_TEST_SEED repeats the choices of a run.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '../imap-client.ts';
import { LineClient } from '../kit/line-client.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { workerIn } from '../kit/workers.ts';
import { Random, seedOf } from './random.ts';

const WORKERS = 3;
const KILLS = Number(process.env.BREVDUVA_TEST_KILLS ?? 3);
const SEED = seedOf('BREVDUVA_TEST_SEED');
const PASSWORD = 'a secret of theirs';
/** The account of each worker: a new one goes to the shard that has the fewest. */
const PEOPLE = ['ann', 'bob', 'carl'].map((name) => `${name}@example.com`);
/** A worker that was killed is back sooner, on any machine. */
const BACK_MS = 20_000;
/** One that has served three again has served all that waited. */
const SETTLED_MS = 2000;

describe('a killed worker', () => {
  it(`costs its own accounts a moment, and nobody a message (${KILLS} kills, BREVDUVA_TEST_SEED=${SEED})`, {
    timeout: 120_000 + KILLS * 20_000,
  }, async (t) => {
    const data = await mkdtemp(join(tmpdir(), 'brevduva-killed-'));
    try {
      const random = new Random(SEED);
      await using trial = await Trial.begin(data);
      for (let kill = 0; kill < KILLS; kill++)
        await trial.kill(random.integer(0, WORKERS - 1), random.integer(200, 1200));
      t.diagnostic(await trial.end());
      await trial.verify();
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

interface Promised {
  readonly delivered: Set<string>;
  readonly appended: Set<string>;
}

class Trial {
  readonly #server: TestServer;
  readonly #data: string;
  readonly #promised: readonly Promised[] = PEOPLE.map(() => ({ delivered: new Set(), appended: new Set() }));
  /** Until when its accounts may be refused. */
  readonly #goneUntilMs = new Array<number>(WORKERS).fill(Number.NEGATIVE_INFINITY);
  readonly #wrong: string[] = [];
  #isOver = false;
  #refused = 0;
  #lost = 0;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(server: TestServer, data: string) {
    this.#server = server;
    this.#data = data;
  }

  static async begin(data: string): Promise<Trial> {
    const config = { 'auth.default_domain': 'example.com' };
    const server = await startServer({ data, workers: WORKERS, config });
    for (const address of PEOPLE) {
      const added = await server.cli(['account', 'add', address, '--password-stdin'], `${PASSWORD}\n`);
      assert.equal(added.code, 0, added.stderr);
    }
    const trial = new Trial(server, data);
    const writers = PEOPLE.flatMap((_, who) => [
      trial.#deliver(who, 0),
      trial.#deliver(who, 1),
      trial.#append(who),
    ]);
    trial.#running = Promise.all(writers);
    return trial;
  }

  /** Waits until its account is served again, and then for so long. */
  async kill(worker: number, pauseMs: number): Promise<void> {
    const pid = this.#server.workerPids().find((one) => workerIn(one) === worker);
    assert.ok(pid !== undefined, `worker ${worker} runs`);
    const killedMs = performance.now();
    this.#goneUntilMs[worker] = Number.POSITIVE_INFINITY;
    process.kill(pid, 'SIGKILL');
    const until = async (isSo: () => boolean): Promise<void> => {
      for (; !isSo(); await sleep(20)) {
        assert.ok(performance.now() - killedMs < BACK_MS, `worker ${worker} is not back`);
      }
    };
    // What it had answered before it was killed may still be on its way.
    await until(() => this.#server.workerPids().some((one) => one !== pid && workerIn(one) === worker));
    const before = this.#countOf(worker);
    await until(() => this.#countOf(worker) >= before + 3);
    this.#goneUntilMs[worker] = performance.now() + SETTLED_MS;
    await sleep(pauseMs);
  }

  async end(): Promise<string> {
    this.#isOver = true;
    await this.#running;
    assert.equal(await this.#server.stop(), 0);
    assert.deepEqual(this.#wrong, []);
    const count = PEOPLE.reduce((sum, _, who) => sum + this.#countOf(who), 0);
    return `${count} acknowledged, ${this.#refused} refused for the moment, ${this.#lost} connections lost`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#server.kill9();
  }

  /** As one process, which is another way to open the same folder. */
  async verify(): Promise<void> {
    const server = await startServer({ data: this.#data, workers: 1 });
    try {
      for (const [who, address] of PEOPLE.entries()) {
        const promised = this.#promised[who] as Promised;
        const client = await ImapClient.signIn(server.port('imap'), address, `"${PASSWORD}"`);
        assertThere(await idsIn(client, 'INBOX'), promised.delivered, address);
        assertThere(await idsIn(client, 'Sent'), promised.appended, address);
        client.close();
      }
      const checked = await server.cli(['check']);
      assert.match(checked.stdout, /no problems/, checked.stdout);
    } finally {
      await server.stop();
    }
  }

  #countOf(who: number): number {
    const { delivered, appended } = this.#promised[who] as Promised;
    return delivered.size + appended.size;
  }

  /** A transfer agent: a message that was not acknowledged is given up, for it may be there. */
  async #deliver(who: number, agent: number): Promise<void> {
    let client: LineClient | undefined;
    for (let n = 0; !this.#isOver; n++) {
      const id = `${who}.${agent}.${n}`;
      try {
        client ??= await hello(this.#server.port('lmtp'));
        client.send(`MAIL FROM:<s@example.org>\r\nRCPT TO:<${PEOPLE[who]}>\r\n`);
        const [, recipient = ''] = await client.codes(2);
        if (recipient.startsWith('250')) {
          client.send(`DATA\r\n`);
          await client.codes(1);
          client.send(`Subject: id=${id}=\r\n\r\nhello\r\n.\r\n`);
        } else client.send('RSET\r\n');
        const [outcome = ''] = await client.codes(1);
        if (recipient.startsWith('250') && outcome.startsWith('250')) this.#promised[who]?.delivered.add(id);
        else if (recipient === '' || outcome === '') throw new Error('the connection is lost');
        else this.#refusedBy(who, `${recipient} ${outcome}`);
      } catch {
        this.#lost++;
        client?.socket.destroy();
        client = undefined;
        await sleep(20);
      }
    }
    client?.socket.destroy();
  }

  /** A device that files what it has sent. */
  async #append(who: number): Promise<void> {
    let client: ImapClient | undefined;
    for (let n = 0; !this.#isOver; n++) {
      const id = `${who}.d.${n}`;
      try {
        if (client === undefined) {
          client = await ImapClient.connect(this.#server.port('imap'));
          await client.greeting();
          const { status, text } = await client.command(`LOGIN ${PEOPLE[who]} "${PASSWORD}"`);
          if (status !== 'OK') {
            this.#refusedBy(who, text);
            throw new Error(text);
          }
        }
        const message = `Subject: id=${id}=\r\n\r\nhello\r\n`;
        const { status } = await client.command(`APPEND Sent {${message.length}+}\r\n${message}`);
        if (status === 'OK') this.#promised[who]?.appended.add(id);
      } catch {
        this.#lost++;
        client?.close();
        client = undefined;
        await sleep(20);
      }
    }
    client?.close();
  }

  #refusedBy(who: number, reply: string): void {
    this.#refused++;
    const isGone = performance.now() < (this.#goneUntilMs[who] ?? 0);
    if (!isGone || !/45\d|UNAVAILABLE/.test(reply)) this.#wrong.push(`${PEOPLE[who]}: ${reply}`);
  }
}

async function hello(port: number): Promise<LineClient> {
  const client = await LineClient.connect(port);
  client.send('LHLO client.example.org\r\n');
  const codes = await client.codes(2);
  if (codes.includes('')) throw new Error('the connection is lost');
  return client;
}

async function idsIn(client: ImapClient, mailbox: string): Promise<string[]> {
  await client.ok(`EXAMINE ${mailbox}`);
  const { untagged } = await client.ok('UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]');
  return untagged.flatMap((text) => /id=(\S+)=/.exec(text)?.[1] ?? []);
}

function assertThere(found: readonly string[], promised: ReadonlySet<string>, whose: string): void {
  assert.equal(new Set(found).size, found.length, `${whose}: something is there twice`);
  const there = new Set(found);
  assert.deepEqual(
    [...promised].filter((id) => !there.has(id)),
    [],
    `${whose}: lost`,
  );
}
