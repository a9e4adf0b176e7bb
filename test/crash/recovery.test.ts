/**
 * Kills the server (SIGKILL) while deleted mail is brought back, messages by the row and a deleted mailbox by the hundred, and everything is
 * packed meanwhile. Each message is in its mailbox once or can still be brought back, and at the end all are there as they were.
 *
 * BREVDUVA_TEST_KILLS sets the number of kills, BREVDUVA_TEST_SEED repeats the choices of a run.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient } from '../../src/admin/control-client.ts';
import { controlSocketPath } from '../../src/admin/socket-path.ts';
import { ImapClient } from '../imap-client.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { makeDataFolder, PASSWORD, problemsIn } from './data-folder.ts';
import { Random, seedOf } from './random.ts';

const KILLS = Number(process.env.BREVDUVA_TEST_KILLS ?? 3);
const SEED = seedOf('BREVDUVA_TEST_SEED');
const ANN = 'ann@example.com';
/** In a mailbox that stays, deleted some at a time, and in one that is deleted whole. */
const SINGLE = 240;
const AT_ONCE = 12;
const IN_CLUB = 250;

const subject = (n: number): string => `number ${n} of all`;
const flagsOf = (n: number): string => (n % 3 === 0 ? '\\Seen $Label1' : '\\Flagged');

async function fill(client: ImapClient, mailbox: string, from: number, count: number): Promise<void> {
  await client.ok(`CREATE ${mailbox}`);
  for (let n = from; n < from + count; n++) {
    const text = `Subject: ${subject(n)}\r\n\r\n${`line ${n}\r\n`.repeat(1 + (n % 90))}`;
    await client.ok(`APPEND ${mailbox} (${flagsOf(n)}) {${text.length}+}\r\n${text}`);
  }
}

/** Subjects with flags; none when the mailbox is not there. */
async function contentOf(client: ImapClient, mailbox: string): Promise<string[]> {
  const list = await client.ok(`LIST "" ${mailbox}`);
  if (!list.untagged.some((line) => line.includes('LIST'))) return [];
  await client.ok(`EXAMINE ${mailbox}`);
  const { untagged } = await client.ok('UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (Subject)])');
  return untagged.flatMap((line) => {
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1]?.split(' ') ?? [];
    const found = /Subject: (number \d+ of all)/.exec(line)?.[1];
    return found === undefined ? [] : `${found} ${flags.filter((flag) => flag !== '\\Recent').sort()}`;
  });
}

async function countOf(client: ImapClient): Promise<number> {
  let sum = 0;
  for (const mailbox of ['Work', 'Club']) {
    const { untagged } = await client.command(`STATUS ${mailbox} (MESSAGES)`);
    sum += Number(/MESSAGES (\d+)/.exec(untagged.join('\n'))?.[1] ?? 0);
  }
  return sum;
}

const expected = (from: number, count: number): string[] =>
  Array.from(
    { length: count },
    (_, i) =>
      `${subject(from + i)} ${flagsOf(from + i)
        .split(' ')
        .sort()}`,
  );

class Trial {
  readonly #data: string;
  #server: TestServer | undefined;

  constructor(data: string) {
    this.#data = data;
  }

  async start(): Promise<ImapClient> {
    const config = { 'log.level': 'warn', 'listen.pop3s': '', 'listen.imaps': '' };
    this.#server = await startServer({ data: this.#data, config });
    return ImapClient.signIn(this.#server.port('imap'), ANN, PASSWORD);
  }

  async control(): Promise<ControlClient> {
    const client = await ControlClient.connect(controlSocketPath(this.#data));
    assert.ok(client, 'the server is there');
    return client;
  }

  /** When so many more messages are back as are there now. */
  async killWhileRecovering(client: ImapClient, more: number): Promise<void> {
    const wanted = more + (await countOf(client));
    const [recovering, packing] = [await this.control(), await this.control()];
    const works = [recovering.keeping.recover(ANN, {}), packing.packing.compact()];
    for (const work of works) work.catch(() => {});
    const endMs = performance.now() + 10_000;
    while (performance.now() < endMs && (await countOf(client)) < wanted) await sleep(1);
    await this.#server?.kill9();
    await Promise.allSettled(works);
    await Promise.allSettled([recovering.close(), packing.close()]);
  }

  /** What is back, with nothing twice and nothing nowhere. */
  async look(client: ImapClient): Promise<number> {
    const [work, club] = [await contentOf(client, 'Work'), await contentOf(client, 'Club')];
    for (const [name, content] of Object.entries({ work, club }))
      assert.equal(new Set(content).size, content.length, `${name} has something twice`);
    const control = await this.control();
    const deleted = await control.keeping.listDeleted(ANN, {}, { position: 0, limit: 1000 });
    await control.close();
    const left = deleted.messages.map((one) => one.subject);
    const back = work.map((line) => line.slice(0, line.indexOf(' of all') + 7));
    assert.deepEqual(
      [...left, ...back].sort(),
      Array.from({ length: SINGLE }, (_, n) => subject(n)).sort(),
      'each is back or can be brought back',
    );
    const leftInClub = deleted.mailboxes.reduce((sum, { messages }) => sum + messages, 0);
    assert.equal(club.length + leftInClub, IN_CLUB, 'and so is each of the deleted mailbox');
    return work.length + club.length;
  }

  async finish(client: ImapClient): Promise<void> {
    const control = await this.control();
    await control.keeping.recover(ANN, {});
    await control.close();
    assert.deepEqual((await contentOf(client, 'Work')).sort(), expected(0, SINGLE).sort());
    assert.deepEqual((await contentOf(client, 'Club')).sort(), expected(SINGLE, IN_CLUB).sort());
    client.close();
    assert.equal(await this.#server?.stop(), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.kill9();
  }
}

describe('a server that is killed while it brings deleted mail back', () => {
  it(`loses none and has none twice (${KILLS} kills, BREVDUVA_TEST_SEED=${SEED})`, {
    timeout: 180_000 + KILLS * 40_000,
  }, async (t) => {
    await using folder = await makeDataFolder([ANN]);
    await using trial = new Trial(folder.path);
    const random = new Random(SEED);
    let client = await trial.start();
    await fill(client, 'Work', 0, SINGLE);
    await fill(client, 'Club', SINGLE, IN_CLUB);
    await client.ok('SELECT Work');
    for (let n = 0; n < SINGLE; n += AT_ONCE) {
      await client.ok(`STORE 1:${AT_ONCE} +FLAGS.SILENT (\\Deleted)`);
      await client.ok('EXPUNGE');
    }
    await client.ok('DELETE Club');
    const moments: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await trial.killWhileRecovering(client, random.integer(0, Math.floor((SINGLE + IN_CLUB) / KILLS)));
      client.close();
      client = await trial.start();
      moments.push(await trial.look(client));
    }
    assert.ok(
      moments.some((back) => back > 0),
      'something was back',
    );
    await trial.finish(client);
    assert.deepEqual(await problemsIn(folder.path), []);
    t.diagnostic(`messages that were back after each kill: ${moments.join(', ')}`);
  });
});
