/**
 * The accounts of a domain have a limit together, at a server of two processes: however many deliver at once, no more than that comes in; what
 * finds no room waits, its owner is told, and it comes when another account of the domain has made room.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { ImapClient } from './imap-client.ts';
import { LineClient } from './kit/line-client.ts';
import { type CommandResult, startServer, type TestServer } from './kit/server.ts';

const MIB = 1024 * 1024;
const PASSWORD = 'secret-of-theirs';
const PEOPLE = ['ann', 'bob', 'carl', 'dora'].map((name) => `${name}@house.example`);
const [ANN = '', BOB = '', CARL = ''] = PEOPLE;
const SPREAD = ['x', 'y'].map((name) => `${name}@spread.example`);
const LETTER = 100_000;

const data = mkdtempSync(join(tmpdir(), 'brevduva-total-'));
const options = {
  ...{ data, workers: 2 },
  config: {
    'auth.plaintext': 'always',
    'quota.grace': '3s',
    'queue.retry': '1h',
    hostname: 'mail.example.com',
  },
};
let server: TestServer;

async function cli(...args: readonly string[]): Promise<CommandResult> {
  const done = await server.cli(args, `${PASSWORD}\n`);
  assert.equal(done.code, 0, done.stderr);
  return done;
}

before(async () => {
  server = await startServer(options);
  await cli('domain', 'add', 'house.example');
  await cli('domain', 'quota', 'house.example', '--total', '2MiB');
  for (const address of [...SPREAD, ...PEOPLE]) await cli('account', 'add', address, '--password-stdin');
});
after(async () => {
  await server.kill9();
  rmSync(data, { recursive: true, force: true });
});

async function deliver(to: string, bytes = LETTER): Promise<string> {
  const client = await LineClient.connect(server.port('lmtp'));
  client.send(`LHLO client.example.org\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<${to}>\r\n`);
  for (let n = 0; n < 3; n++) await client.reply();
  const named = await client.reply();
  if (!named.startsWith('250')) return named;
  client.send('DATA\r\n');
  await client.reply();
  client.send('Subject: much\r\n\r\n', `${'x'.repeat(98)}\r\n`.repeat(bytes / 100), '.\r\n');
  const reply = await client.reply();
  client.socket.destroy();
  return reply;
}

async function used(): Promise<number> {
  const { stdout } = await cli('account', 'list', '--json');
  const accounts = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return accounts
    .filter(({ address }) => PEOPLE.includes(address))
    .reduce((sum: number, { usedBytes }) => sum + usedBytes, 0);
}

const signIn = (address: string): Promise<ImapClient> =>
  ImapClient.signIn(server.port('imap'), address, PASSWORD);

async function subjects(address: string): Promise<string> {
  const client = await signIn(address);
  await client.ok('SELECT INBOX');
  const { untagged } = await client.command('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  client.close();
  return untagged.join('\n');
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 30_000; !(await isSo()); await sleep(50))
    assert.ok(performance.now() < endMs);
}

describe('a limit of all accounts of a domain', { timeout: 240_000 }, () => {
  it('holds however many deliver at once, and is seen', async () => {
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => PEOPLE)
        .flat()
        .map((address) => deliver(address)),
    );
    const came = replies.filter((reply) => reply.startsWith('250')).length;
    assert.equal(came, Math.floor((2 * MIB) / LETTER), String(replies));
    for (const reply of replies)
      if (!reply.startsWith('250')) assert.match(reply, /^452 4\.2\.2 the mailbox is full/);
    assert.ok((await used()) <= 2 * MIB + 4 * 3000, 'but for what its owners were told');
    const { stdout } = await cli('domain', 'list');
    assert.match(stdout, /house\.example .* (?:1\.9|2|2\.0) MiB of 2MiB /);
    const client = await signIn(ANN);
    const { untagged } = await client.ok('GETQUOTAROOT INBOX');
    assert.equal(untagged[0], 'QUOTAROOT INBOX "" "#domain/house.example"');
    assert.match(untagged[1] ?? '', /^QUOTA "#domain\/house\.example" \(STORAGE (?:19|20)\d\d 2048\)$/);
    assert.equal((await client.ok('GETQUOTA "#domain/house.example"')).untagged[0], untagged[1]);
    assert.equal((await client.command('GETQUOTA "#domain/spread.example"')).status, 'NO');
    const text = `Subject: x\r\n\r\n${'y'.repeat(LETTER)}\r\n`;
    const refused = await client.command(`APPEND Archive {${text.length}+}\r\n${text}`);
    assert.match(refused.text, /^\[OVERQUOTA\] .*all accounts of house\.example use .* of 2(?:\.0)? MiB/);
    await client.ok('SELECT INBOX');
    await client.ok('COPY 1 Trash');
    await client.ok('UID MOVE 1 Archive');
    client.close();
  });

  it('is told to those whose mail waits, and it comes when another has made room', async () => {
    assert.match(await deliver(BOB), /^452 4\.2\.2/);
    await until(async () => /There is no room left: mail for you is waiting/.test(await subjects(BOB)));
    const sender = createTransport({
      ...{ host: '127.0.0.1', port: server.port('submission'), tls: { rejectUnauthorized: false } },
      auth: { user: CARL, pass: PASSWORD },
    });
    await sender.sendMail({
      from: CARL,
      to: BOB,
      subject: 'waits',
      text: `${'x'.repeat(70)}\n`.repeat(1400),
    });
    sender.close();
    await until(async () => (await cli('queue', 'list', '--json')).stdout.includes('4.2.2'));
    const client = await signIn(ANN);
    for (const name of ['INBOX', 'Trash', 'Archive']) {
      await client.ok(`SELECT ${name}`);
      await client.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)').catch(() => {});
      await client.ok('EXPUNGE');
    }
    client.close();
    await until(async () => /Subject: waits/.test(await subjects(BOB)));
  });

  it('wants the accounts together', async () => {
    await cli('domain', 'add', 'spread.example');
    const { code, stderr } = await server.cli(['domain', 'quota', 'spread.example', '--total', '1GiB']);
    assert.equal(code, 1);
    assert.match(stderr, /live in 2 shards, .* run "brevduva reshard --together @spread\.example"/);
  });

  it('counts the same after a crash, and goes back to senders after a while', async () => {
    await server.kill9();
    // Its socket may still be there for a moment.
    await until(async () => (await server.cli(['reshard', '--together', '@spread.example'])).code === 0);
    server = await startServer(options);
    const limits = ['1GiB', '--total', '3GiB', '--total-messages', '1000'];
    const together = await cli('domain', 'quota', 'spread.example', ...limits);
    assert.match(together.stdout, /^spread\.example: all together have .* of 3GiB, \d+ of 1000 messages$/m);
    let [reply, who] = ['', ''];
    for (let n = 0; n < 30 && !reply.startsWith('4'); n++) {
      who = PEOPLE[n % 4] as string;
      reply = await deliver(who);
    }
    assert.match(reply, /^452 4\.2\.2/);
    const most = await used();
    assert.ok(most <= 2 * MIB + 8 * 3000 && most > 2 * MIB - LETTER - 1000, `${most}`);
    await sleep(3200);
    assert.match(await deliver(who), /^552 5\.2\.2 the mailbox has been full for/);
    const { stdout } = await server.cli(['check']);
    assert.match(stdout, /: no problems$/m);
    await cli('domain', 'quota', 'house.example', '--total', 'none');
    assert.match(await deliver(who), /^250/);
  });
});
