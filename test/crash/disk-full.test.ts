/**
 * No more room: a small file system that fills up (needs root to mount one), and a limit on the size of files. What has
 * no room is refused for now, everybody else goes on, and with room again so does the mail. What was acknowledged is
 * there, what was refused is not, and nothing is damaged.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '../imap-client.ts';
import { LineClient } from '../kit/line-client.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { addAccounts, PASSWORD, problemsIn } from './data-folder.ts';
import { hashOf, idOf, writeMail } from './mail.ts';
import { Random, seedOf } from './random.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const ANN = 'ann@example.com';
const BOB = 'bob@example.com';
const CONFIG = { 'log.level': 'warn', 'listen.pop3': '', 'listen.pop3s': '', 'listen.imaps': '' };
/** So many refusals in a row, of all sizes, and nothing fits any more. */
const FULL_AFTER = 12;
const MOST_MESSAGES = 1500;

const isRequired = process.env.CI !== undefined;
const cannotMount = process.getuid?.() === 0 && canMount() ? false : 'needs to mount a tmpfs (root)';
const cannotLimit = spawnSync('prlimit', ['--version']).status === 0 ? false : 'needs prlimit';

describe('a full disk', () => {
  it(`a small file system (BREVDUVA_TEST_SEED=${SEED})`, options(cannotMount), async () => {
    const mount = mkdtempSync(join(tmpdir(), 'brevduva-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', mount]);
    try {
      const ballast = join(mount, 'ballast');
      writeFileSync(ballast, Buffer.alloc(6 * 1024 * 1024, 'x'));
      await withServer(join(mount, 'data'), async (server, post) => {
        await fillAndGoOn(server, post, () => truncateSync(ballast, 0));
      });
    } finally {
      execFileSync('umount', ['--lazy', mount]);
      rmSync(mount, { recursive: true });
    }
  });

  it(
    'a process that is killed when nothing fits starts again when something does',
    options(cannotMount),
    async () => {
      const mount = mkdtempSync(join(tmpdir(), 'brevduva-full-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mount]);
      try {
        const ballast = join(mount, 'ballast');
        writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024, 'x'));
        const data = join(mount, 'data');
        await withServer(data, async (server, post) => {
          await post.fill();
          spawnSync('dd', ['if=/dev/zero', `of=${join(mount, 'rest')}`, 'bs=4k']);
          await server.kill9();
          // It may refuse to start, in words; it may not harm anything by trying.
          await startServer({ data, config: CONFIG }).then(
            (started) => started.kill9(),
            (error: Error) => assert.match(error.message, /full|space|room/i),
          );
          rmSync(join(mount, 'rest'));
          truncateSync(ballast, 0);
          const again = await startServer({ data, config: CONFIG });
          try {
            await post.reconnect(again);
            await post.goesOn();
            await post.assertAllThere();
          } finally {
            await again.stop();
          }
        });
      } finally {
        execFileSync('umount', ['--lazy', mount]);
        rmSync(mount, { recursive: true });
      }
    },
  );

  it('a limit on the size of files', options(cannotLimit), async () => {
    const folder = mkdtempSync(join(tmpdir(), 'brevduva-limit-'));
    try {
      await withServer(join(folder, 'data'), async (server, post) => {
        const limit = (octets: string) =>
          execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${octets}:unlimited`]);
        limit(String(3 * 1024 * 1024));
        await fillAndGoOn(server, post, () => limit('unlimited'));
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

async function withServer(
  data: string,
  run: (server: TestServer, post: Post) => Promise<void>,
): Promise<void> {
  mkdirSync(data, { recursive: true });
  await addAccounts(data, [ANN, BOB]);
  const server = await startServer({ data, config: CONFIG });
  const post = new Post(new Random(SEED));
  try {
    await post.reconnect(server);
    // The first sign-in ever makes the mailboxes of the account, which needs room.
    (await ImapClient.signIn(server.port('imap'), BOB, PASSWORD)).close();
    await run(server, post);
  } finally {
    post.close();
    await server.stop();
  }
  assert.doesNotMatch(server.log, /a bug|nobody foresaw|unhandled/i);
  assert.deepEqual(await problemsIn(data), []);
}

async function fillAndGoOn(server: TestServer, post: Post, makeRoom: () => void): Promise<void> {
  const reader = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
  await post.fill();
  assert.ok(post.accepted > FULL_AFTER, `only ${post.accepted} messages fitted`);
  await othersGoOn(server, reader);
  makeRoom();
  await post.goesOn();
  const { status } = await reader.command('UID STORE 1:* +FLAGS.SILENT (\\Answered)');
  assert.equal(status, 'OK', 'flags are changed again');
  reader.close();
  await post.assertAllThere();
}

/** Reading goes on, signing in goes on; a change is done, or refused for now. */
async function othersGoOn(server: TestServer, reader: ImapClient): Promise<void> {
  await reader.ok('SELECT INBOX');
  const { untagged } = await reader.ok('UID FETCH 1:5 (FLAGS BODY.PEEK[HEADER])');
  assert.ok(untagged.some((line) => line.includes('Message-ID')));
  for (const line of [
    'UID STORE 1:3 +FLAGS (\\Flagged)',
    'CREATE full',
    'UID COPY 1:3 Archive',
    'UID MOVE 3 Archive',
    'UID STORE 2 +FLAGS (\\Deleted)',
  ]) {
    const { status, text } = await reader.command(line);
    if (status !== 'OK') assert.match(`${status} ${text}`, /^NO \[(UNAVAILABLE|TRYCREATE)\]/, line);
  }
  const newcomer = await ImapClient.signIn(server.port('imap'), BOB, PASSWORD);
  await newcomer.ok('SELECT INBOX');
  await newcomer.ok('NOOP');
  newcomer.close();
}

/** Sends mail by IMAP and LMTP and keeps what was said about it. */
class Post {
  readonly #random: Random;
  readonly #promised = new Map<string, string>();
  readonly #refused = new Set<string>();
  #server: TestServer | undefined;
  #imap: ImapClient | undefined;
  #lmtp: LineClient | undefined;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get accepted(): number {
    return this.#promised.size;
  }

  async reconnect(server: TestServer): Promise<void> {
    this.close();
    this.#server = server;
    this.#imap = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    this.#lmtp = await LineClient.connect(server.port('lmtp'));
    await this.#lmtp.reply();
    this.#lmtp.send('LHLO mta.example.org\r\n');
    await this.#lmtp.reply();
  }

  close(): void {
    this.#imap?.close();
    this.#lmtp?.socket.destroy();
  }

  /** Until nothing fits any more. */
  async fill(): Promise<void> {
    for (let refusals = 0; refusals < FULL_AFTER; ) {
      assert.ok(this.#count < MOST_MESSAGES, 'the disk does not fill up');
      const isLarge = refusals === 0 && this.#random.chance(0.5);
      const sizeBytes = isLarge ? this.#random.integer(66_000, 400_000) : this.#random.integer(500, 50_000);
      refusals = (await this.#post(sizeBytes)) ? 0 : refusals + 1;
    }
  }

  /** There is room: by both ways, small and large, at the latest after a moment. */
  async goesOn(): Promise<void> {
    for (const sizeBytes of [1000, 1000, 200_000, 200_000]) {
      let isAccepted = await this.#post(sizeBytes);
      for (let tries = 0; !isAccepted && tries < 100; tries++) {
        await sleep(50);
        isAccepted = await this.#post(sizeBytes);
      }
      assert.ok(isAccepted, 'there is room and mail is refused');
    }
  }

  /** Exactly what was promised, octet by octet. */
  async assertAllThere(): Promise<void> {
    const client = await ImapClient.signIn(this.#server?.port('imap') ?? 0, ANN, PASSWORD);
    await client.ok('EXAMINE Sent');
    const found = [...(await fetchAll(client))];
    await client.ok('EXAMINE INBOX');
    found.push(...(await fetchAll(client)));
    await client.ok('EXAMINE Archive');
    const copies = await fetchAll(client);
    client.close();
    const ids = new Map(found.map((octets) => [idOf(octets), octets]));
    assert.equal(ids.size, found.length, 'nothing is there twice');
    for (const octets of copies) ids.set(idOf(octets), octets);
    for (const [id, hash] of this.#promised) {
      const octets = ids.get(id) ?? Buffer.alloc(0);
      const body = octets.subarray(Math.max(0, octets.indexOf('From: Sender')));
      assert.equal(hashOf(body), hash, `${id} is there and whole`);
    }
    for (const id of this.#refused) assert.ok(!ids.has(id), `${id} was refused and is there`);
  }

  /** True when it was accepted; a refusal is one for now. */
  async #post(sizeBytes: number): Promise<boolean> {
    const id = `full-${this.#count++}`;
    const bytes = writeMail(id, sizeBytes);
    const [isAccepted, answer] = this.#count % 2 ? await this.#append(bytes) : await this.#deliver(bytes);
    if (isAccepted) this.#promised.set(id, hashOf(bytes));
    else {
      this.#refused.add(id);
      assert.match(answer, /^(NO \[UNAVAILABLE\] |45[12] 4\.\d\.\d )/);
    }
    return isAccepted;
  }

  async #append(bytes: Buffer): Promise<[boolean, string]> {
    const answer = await this.#imap?.command(`APPEND Sent {${bytes.length}+}\r\n${bytes.toString('latin1')}`);
    return [answer?.status === 'OK', `${answer?.status} ${answer?.text}`];
  }

  async #deliver(bytes: Buffer): Promise<[boolean, string]> {
    const client = this.#lmtp;
    if (client === undefined) throw new Error('not connected');
    client.send(`MAIL FROM:<sender@example.org>\r\nRCPT TO:<${ANN}>\r\n`);
    const [, taken] = [await client.reply(), await client.reply()];
    if (!taken.startsWith('250')) {
      client.send('RSET\r\n');
      await client.reply();
      return [false, taken];
    }
    client.send('DATA\r\n');
    const begin = await client.reply();
    assert.ok(begin.startsWith('354'), begin);
    client.send(bytes, '.\r\n');
    const answer = await client.reply();
    return [answer.startsWith('250 '), answer];
  }
}

async function fetchAll(client: ImapClient): Promise<Buffer[]> {
  const { untagged } = await client.ok('UID FETCH 1:* (UID)');
  const messages: Buffer[] = [];
  for (const line of untagged) {
    const uid = /UID (\d+)/.exec(line)?.[1];
    if (uid === undefined) continue;
    const answer = await client.ok(`UID FETCH ${uid} (BODY.PEEK[])`);
    const fetched = answer.untagged.find((text) => text.includes('BODY[]')) ?? '';
    const [head = '', size] = /^.*?\{(\d+)\}\r\n/s.exec(fetched) ?? [];
    messages.push(Buffer.from(fetched.slice(head.length, head.length + Number(size)), 'latin1'));
  }
  return messages;
}

function options(missing: string | false) {
  return { skip: isRequired ? false : missing, timeout: 120_000 };
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return isMounted;
}
