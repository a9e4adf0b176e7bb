/**
 * What an administrator can find out about a running server: who is connected, and what happened to an account. And who
 * gets a place when there are few.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from './imap-client.ts';
import { LineClient } from './kit/line-client.ts';
import { startServer, type TestServer } from './kit/server.ts';
import { Pop3Client } from './pop3-client.ts';

const ALICE = 'alice@example.com';
type Line = Readonly<Record<string, unknown>>;

async function addAlice(server: TestServer): Promise<void> {
  const { code, stderr } = await server.cli(['account', 'add', ALICE, '--password-stdin'], 'secret\n');
  assert.equal(code, 0, stderr);
}

async function jsonLines(server: TestServer, args: readonly string[]): Promise<Line[]> {
  const { code, stdout, stderr } = await server.cli([...args, '--json']);
  assert.equal(code, 0, stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

async function deliver(server: TestServer, to: string, message: string): Promise<string> {
  const client = await LineClient.connect(server.port('lmtp'));
  client.send(`LHLO mta.example.com\r\nMAIL FROM:<bob@example.org>\r\nRCPT TO:<${to}>\r\n`);
  const [, , , rcpt] = [
    await client.reply(),
    await client.reply(),
    await client.reply(),
    await client.reply(),
  ];
  if (!rcpt?.startsWith('250')) return rcpt ?? '';
  client.send(`DATA\r\n${message}\r\n.\r\n`);
  await client.reply();
  const reply = await client.reply();
  client.send('QUIT\r\n');
  await client.ended();
  return reply;
}

describe('who and activity', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
    await addAlice(server);
  });
  after(() => server.stop());

  test('who shows a session with account, service, TLS, mechanism, address, client and id', async () => {
    const phone = await ImapClient.connect(server.port('imaps'), { tls: true });
    await phone.greeting();
    await phone.ok('ID ("name" "Pocket Mail" "version" "7")');
    await phone.ok(`AUTHENTICATE PLAIN ${Buffer.from(`\0${ALICE}\0secret`).toString('base64')}`);
    const old = await Pop3Client.signIn(server.port('pop3'), ALICE, 'secret');
    const stranger = await ImapClient.connect(server.port('imap'));
    await stranger.greeting();
    const [imap, pop3, ...more] = await jsonLines(server, ['who']);
    assert.deepEqual(more, []);
    const { id, sinceMs, idleMs, bytesIn, bytesOut, ...shown } = imap as Line;
    assert.deepEqual(shown, {
      service: 'imap',
      listener: 'imaps',
      remote: '127.0.0.1',
      tls: 'TLSv1.3',
      account: ALICE,
      mechanism: 'PLAIN',
      client: 'Pocket Mail 7',
    });
    assert.ok(typeof id === 'string' && Number(sinceMs) > 0 && Number(idleMs) >= 0);
    assert.ok(Number(bytesIn) > 0 && Number(bytesOut) > 0);
    assert.equal(pop3?.service, 'pop3');
    assert.equal(pop3?.mechanism, 'USER');
    assert.equal('tls' in (pop3 as Line), false);
    assert.equal((await jsonLines(server, ['who', '--all'])).length, 3);
    const table = (await server.cli(['who'])).stdout.split('\n');
    assert.match(table[0] as string, /^ACCOUNT +SERVICE +ADDRESS/);
    assert.match(
      table[1] as string,
      new RegExp(`^${ALICE} +imaps +127\\.0\\.0\\.1 +TLSv1\\.3 +PLAIN .*Pocket Mail 7$`),
    );
    for (const client of [phone, stranger]) client.close();
    old.destroy();
  });

  test('the reply to a delivery has the id that the log and the activity have', async () => {
    const received =
      'Received: by mx.example.com (Postfix) with ESMTP id 4XyZ123abc; Fri, 27 Nov 2026 12:00:00 +0000';
    const reply = await deliver(
      server,
      ALICE,
      `${received}\r\nMessage-ID: <m1@example.org>\r\nSubject: x\r\n\r\nx`,
    );
    const id = /^250 2\.0\.0 <alice@example\.com> delivered; id (\S+)$/.exec(reply)?.[1];
    assert.ok(id !== undefined, reply);
    const event = (await jsonLines(server, ['activity', ALICE])).find(({ what }) => what === 'delivered');
    assert.equal(event?.id, id);
    assert.equal(event?.messageId, '<m1@example.org>');
    assert.equal(event?.queueId, '4XyZ123abc');
    assert.equal(event?.from, 'bob@example.org');
    assert.equal(event?.uid, 1);
    const line = server.log.split('\n').find((one) => one.includes('"message":"delivered"'));
    assert.match(line ?? '', new RegExp(`"id":"${id}".*"queueId":"4XyZ123abc"`));
  });

  test('a refusal at RCPT says why in the log, and in the activity of an account that is there', async () => {
    assert.match(await deliver(server, 'nobody@example.com', ''), /^550 5\.1\.1/);
    await server.cli(['account', 'quota', ALICE, 'none', '--messages', '1']);
    assert.match(await deliver(server, ALICE, ''), /^452 4\.2\.2/);
    await server.cli(['account', 'quota', ALICE, 'none', '--messages', 'none']);
    const lines = server.log.split('\n').filter((one) => one.includes('"message":"recipient refused"'));
    assert.ok(lines.some((line) => line.includes('"to":"nobody@example.com"') && line.includes('550 5.1.1')));
    const events = await jsonLines(server, ['activity', ALICE]);
    assert.match(String(events.find(({ what }) => what === 'recipient refused')?.reply), /^452 4\.2\.2/);
    assert.equal(events.filter(({ what }) => what === 'quota changed').length, 2);
  });

  test('activity says who deleted, moved, renamed and signed in and out, and by which client', async () => {
    for (let i = 0; i < 3; i++) await deliver(server, ALICE, `Subject: ${i}\r\n\r\nx`);
    const imap = await ImapClient.signIn(server.port('imap'), ALICE, 'secret');
    await imap.ok('CREATE Old');
    await imap.ok('RENAME Old Older');
    await imap.ok('SELECT INBOX');
    await imap.ok('UID MOVE 2 Older');
    await imap.ok('UID STORE 3 +FLAGS (\\Deleted)');
    await imap.ok('EXPUNGE');
    await imap.ok('UID STORE 4 +FLAGS (\\Deleted)');
    await imap.ok('CLOSE');
    await imap.ok('DELETE Older');
    await imap.ok('LOGOUT');
    const pop3 = await Pop3Client.signIn(server.port('pop3'), ALICE, 'secret');
    await pop3.ok('DELE 1');
    await pop3.ok('QUIT');
    await pop3.ended();
    const wrong = await ImapClient.connect(server.port('imap'));
    await wrong.greeting();
    await wrong.command(`LOGIN ${ALICE} wrong`);
    wrong.close();

    const wanted: readonly (readonly [what: string, facts: Line])[] = [
      ['account added', {}],
      ['mailbox created', { mailbox: 'Old', service: 'imap' }],
      ['mailbox renamed', { from: 'Old', to: 'Older' }],
      ['messages moved', { mailbox: 'INBOX', to: 'Older', messages: 1, uids: '2' }],
      ['messages deleted', { mailbox: 'INBOX', messages: 1, uids: '3' }],
      ['messages deleted', { mailbox: 'INBOX', messages: 1, uids: '4', remote: '127.0.0.1' }],
      ['mailbox deleted', { mailbox: 'Older', messages: 1 }],
      ['signed out', { service: 'imap', reason: 'logout' }],
      ['messages deleted', { mailbox: 'INBOX', messages: 1, uids: '1', service: 'pop3' }],
      ['signed out', { service: 'pop3', reason: 'quit' }],
      ['wrong name or password', { service: 'imap', remote: '127.0.0.1', mechanism: 'LOGIN' }],
    ];
    let events: Line[] = [];
    for (let i = 0; i < 20 && events.at(-1)?.what !== 'wrong name or password'; i++) {
      events = await jsonLines(server, ['activity', ALICE]);
    }
    let at = -1;
    for (const [what, facts] of wanted) {
      at = events.findIndex(
        (event, i) =>
          i > at &&
          event.what === what &&
          Object.entries(facts).every(([key, value]) => event[key] === value),
      );
      assert.ok(at >= 0, `${what} ${JSON.stringify(facts)} in ${JSON.stringify(events, undefined, 1)}`);
      assert.ok(server.log.includes(`"message":"${what}"`), what);
    }
    const sessions = events.filter(({ what }) => what === 'messages moved').map(({ session }) => session);
    assert.ok(events.some(({ what, session }) => what === 'signed in' && session === sessions[0]));
    const text = (await server.cli(['activity', ALICE])).stdout;
    assert.match(
      text,
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}messages deleted {2}.*mailbox=INBOX messages=1 uids=3$/m,
    );
    assert.equal(server.log.includes('secret'), false);
  });

  test('a limit that is none, or more than there is room for, is refused', async () => {
    for (const limit of ['0', '-1', '10001', 'all', '1.5', '']) {
      const { code, stderr } = await server.cli(['activity', ALICE, '--limit', limit]);
      assert.equal(code, 2, limit);
      assert.match(stderr, /from 1 to 10000/);
    }
    assert.equal((await jsonLines(server, ['activity', ALICE, '--limit', '1'])).length, 1);
  });

  test('the end of a session says whether it was encrypted, as its beginning does', async () => {
    const first = await ImapClient.connect(server.port('imaps'), { tls: true });
    await first.greeting();
    const upgraded = await ImapClient.connect(server.port('imap'));
    await upgraded.greeting();
    await upgraded.ok('STARTTLS');
    await upgraded.startTls();
    const cut = await ImapClient.connect(server.port('imaps'), { tls: true });
    await cut.greeting();
    const before = new Set((await jsonLines(server, ['activity', ALICE])).map(({ session }) => session));
    for (const client of [first, upgraded, cut]) await client.ok(`LOGIN ${ALICE} secret`);
    for (const client of [first, upgraded]) await client.ok('LOGOUT');
    cut.close();
    const ended = async (): Promise<Line[]> =>
      (await jsonLines(server, ['activity', ALICE])).filter(
        ({ what, session }) => what === 'signed out' && !before.has(session),
      );
    for (let i = 0; i < 20 && (await ended()).length < 3; i++) await sleep(50);
    assert.deepEqual(
      (await ended()).map(({ tls }) => tls),
      ['TLSv1.3', 'TLSv1.3', 'TLSv1.3'],
    );
  });

  test('the journal is there when the server is not, and after the account is gone', async () => {
    const other = await startServer();
    await addAlice(other);
    for (const args of [
      ['account', 'set', ALICE, 'pop3.enabled', 'false'],
      ['account', 'remove', ALICE, '--yes'],
    ]) {
      const { code, stderr } = await other.cli(args);
      assert.equal(code, 0, stderr);
    }
    // Asking writes what was gathered.
    await jsonLines(other, ['activity', ALICE]);
    assert.match((await other.cli(['who'])).stderr, /^nobody is signed in$/m);
    assert.match((await other.cli(['who', '--all'])).stderr, /^nobody is connected$/m);
    await other.kill9();
    const events = await jsonLines(other, ['activity', ALICE]);
    assert.deepEqual(
      events.map(({ what }) => what),
      ['account added', 'setting changed', 'account removed'],
    );
    const { code, stderr } = await other.cli(['who']);
    assert.equal(code, 1);
    assert.match(stderr, /no server runs/);
    await other.stop();
  });

  test('a terminal obeys nobody who has only connected or sent mail', async () => {
    const name = '\x1b]0;x\x07\x9b2J\u202e\r\nroot';
    const stranger = await ImapClient.connect(server.port('imap'));
    await stranger.greeting();
    const octets = Buffer.from(name);
    await stranger.ok(`ID ("name" {${octets.length}+}\r\n${octets.toString('latin1')})`);
    await deliver(server, ALICE, 'Message-ID: <\x1b[2J\u009b2J@example.org>\r\n\r\nx');
    const outputs = [
      (await server.cli(['who', '--all'])).stdout,
      (await server.cli(['who', '--all', '--json'])).stdout,
      (await server.cli(['activity', ALICE])).stdout,
      (await server.cli(['activity', ALICE, '--json'])).stdout,
      server.log,
    ];
    for (const output of outputs) {
      assert.match(output, /\\u009b2J/);
      assert.doesNotMatch(output, /[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]|^root/m, JSON.stringify(output));
    }
    const known = await jsonLines(server, ['who', '--all']);
    assert.ok(known.some(({ client }) => client === name));
    stranger.close();
  });
});

describe('places', () => {
  test('connections that never sign in take none from delivery, from POP3, or from those who do', async () => {
    const server = await startServer({ config: { 'limits.connections': '40' } });
    await addAlice(server);
    const strangers: Socket[] = [];
    for (let i = 0; i < 120; i++) {
      const socket = connect(server.port(i % 2 === 0 ? 'imap' : 'imaps'), '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      strangers.push(socket);
    }
    assert.match(await deliver(server, ALICE, 'Subject: x\r\n\r\nx'), /^250 /);
    const pop3 = await Pop3Client.signIn(server.port('pop3'), ALICE, 'secret');
    const imap = await ImapClient.signIn(server.port('imap'), ALICE, 'secret');
    await pop3.ok('QUIT');
    await imap.ok('NOOP');
    imap.close();
    for (const socket of strangers) socket.destroy();
    await server.stop();
  });
});
