/**
 * What a full disk must not take away: new mail is refused in words while there is still room for everything else, and
 * when there is none at all, because something else filled the disk, people can still delete and the server still starts.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '../imap-client.ts';
import { LineClient } from '../kit/line-client.ts';
import { runCommand, startServer, type TestServer } from '../kit/server.ts';
import { addAccounts, PASSWORD, problemsIn } from './data-folder.ts';

const ANN = 'ann@example.com';
const CONFIG = { 'log.level': 'warn', 'listen.pop3s': '', 'listen.imaps': '' };
const MIB = 1024 * 1024;
const MESSAGES = 300;

const cannotMount = process.getuid?.() === 0 && canMount() ? false : 'needs to mount a tmpfs (root)';
const options = { skip: process.env.CI !== undefined ? false : cannotMount, timeout: 90_000 };

let mount = '';
let data = '';
let ballast = '';
beforeEach(async () => {
  mount = mkdtempSync(join(tmpdir(), 'brevduva-room-'));
  if (cannotMount !== false) return;
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', mount]);
  data = join(mount, 'data');
  ballast = join(mount, 'ballast');
  await addAccounts(data, [ANN]);
});
afterEach(() => {
  if (cannotMount === false) spawnSync('umount', ['--lazy', mount]);
  rmSync(mount, { recursive: true });
});

/** Something else takes the room, but for so many octets. */
function leave(freeBytes: number): void {
  const { bavail, bsize } = statfsSync(mount);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes), 'x'));
}

function fillToTheEnd(): void {
  spawnSync('dd', ['if=/dev/zero', `of=${join(mount, 'rest')}`, 'bs=4k']);
  assert.equal(statfsSync(mount).bavail, 0);
}

function makeRoom(): void {
  for (const name of ['ballast', 'rest']) rmSync(join(mount, name), { force: true });
}

async function withServer(run: (server: TestServer, client: ImapClient) => Promise<void>): Promise<void> {
  const server = await startServer({ data, config: CONFIG });
  try {
    const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    await run(server, client);
    client.close();
  } finally {
    await server.stop();
  }
  assert.doesNotMatch(server.log, /a bug|nobody foresaw|unhandled/i);
}

const append = (client: ImapClient) =>
  client.command('APPEND INBOX {30+}\r\nSubject: hello\r\n\r\nhello, Ann\r\n');

async function until(isSo: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await isSo()) return;
    await sleep(100);
  }
  assert.fail(what);
}

const hasReserve = () => until(() => existsSync(join(data, 'reserve')), 'there is no reserve');

describe('room on the disk', () => {
  it('mail is refused in words before the disk is full, everything else goes on', options, () =>
    withServer(async (server, client) => {
      for (let n = 0; n < 20; n++) assert.equal((await append(client)).status, 'OK');
      await hasReserve();
      leave(MIB);
      await until(
        async () => (await append(client)).status === 'NO',
        'mail is taken on a disk that is almost full',
      );
      const { text } = await append(client);
      assert.match(text, /^\[UNAVAILABLE\] .*the disk is full/);
      // Before a synchronizing literal is sent.
      client.sendLine('s1 APPEND INBOX {1000}');
      assert.match((await client.next()).text, /^NO \[UNAVAILABLE\]/);
      const lmtp = await LineClient.connect(server.port('lmtp'));
      await lmtp.reply();
      lmtp.send('LHLO mta.example.org\r\nMAIL FROM:<sender@example.org>\r\n', `RCPT TO:<${ANN}>\r\n`);
      await lmtp.codes(2);
      assert.match(await lmtp.reply(), /^452 4\.3\.1 .*the disk is full/);
      lmtp.socket.destroy();
      await client.ok('SELECT INBOX');
      for (const line of [
        'STORE 1:3 +FLAGS (\\Seen \\Deleted)',
        'EXPUNGE',
        'CREATE somewhere',
        'COPY 1:5 somewhere',
        'MOVE 1:2 Trash',
        'FETCH 1:* (BODY.PEEK[])',
      ]) {
        await client.ok(line);
      }
      assert.match(server.log, /the disk is almost full: new mail is refused, deleting works/);
      makeRoom();
      await until(async () => (await append(client)).status === 'OK', 'there is room and mail is refused');
      assert.match(server.log, /there is room on the disk again/);
    }),
  );

  it('one message that would take the last room is refused, smaller ones are not', options, () =>
    withServer(async (_server, client) => {
      await hasReserve();
      leave(8 * MIB);
      await sleep(1500);
      client.sendLine(`s1 APPEND INBOX {${7 * MIB}}`);
      assert.match((await client.next()).text, /^NO \[UNAVAILABLE\]/);
      assert.equal((await append(client)).status, 'OK');
    }),
  );

  it('deleting works when there is no room at all', options, () =>
    withServer(async (_server, client) => {
      for (let n = 0; n < MESSAGES; n++) assert.equal((await append(client)).status, 'OK');
      await client.ok('SELECT INBOX');
      await hasReserve();
      fillToTheEnd();
      for (let n = 1; n <= MESSAGES; n++) await client.ok(`STORE ${n} +FLAGS.SILENT (\\Deleted)`);
      await client.ok('EXPUNGE');
      const { untagged } = await client.ok('STATUS INBOX (MESSAGES)');
      assert.match(untagged.join(), /MESSAGES 0/);
      await until(async () => (await append(client)).status === 'NO', 'mail is taken on a full disk');
      makeRoom();
      await until(async () => (await append(client)).status === 'OK', 'there is room and mail is refused');
      await until(() => existsSync(join(data, 'reserve')), 'the reserve does not come back');
    }),
  );

  for (const end of ['stopped', 'killed'] as const) {
    it(`the server starts without any room after it was ${end}, and people can delete`, options, async () => {
      const server = await startServer({ data, config: CONFIG });
      const client = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
      for (let n = 0; n < 50; n++) assert.equal((await append(client)).status, 'OK');
      client.close();
      await hasReserve();
      if (end === 'killed') await server.kill9();
      else await server.stop();
      fillToTheEnd();
      await withServer(async (_again, reader) => {
        await reader.ok('SELECT INBOX');
        await reader.ok('UID FETCH 1:* (BODY.PEEK[])');
        await reader.ok('STORE 1:40 +FLAGS.SILENT (\\Deleted)');
        await reader.ok('EXPUNGE');
        assert.match((await append(reader)).text, /^\[UNAVAILABLE\]/);
      });
      const { code, stdout, stderr } = await runCommand(['check', '--data', data]);
      assert.equal(code, 0, stdout + stderr);
      makeRoom();
      assert.deepEqual(await problemsIn(data), []);
    });
  }

  it('without a reserve the start says what is missing', options, async () => {
    fillToTheEnd();
    await assert.rejects(startServer({ data, config: CONFIG }), /no room|full|space/i);
    makeRoom();
    await withServer(async (_server, client) => {
      assert.equal((await append(client)).status, 'OK');
    });
  });
});

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return isMounted;
}
