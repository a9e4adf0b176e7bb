/** JMAP on three workers: whoever a connection comes to, the account answers, and changes are told wherever they were made. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { ImapClient } from './imap-client.ts';
import { type Answer, CORE, JmapClient, MAIL } from './kit/jmap.ts';
import { startServer, type TestServer } from './kit/server.ts';

const PEOPLE = ['ann', 'bob', 'carl'].map((name) => `${name}@example.com`);
const PASSWORD = 'a secret of theirs';
/** Enough connections that each worker is the door of some. */
const DOORS = 8;

let server: TestServer;
const clients = new Map<string, JmapClient>();

before(async () => {
  server = await startServer({ workers: 3, config: { 'auth.default_domain': 'example.com' } });
  const base = `http://127.0.0.1:${server.port('http')}`;
  for (const address of PEOPLE) {
    const { code, stderr } = await server.cli(
      ['account', 'add', address, '--password-stdin'],
      `${PASSWORD}\n`,
    );
    assert.equal(code, 0, stderr);
    const anybody = new JmapClient(base, address, PASSWORD, '');
    const { primaryAccounts } = await anybody.session();
    clients.set(
      address,
      new JmapClient(base, address, PASSWORD, Object.values(primaryAccounts)[0] as string),
    );
  }
});

after(async () => {
  await server.stop();
});

/** Each on a connection of its own. */
const APART = { connection: 'close' };

test('every door leads to every account', async () => {
  for (const [address, client] of clients) {
    const { created } = await client.call('Mailbox/set', { create: { a: { name: 'Mine' } } });
    const answers = await Promise.all(
      Array.from({ length: DOORS }, async () => {
        const reply = await client.fetch('/jmap/api', {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...APART },
          body: JSON.stringify({
            using: [CORE, MAIL],
            methodCalls: [['Mailbox/get', { accountId: client.accountId, ids: [created.a.id] }, '0']],
          }),
        });
        assert.equal(reply.status, 200, address);
        return ((await reply.json()) as Answer).methodResponses[0][1].list[0].name;
      }),
    );
    assert.deepEqual(answers, new Array(DOORS).fill('Mine'));
  }
});

test('what is uploaded through one door is downloaded through the others, in ranges too', async () => {
  const client = clients.get('bob@example.com') as JmapClient;
  const octets = Buffer.alloc(2_000_000, 'å');
  const reply = await client.fetch(`/jmap/upload/${client.accountId}`, {
    method: 'POST',
    headers: APART,
    body: new Uint8Array(octets),
  });
  assert.equal(reply.status, 201);
  const { blobId } = (await reply.json()) as Answer;
  for (let door = 0; door < DOORS; door++) {
    const whole = await client.fetch(`/jmap/download/${client.accountId}/${blobId}/a`, { headers: APART });
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), octets);
    const part = await client.fetch(`/jmap/download/${client.accountId}/${blobId}/a`, {
      headers: { ...APART, range: 'bytes=10-19' },
    });
    assert.equal(part.status, 206);
    assert.equal((await part.arrayBuffer()).byteLength, 10);
  }
});

test('events come through every door, and end with the server', async () => {
  const client = clients.get('carl@example.com') as JmapClient;
  const streams = await Promise.all(
    Array.from({ length: DOORS }, async () => {
      const reply = await client.fetch('/jmap/events?types=Mailbox&closeafter=state&ping=0', {
        headers: APART,
      });
      assert.equal(reply.status, 200);
      const pieces = (reply.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
      await pieces.next();
      return pieces;
    }),
  );
  const imap = await ImapClient.signIn(server.port('imap'), 'carl@example.com', `"${PASSWORD}"`);
  await imap.ok('CREATE Told');
  for (const pieces of streams) {
    const { value } = await pieces.next();
    assert.match(Buffer.from(value).toString(), /^event: state\n/);
    assert.equal((await pieces.next()).done, true);
  }
  imap.close();
});

test('a WebSocket goes through every door', async () => {
  const client = clients.get('ann@example.com') as JmapClient;
  for (let door = 0; door < DOORS; door++) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port('http')}/jmap/ws`, 'jmap', {
      headers: { authorization: client.authorization },
    });
    await once(socket, 'open');
    const args = { accountId: client.accountId, ids: ['f1'], properties: ['name'] };
    socket.send(
      JSON.stringify({
        ...{ '@type': 'Request', using: [CORE, MAIL] },
        methodCalls: [['Mailbox/get', args, 'a']],
      }),
    );
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.equal(JSON.parse(data.toString()).methodResponses[0][1].list[0].name, 'Inbox');
    socket.close();
    await once(socket, 'close');
  }
});

test('a wrong password is wrong at every door, and an account of somebody else is none', async () => {
  const client = clients.get('ann@example.com') as JmapClient;
  const other = clients.get('bob@example.com') as JmapClient;
  for (let door = 0; door < DOORS; door++) {
    const reply = await client.fetch(`/jmap/download/${other.accountId}/b1/a`, { headers: APART });
    assert.equal(reply.status, 404);
  }
  assert.equal((await client.error('Mailbox/get', { accountId: other.accountId })).type, 'accountNotFound');
});
