/**
 * Sharing on a server of three workers: refused across shards in words that say what to do; done as they say; and then kept, with what each
 * has seen, through kills of the worker and of the whole server.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from './imap-client.ts';
import { runCommand, startServer, type TestServer } from './kit/server.ts';

const [ANN, BOB, CARL] = ['ann', 'bob', 'carl'].map((name) => `${name}@example.com`) as [
  string,
  string,
  string,
];
const PASSWORD = 'a secret of theirs';
const INBOX = `"Other Users/${ANN}/INBOX"`;
const BACK_MS = 60_000;

async function signedIn(server: TestServer, address: string): Promise<ImapClient> {
  const client = await ImapClient.connect(server.port('imap'));
  await client.greeting();
  await client.ok(`LOGIN ${address} "${PASSWORD}"`);
  return client;
}

/** A worker that was killed is back after a while. */
async function comeBack(server: TestServer, address: string): Promise<ImapClient> {
  for (const since = Date.now(); ; await sleep(200)) {
    try {
      return await signedIn(server, address);
    } catch (error) {
      if (Date.now() - since > BACK_MS) throw error;
    }
  }
}

describe('sharing on a server of three workers', { timeout: 400_000 }, () => {
  it('is refused across shards, and works when the accounts were brought together', async () => {
    const data = await mkdtemp(join(tmpdir(), 'brevduva-sharing-'));
    const start = () => startServer({ data, workers: 3, config: { 'auth.default_domain': 'example.com' } });
    let server = await start();
    try {
      for (const address of [ANN, BOB, CARL]) {
        const { code, stderr } = await server.cli(
          ['account', 'add', address, '--password-stdin'],
          `${PASSWORD}\n`,
        );
        assert.equal(code, 0, stderr);
      }
      const before = await signedIn(server, ANN);
      const refused = await before.command(`SETACL INBOX ${BOB} lrswite`);
      assert.equal(refused.status, 'NO');
      assert.match(refused.text, /^\[CANNOT\] Bob@example\.com is kept in another part of the data/i);
      assert.match(refused.text, /brevduva reshard --together ann@example\.com bob@example\.com$/);
      assert.equal((await before.command('SETACL INBOX anyone lr')).status, 'NO');
      before.close();
      await server.stop();
      const resharded = await runCommand(['reshard', '--together', ANN, BOB, '--data', data]);
      assert.equal(resharded.code, 0, resharded.stderr);
      assert.match(resharded.stdout, /3 shards, 1 accounts moved/);
      server = await start();
      await give(server);
      await readTogether(server);
      for (const pid of server.workerPids()) process.kill(pid, 'SIGKILL');
      await stillThere(server);
      await server.kill9();
      server = await start();
      await stillThere(server);
      const carl = await signedIn(server, CARL);
      assert.match((await carl.command(`SELECT ${INBOX}`)).text, /^\[NONEXISTENT\]/);
      carl.close();
    } finally {
      await server.stop();
      await rm(data, { recursive: true, force: true });
    }
  });
});

async function give(server: TestServer): Promise<void> {
  const ann = await signedIn(server, ANN);
  for (const text of ['one', 'two', 'three']) {
    const letter = `Subject: ${text}\r\n\r\n${text}\r\n`;
    await ann.ok(`APPEND INBOX {${letter.length}+}\r\n${letter}`);
  }
  await ann.ok(`SETACL INBOX ${BOB} lrswite`);
  ann.close();
}

/** Many devices, so that some come to a worker that holds neither. */
async function readTogether(server: TestServer): Promise<void> {
  const devices = await Promise.all(Array.from({ length: 6 }, () => signedIn(server, BOB)));
  for (const device of devices) await device.ok(`SELECT ${INBOX}`);
  await (devices[0] as ImapClient).ok('STORE 1 +FLAGS (\\Seen \\Flagged)');
  for (const device of devices.slice(1)) {
    const { untagged } = await device.ok('NOOP');
    assert.match(untagged.join('\n'), /^1 FETCH .*\\Flagged.*\\Seen/m);
    device.close();
  }
  (devices[0] as ImapClient).close();
}

async function stillThere(server: TestServer): Promise<void> {
  const bob = await comeBack(server, BOB);
  const { untagged } = await bob.ok(`STATUS ${INBOX} (MESSAGES UNSEEN)`);
  assert.deepEqual(untagged, [`STATUS ${INBOX} (MESSAGES 3 UNSEEN 2)`]);
  bob.close();
  const ann = await comeBack(server, ANN);
  assert.deepEqual((await ann.ok('STATUS INBOX (UNSEEN)')).untagged, ['STATUS INBOX (UNSEEN 3)']);
  assert.match((await ann.ok('GETACL INBOX')).untagged.join(), /bob@example\.com lrswited$/);
  ann.close();
}
