/**
 * The log of a running server, whatever becomes of those who read it: a reader that stops, one that goes away, a full
 * disk. Mail goes on, and nobody waits for the log.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { LineClient } from './kit/line-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const ALICE = 'alice@example.com';
const DELIVERIES = 1500;

async function startWithAlice(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options);
  const added = await server.cli(['account', 'add', ALICE, '--password-stdin'], 'secret\n');
  assert.equal(added.code, 0, added.stderr);
  return server;
}

/** Each leaves a line that no limit leaves out. */
async function deliver(server: TestServer, count: number): Promise<void> {
  const client = await LineClient.connect(server.port('lmtp'));
  await client.reply();
  client.send('LHLO mta.example.com\r\n');
  await client.reply();
  for (let i = 0; i < count; i++) {
    client.send(`MAIL FROM:<>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`);
    assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '354']);
    client.send('Subject: x\r\n\r\nx\r\n.\r\n');
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
  }
  client.socket.destroy();
}

async function signIn(server: TestServer): Promise<void> {
  (await ImapClient.signIn(server.port('imap'), ALICE, 'secret')).close();
}

test('a stranger who tries passwords without end fills no disk; what was left out is counted', async () => {
  const server = await startWithAlice();
  await Promise.all(
    [1, 2, 3, 4].map(async (number) => {
      for (let i = 0; i < 100; i++) {
        const client = await ImapClient.connect(server.port('imap'));
        await client.greeting();
        for (let n = 0; n < 3; n++) await client.command(`LOGIN ${ALICE} "guess ${number} ${i} ${n}"`);
        client.close();
      }
    }),
  );
  assert.equal(await server.stop(), 0);
  const lines = linesOf(server.log);
  assert.ok(lines.length < 200, `${lines.length} lines`);
  const leftOut = lines
    .map((line) => JSON.parse(line) as { message: string; source?: string; lines?: number })
    .filter(({ message }) => message === 'lines were left out');
  assert.ok(leftOut.every(({ source }) => source === '127.0.0.1'));
  assert.ok(leftOut.reduce((sum, { lines: count = 0 }) => sum + count, 0) > 1000, JSON.stringify(leftOut));
});

test('a reader of a pipe who stops holds nobody up, and is told later what it has missed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-log-'));
  const fifo = join(folder, 'log');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  // For reading and writing, so that opening it waits for nobody.
  const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY);
  const server = await startWithAlice({ stderr: writer, config: { 'log.level': 'debug' } });
  closeSync(writer);
  try {
    await deliver(server, DELIVERIES);
    await signIn(server);
    const stopped = server.stop();
    let text = '';
    const end = stopped.then(() => true);
    while (!(await Promise.race([end, pause()]))) text += drained(reader);
    text += drained(reader);
    assert.equal(await stopped, 0);
    assert.ok(text.split('"delivered"').length > 100);
    for (const line of linesOf(text)) JSON.parse(line);
  } finally {
    closeSync(reader);
    rmSync(folder, { recursive: true });
  }
});

test('a reader of a socket who stops holds nobody up', async () => {
  const server = await startWithAlice();
  server.stderr?.pause();
  await deliver(server, DELIVERIES);
  await signIn(server);
  server.stderr?.resume();
  assert.equal(await server.stop(), 0);
  assert.match(server.log, /"message":"delivered"/);
});

test('a reader who is gone ends nothing', async () => {
  const server = await startWithAlice();
  server.stderr?.destroy();
  await deliver(server, 100);
  await signIn(server);
  assert.equal(await server.stop(), 0);
});

test('a full disk under the log ends nothing', async () => {
  const full = openSync('/dev/full', 'w');
  const server = await startWithAlice({ stderr: full });
  closeSync(full);
  await deliver(server, 100);
  await signIn(server);
  assert.equal(await server.stop(), 0);
});

/** Whole lines, without what a starting server says to a person. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'));
}

function pause(): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), 5));
}

function drained(fd: number): string {
  const bytes = Buffer.alloc(64 * 1024);
  let text = '';
  for (;;) {
    try {
      const size = readSync(fd, bytes);
      if (size === 0) return text;
      text += bytes.toString('utf8', 0, size);
    } catch {
      return text;
    }
  }
}
