/** A server of three workers, over real sockets: whoever a client comes to, it finds its account, and nobody sees the seams. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ImapClient } from './imap-client.ts';
import { isRunning, until as untilThere } from './kit/launch.ts';
import { LineClient } from './kit/line-client.ts';
import { listeningAt } from './kit/listeners.ts';
import { runCommand, startServer, type TestServer } from './kit/server.ts';
import { doorOf, workerIn } from './kit/workers.ts';
import { Pop3Client } from './pop3-client.ts';

const WORKERS = 3;
const PEOPLE = ['ann', 'bob', 'carl'].map((name) => `${name}@example.com`);
const PASSWORD = 'a secret of theirs';
/** Enough connections that each worker is the door of some. */
const DOORS = 9;

let server: TestServer;

before(async () => {
  server = await startServer({ workers: WORKERS, config: { 'auth.default_domain': 'example.com' } });
  for (const address of PEOPLE) {
    const { code, stderr } = await server.cli(
      ['account', 'add', address, '--password-stdin'],
      `${PASSWORD}\n`,
    );
    assert.equal(code, 0, stderr);
  }
});

after(async () => {
  await server.stop();
});

async function signedIn(address: string, password = PASSWORD): Promise<ImapClient> {
  const client = await came();
  await client.ok(`LOGIN ${address} "${password}"`);
  return client;
}

async function came(): Promise<ImapClient> {
  const client = await ImapClient.connect(server.port('imap'));
  await client.greeting();
  return client;
}

async function deliver(recipients: readonly string[], text: string): Promise<string[]> {
  const client = await LineClient.connect(server.port('lmtp'));
  client.send('LHLO client.example.org\r\nMAIL FROM:<sender@example.org>\r\n');
  client.send(...recipients.map((to) => `RCPT TO:<${to}>\r\n`), 'DATA\r\n');
  const codes = await client.codes(recipients.length + 4);
  const taken = codes.filter((code) => code === '250 2.1.5').length;
  client.send(`Subject: ${text}\r\n\r\n..${text}\r\n.\r\n`);
  const replies = await client.codes(taken);
  client.send('QUIT\r\n');
  await client.ended();
  return [...codes.slice(3, -1), ...replies];
}

describe('a server of three workers', { timeout: 240_000 }, () => {
  it('one message for accounts of all, with a reply for each in order', async () => {
    const recipients = [PEOPLE[2], 'nobody@example.com', PEOPLE[0], PEOPLE[1]] as string[];
    const codes = await deliver(recipients, 'to all');
    assert.deepEqual(codes, [
      '250 2.1.5',
      '550 5.1.1',
      '250 2.1.5',
      '250 2.1.5',
      ...new Array(3).fill('250 2.0.0'),
    ]);
    for (const address of PEOPLE) {
      const client = await signedIn(address);
      await client.command('SELECT INBOX');
      const { untagged } = await client.command('FETCH 1 BODY.PEEK[TEXT]');
      assert.match(untagged.join('\n'), /\n\.to all\r\n/, 'dots are undone once');
      client.close();
    }
  });

  it('every account is there at every door, and a change by one device is told to the other', async () => {
    const devices = await Promise.all(
      Array.from({ length: DOORS }, (_, n) => signedIn(PEOPLE[n % 3] as string)),
    );
    for (const device of devices) await device.command('SELECT INBOX');
    for (const first of [0, 1, 2]) {
      await (devices[first] as ImapClient).command('STORE 1 +FLAGS (\\Flagged)');
      for (let other = first + 3; other < DOORS; other += 3) {
        const { untagged } = await (devices[other] as ImapClient).command('NOOP');
        assert.match(untagged.join('\n'), /FETCH \(.*\\Flagged/, `door ${other}`);
      }
    }
    const { stdout } = await server.cli(['who']);
    for (const address of PEOPLE) assert.equal(stdout.split(address).length - 1, DOORS / 3, stdout);
    for (const device of devices) device.close();
  });

  it('commands in the same segment as the sign-in go on at the holder, large literals too', async () => {
    const body = 'x'.repeat(300_000);
    for (let n = 0; n < DOORS; n++) {
      const client = await came();
      const address = PEOPLE[n % 3] as string;
      client.send(
        `p1 LOGIN ${address} "${PASSWORD}"\r\np2 APPEND Sent {${body.length}+}\r\n${body}\r\np3 STATUS Sent (MESSAGES)\r\n`,
      );
      assert.equal((await client.answer('p1')).status, 'OK');
      assert.equal((await client.answer('p2')).status, 'OK');
      assert.match(
        (await client.answer('p3')).untagged.join(),
        new RegExp(`MESSAGES ${Math.floor(n / 3) + 1}\\b`),
      );
      client.close();
    }
  });

  it('a phone that comes back has a short handshake at every door', async () => {
    const where = { host: '127.0.0.1', port: server.port('imaps'), rejectUnauthorized: false };
    const first = connectTls(where);
    const [session] = (await once(first, 'session')) as [Buffer];
    first.destroy();
    const short: boolean[] = [];
    for (let n = 0; n < DOORS; n++) {
      const again = connectTls({ ...where, session });
      await once(again, 'secureConnect');
      short.push(again.isSessionReused());
      again.destroy();
    }
    assert.deepEqual(short, new Array(DOORS).fill(true));
  });

  it('a maildrop has one session, wherever the other came in', async () => {
    const [address] = PEOPLE as [string];
    const first = await pop3SignedIn(address);
    assert.match(first.answer, /^\+OK Signed in/);
    for (let n = 0; n < DOORS; n++) {
      const other = await pop3SignedIn(address);
      assert.match(other.answer, /^-ERR \[IN-USE\]/);
      other.client.destroy();
    }
    await first.client.ok('QUIT');
  });

  it('a new password sends away who came in by the old one, and is known at all doors when the command ends', async () => {
    const address = PEOPLE[1] as string;
    const devices = await Promise.all(Array.from({ length: 3 }, () => signedIn(address)));
    const set = await server.cli(['account', 'passwd', address, '--password-stdin'], 'another one\n');
    assert.equal(set.code, 0, set.stderr);
    for (const device of devices) {
      assert.match((await device.next()).text, /^BYE /);
      await device.ended();
    }
    for (let n = 0; n < DOORS; n++) (await signedIn(address, 'another one')).close();
  });

  it('wrong passwords count at all doors together', async () => {
    const address = PEOPLE[2] as string;
    let throttled = 0;
    // Thirty fit from loopback: three doors that did not hear of each other would take ninety.
    for (let n = 0; n < 48; n++) {
      const client = await came();
      const { text } = await client.command(`LOGIN ${address} "wrong ${n}"`);
      if (/Too many wrong passwords/.test(text)) throttled++;
      client.close();
    }
    assert.ok(throttled > 5, `${throttled} of 48 were refused`);
  });

  it('an account is added, listed, checked, exported and removed whoever holds it', async () => {
    for (const name of ['dora', 'emil', 'fred']) {
      const address = `${name}@example.com`;
      assert.equal(
        (await server.cli(['account', 'add', address, '--password-stdin'], `${PASSWORD}\n`)).code,
        0,
      );
      assert.deepEqual(await deliver([address], name), ['250 2.1.5', '250 2.0.0']);
    }
    const listed = await server.cli(['account', 'list']);
    assert.match(
      listed.stdout,
      /dora@example\.com +1 .*\n.*emil@example\.com +1 .*\n.*fred@example\.com +1 /s,
    );
    const checked = await server.cli(['check']);
    assert.match(checked.stdout, /checked 6 accounts, .* no problems/);
    for (const name of ['dora', 'emil', 'fred']) {
      const address = `${name}@example.com`;
      const out = join(server.data, `export-${name}`);
      assert.match(
        (await server.cli(['export', 'mbox', out, '--account', address])).stdout,
        /1 of 1 messages exported/,
      );
      assert.equal((await server.cli(['account', 'remove', address, '--yes'])).code, 0);
    }
    assert.doesNotMatch((await server.cli(['account', 'list'])).stdout, /dora|emil|fred/);
  });

  it('its health is that of all, and its log names the worker of each line', async () => {
    const { stdout, code } = await server.cli(['health']);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /store: answers/);
    const lines = server.log
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { worker?: number; message: string });
    const speakers = new Set(
      lines.filter(({ message }) => message === 'signed in').map(({ worker }) => worker),
    );
    assert.deepEqual([...speakers].sort(), [0, 1, 2]);
    assert.equal(lines.filter(({ message }) => message === 'signed in').length > 3 * DOORS, true);
  });

  it('while whoever writes the accounts is gone, nobody is told that there is no such mailbox', async () => {
    const own = await startServer({ workers: WORKERS });
    try {
      const added = await own.cli(['account', 'add', 'ann@example.com', '--password-stdin'], `${PASSWORD}\n`);
      assert.equal(added.code, 0, added.stderr);
      const writer = own.workerPids().find((pid) => workerIn(pid) === 0) as number;
      const doors = await Promise.all(
        Array.from({ length: DOORS }, () => LineClient.connect(own.port('lmtp'))),
      );
      for (const client of doors) client.send('LHLO x\r\nMAIL FROM:<a@example.org>\r\n');
      const others: LineClient[] = [];
      for (const client of doors) {
        await client.codes(3);
        const door = doorOf(client.socket.localPort ?? 0, own.port('lmtp'), own.workerPids());
        if (door !== 0) others.push(client);
      }
      assert.ok(others.length > 0);
      const asked = async (): Promise<string[]> =>
        Promise.all(
          others.map(async (client) => {
            client.send('RCPT TO:<nobody@example.com>\r\n');
            return (await client.codes(1))[0] as string;
          }),
        );
      assert.deepEqual(new Set(await asked()), new Set(['550 5.1.1']));
      process.kill(writer, 'SIGKILL');
      await until(() => !isRunning(writer));
      const seen: string[] = [];
      for (let i = 0; i < 5000 && (seen.at(-1) !== '550 5.1.1' || seen.length < 2); i++) {
        const [code = '', ...rest] = [...new Set(await asked())];
        if (rest.length === 0 && seen.at(-1) !== code) seen.push(code);
      }
      assert.ok(seen.includes('451 4.3.0'), seen.join());
    } finally {
      await own.stop();
    }
  });

  it('a signal to all of them at once is one end, and the log is begun anew at SIGHUP', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-signals-'));
    const file = join(folder, 'log');
    const own = await startServer({ workers: WORKERS, config: { 'log.file': file } });
    const workers = own.workerPids();
    renameSync(file, `${file}.1`);
    for (const pid of [own.pid, ...workers]) process.kill(pid, 'SIGHUP');
    await until(() => existsSync(file) && readFileSync(file, 'utf8').split('read anew').length > WORKERS);
    for (const pid of [own.pid, ...workers]) process.kill(pid, 'SIGINT');
    assert.equal(await own.stop(), 0);
    await until(() => !workers.some(isRunning));
    assert.doesNotMatch(readFileSync(file, 'utf8'), /started anew/);
    await rm(folder, { recursive: true });
  });

  it('workers end with their supervisor, and leave the folder to the next one', async () => {
    const data = await mkdtemp(join(tmpdir(), 'brevduva-orphans-'));
    const own = await startServer({ data, workers: WORKERS });
    const workers = own.workerPids();
    process.kill(own.pid, 'SIGKILL');
    await until(() => !workers.some(isRunning));
    const next = await startServer({ data, workers: WORKERS });
    assert.equal(await next.stop(), 0);
    await rm(data, { recursive: true });
  });

  it('one that cannot start says why, and none is left', async () => {
    const taken = server.addresses.imap as string;
    const { code, stderr } = await runCommand([
      ...['serve', '--workers', '3', '--no-demo', '--data', join(server.data, 'other')],
      ...['--set', 'store.shards=3', '--set', `listen.imap=${taken}`, '--set', 'listen.imaps=127.0.0.1:0'],
      ...listeningAt('127.0.0.1:0', ['imap', 'imaps']),
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /listen\.imap: cannot listen on .*: another program uses this port/);
  });

  it('it ends as one, and leaves no socket', async () => {
    const workers = server.workerPids();
    assert.equal(workers.length, WORKERS);
    const own = await startServer({ workers: WORKERS });
    assert.equal(await own.stop(), 0);
    assert.ok(!existsSync(join(own.data, 'worker-0.sock')));
  });
});

const until = (isSo: () => boolean): Promise<true> => untilThere('it', () => (isSo() ? true : undefined));

async function pop3SignedIn(address: string): Promise<{ client: Pop3Client; answer: string }> {
  const client = await Pop3Client.open(server.port('pop3'));
  await client.ok(`USER ${address}`);
  return { client, answer: await client.command(`PASS ${PASSWORD}`) };
}
