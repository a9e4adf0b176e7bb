/**
 * Accounts that get full, at real servers: their owners are told once, by whichever of three workers and however often all of them are
 * killed; mail from outside and from others here waits, comes when there is room, and goes back when there is none for too long.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { ImapClient } from './imap-client.ts';
import { LineClient } from './kit/line-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const MIB = 1024 * 1024;
const PASSWORD = 'secret-of-theirs';

async function addAll(server: TestServer, addresses: readonly string[], quota: string): Promise<void> {
  for (const address of addresses) {
    const { code, stderr } = await server.cli(
      ['account', 'add', address, '--password-stdin', '--quota', quota],
      `${PASSWORD}\n`,
    );
    assert.equal(code, 0, stderr);
  }
}

/** One message for all of them; the replies after DATA, or to the first that is refused before. */
async function deliver(
  server: TestServer,
  to: readonly string[],
  bytes: number,
  size = false,
): Promise<string[]> {
  const client = await LineClient.connect(server.port('lmtp'));
  client.send(`LHLO client.example.org\r\nMAIL FROM:<a@example.org>${size ? ` SIZE=${bytes}` : ''}\r\n`);
  for (let n = 0; n < 3; n++) await client.reply();
  for (const one of to) {
    client.send(`RCPT TO:<${one}>\r\n`);
    const reply = await client.reply();
    if (!reply.startsWith('250')) return [reply];
  }
  client.send('DATA\r\n');
  await client.reply();
  client.send('Subject: much\r\n\r\n', `${'x'.repeat(98)}\r\n`.repeat(Math.ceil(bytes / 100)), '.\r\n');
  const replies: string[] = [];
  for (const _ of to) replies.push(await client.reply());
  client.socket.destroy();
  return replies;
}

async function subjects(server: TestServer, address: string): Promise<string[]> {
  const client = await ImapClient.signIn(server.port('imap'), address, PASSWORD);
  await client.ok('SELECT INBOX');
  const { untagged } = await client.command('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  client.close();
  return [...untagged.join('\n').matchAll(/^Subject: (.*?)\r?$/gm)].map(([, subject = '']) => subject);
}

/** What they were told, once it has come and nothing more comes. */
async function told(server: TestServer, address: string, least: number): Promise<string[]> {
  for (let n = 0; n < 200; n++, await sleep(100)) {
    const found = (await subjects(server, address)).filter((one) => one !== 'much');
    if (found.length < least) continue;
    await sleep(300);
    return (await subjects(server, address)).filter((one) => one !== 'much');
  }
  return (await subjects(server, address)).filter((one) => one !== 'much');
}

const SWEDISH = '=?utf-8?B?';

describe('accounts that get full', { timeout: 240_000 }, () => {
  it('are told once each level by three workers that are killed, each in its language', async (t) => {
    const data = await mkdtemp(join(tmpdir(), 'brevduva-full-'));
    const people = ['ann', 'bob', 'carl'].map((name) => `${name}@example.com`);
    const options = { data, workers: 3, config: { 'auth.default_domain': 'example.com' } };
    let server = await startServer(options);
    t.after(async () => {
      await server.kill9();
      await rm(data, { recursive: true, force: true });
    });
    await addAll(server, people, '4MiB');
    await server.cli(['account', 'set', 'bob@example.com', 'queue.language', 'sv']);
    const again = async (): Promise<void> => {
      await server.kill9();
      server = await startServer(options);
    };
    // Killed when the sender knows that it is kept, and while the owner is told, or not yet.
    const steps = [3.3, 0.4, 0.15];
    for (const [n, mib] of steps.entries()) {
      const replies = await deliver(server, people, mib * MIB);
      assert.ok(
        replies.every((one) => one.startsWith('250')),
        String(replies),
      );
      await again();
      for (const one of people) assert.equal((await told(server, one, n + 1)).length, n + 1, one);
      await again();
    }
    for (const one of people) {
      const all = await told(server, one, 3);
      const [first = ''] = all;
      if (one.startsWith('bob')) assert.ok(first.startsWith(SWEDISH), first);
      else
        assert.deepEqual(
          all,
          [80, 90, 95].map((level) => `Your mailbox is ${level} percent full`),
        );
    }
    const { stdout } = await server.cli(['check']);
    assert.match(stdout, /: no problems$/m);
  });

  it('are waited with for a while, from outside and from here, and then no longer', async (t) => {
    const config = {
      'quota.grace': '4s',
      'queue.retry': '1s',
      'auth.plaintext': 'always',
      hostname: 'mail.example.com',
    };
    const server = await startServer({ config: { ...config, 'auth.default_domain': 'example.com' } });
    t.after(() => server.stop());
    await addAll(server, ['ann@example.com'], '2MiB');
    await addAll(server, ['bob@example.com'], 'none');
    assert.match((await deliver(server, ['ann@example.com'], 1.9 * MIB))[0] ?? '', /^250/);
    const [big] = await deliver(server, ['ann@example.com'], 3 * MIB, true);
    assert.match(big ?? '', /^552 5\.2\.3 the message is larger than all the room/, 'before it is sent');
    const [early] = await deliver(server, ['ann@example.com'], MIB, true);
    assert.match(early ?? '', /^452 4\.2\.2 the mailbox is full; .* for 1 hour|an hour/, 'before it is sent');
    assert.deepEqual(await told(server, 'ann@example.com', 2), [
      'Your mailbox is 95 percent full',
      'Your mailbox is full: mail is waiting',
    ]);
    const sender = createTransport({
      ...{ host: '127.0.0.1', port: server.port('submission'), tls: { rejectUnauthorized: false } },
      auth: { user: 'bob@example.com', pass: PASSWORD },
    });
    const send = (subject: string) =>
      sender.sendMail({
        from: 'bob@example.com',
        to: 'ann@example.com',
        subject,
        text: `${'x'.repeat(70)}\n`.repeat(9000),
      });
    await send('waits');
    let queued = '';
    for (let n = 0; n < 100 && !queued.includes('4.2.2'); n++, await sleep(50))
      queued = (await server.cli(['queue', 'list', '--json'])).stdout;
    assert.match(queued, /4\.2\.2/);
    await server.cli(['account', 'quota', 'ann@example.com', '4MiB']);
    for (let n = 0; n < 100 && !(await subjects(server, 'ann@example.com')).includes('waits'); n++)
      await sleep(100);
    assert.ok((await subjects(server, 'ann@example.com')).includes('waits'), 'it comes by itself');
    await server.cli(['account', 'quota', 'ann@example.com', '2.6MiB']);
    const [first] = await deliver(server, ['ann@example.com'], MIB);
    assert.match(first ?? '', /^452 4\.2\.2/);
    await sleep(4500);
    const [late] = await deliver(server, ['ann@example.com'], MIB);
    assert.match(late ?? '', /^552 5\.2\.2 the mailbox has been full for/);
    await send('goes back');
    const isBack = (one: string): boolean => one === 'Your message was not delivered';
    for (let n = 0; n < 100 && !(await subjects(server, 'bob@example.com')).some(isBack); n++)
      await sleep(100);
    assert.ok((await subjects(server, 'bob@example.com')).some(isBack), 'its sender is told');
    sender.close();
  });
});
