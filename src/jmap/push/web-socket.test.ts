/** JMAP over WebSocket (RFC 8887), with the client of another's making. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import WebSocket from 'ws';
import { type Answer, CORE, MAIL, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';

let server: TestJmap;
before(async () => {
  server = await startTestJmap();
});
after(() => server.close());

class Client {
  readonly socket: WebSocket;
  readonly #heard: Answer[] = [];
  #wake: (() => void) | undefined;

  constructor(
    headers: Record<string, string> = { authorization: server.alice.authorization },
    protocol = 'jmap',
  ) {
    this.socket = new WebSocket(`${server.base.replace('http', 'ws')}/jmap/ws`, protocol, { headers });
    this.socket.on('message', (data: Buffer) => {
      this.#heard.push(JSON.parse(data.toString()));
      this.#wake?.();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#wake?.());
  }

  async open(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }

  say(message: Answer): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async next(): Promise<Answer> {
    while (this.#heard.length === 0) {
      // Whoever waits for what does not come any more waits for ever, and nobody learns why.
      assert.notEqual(this.socket.readyState, WebSocket.CLOSED, 'the connection is over');
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#heard.shift();
  }
}

const request = (id: string, methodCalls: Answer) => ({
  '@type': 'Request',
  id,
  using: [CORE, MAIL],
  methodCalls,
});

describe('requests', () => {
  test('the session object says where', async () => {
    const { capabilities } = await server.alice.session();
    const { url, supportsPush } = capabilities['urn:ietf:params:jmap:websocket'];
    assert.deepEqual([url, supportsPush], [`${server.base.replace('http', 'ws')}/jmap/ws`, true]);
  });

  test('several at once, each with its answer', async () => {
    const client = await new Client().open();
    assert.equal(client.socket.protocol, 'jmap');
    for (let i = 0; i < 20; i++) client.say(request(`r${i}`, [['Core/echo', { i }, 'c']]));
    const answers = [];
    for (let i = 0; i < 20; i++) answers.push(await client.next());
    assert.deepEqual(
      answers.map(({ requestId }) => requestId).sort(),
      Array.from({ length: 20 }, (_, i) => `r${i}`).sort(),
    );
    const [first] = answers.filter(({ requestId }) => requestId === 'r7');
    assert.equal(first['@type'], 'Response');
    assert.deepEqual(first.methodResponses, [['Core/echo', { i: 7 }, 'c']]);
    client.socket.close();
  });

  test('what is none is told', async () => {
    const client = await new Client().open();
    for (const [message, type, id] of [
      ['{', 'notJSON', null],
      ['[]', 'notRequest', null],
      [{ '@type': 'Nose', id: 'a' }, 'notRequest', 'a'],
      [{ '@type': 'Request', id: 'b', using: ['x'], methodCalls: [] }, 'unknownCapability', 'b'],
      [{ '@type': 'WebSocketPushEnable', dataTypes: 1 }, 'notRequest', null],
    ] as const) {
      client.say(message);
      const answer = await client.next();
      assert.equal(answer['@type'], 'RequestError');
      assert.equal(answer.type, `urn:ietf:params:jmap:error:${type}`);
      assert.equal(answer.requestId, id);
    }
    client.socket.send(Buffer.from('{}'));
    const [code] = await once(client.socket, 'close');
    assert.equal(code, 1003);
  });

  test('too large', async () => {
    const client = await new Client().open();
    client.say(`"${'a'.repeat(10_000_001)}"`);
    const [code] = await once(client.socket, 'close');
    assert.equal(code, 1009);
  });

  test('what comes before the account is there waits, and what is no message then ends nothing else', async (t) => {
    const { accounts } = server.kit.domain;
    const open = accounts.open.bind(accounts);
    const isAsked = Promise.withResolvers<void>();
    const isThere = Promise.withResolvers<void>();
    t.mock.method(accounts, 'open', async (id: Parameters<typeof open>[0]) => {
      isAsked.resolve();
      await isThere.promise;
      return open(id);
    });
    const [early, broken, short] = [new Client(), new Client(), new Client()];
    await Promise.all([early.open(), broken.open(), short.open(), isAsked.promise]);
    early.say(request('early', [['Core/echo', {}, 'c']]));
    const { _socket: wire } = broken.socket as unknown as { _socket: Socket };
    wire.write(Buffer.from('ffff00000000', 'hex'));
    short.socket.terminate();
    // All of it has arrived when somebody who came later has been answered.
    await fetch(`${server.base}/.well-known/jmap`, { redirect: 'manual' });
    await nextTurn();
    isThere.resolve();
    assert.equal((await early.next()).requestId, 'early');
    await once(broken.socket, 'close');
    early.socket.close();
    await once(early.socket, 'close');
  });

  for (const [what, headers, protocol, status] of [
    ['nobody', {}, 'jmap', 401],
    ['another subprotocol', undefined, 'soap', 400],
  ] as const)
    test(`refused: ${what}`, async () => {
      const client = new Client(headers, protocol);
      const [, reply] = await once(client.socket, 'unexpected-response');
      assert.equal(reply.statusCode, status);
      client.socket.terminate();
    });

  test('without WebSocket there is nothing here', async () => {
    assert.equal((await server.alice.fetch('/jmap/ws')).status, 426);
  });
});

describe('push', () => {
  test('changes are told once they are asked for, and what was missed', async () => {
    const client = await new Client().open();
    client.say({ '@type': 'WebSocketPushEnable', dataTypes: ['Mailbox'] });
    client.say(
      request('a', [
        ['Mailbox/set', { accountId: server.alice.accountId, create: { a: { name: 'A' } } }, 'c'],
      ]),
    );
    const both = [await client.next(), await client.next()];
    const change = both.find((one) => one['@type'] === 'StateChange');
    assert.deepEqual(Object.keys(change.changed[server.alice.accountId]), ['Mailbox']);
    client.say({ '@type': 'WebSocketPushDisable' });
    await server.alice.call('Mailbox/set', { create: { a: { name: 'B' } } });
    client.say(request('b', [['Core/echo', {}, 'c']]));
    assert.equal((await client.next())['@type'], 'Response');
    client.say({ '@type': 'WebSocketPushEnable', dataTypes: ['Mailbox'], pushState: change.pushState });
    const missed = await client.next();
    assert.equal(missed['@type'], 'StateChange');
    const { state } = await server.alice.call('Mailbox/get', { ids: [] });
    assert.equal(missed.changed[server.alice.accountId].Mailbox, state);
    client.socket.close();
  });

  test('who asks twice at once is told once', async () => {
    const client = await new Client().open();
    const enable = { '@type': 'WebSocketPushEnable', dataTypes: ['Mailbox'] };
    client.say(enable);
    client.say(enable);
    client.say(request('a', [['Core/echo', {}, 'c']]));
    await client.next();
    await server.alice.call('Mailbox/set', { create: { a: { name: 'Once' } } });
    assert.equal((await client.next())['@type'], 'StateChange');
    for (let i = 0; i < 5; i++) {
      client.say(request('b', [['Core/echo', {}, 'c']]));
      assert.equal((await client.next())['@type'], 'Response');
    }
    client.socket.close();
  });

  test('asked for many times at once, it is told once, and nobody listens when the client is gone', async () => {
    const { listeners } = await server.account();
    const before = listeners.size;
    const client = await new Client().open();
    for (let i = 0; i < 50; i++) client.say({ '@type': 'WebSocketPushEnable', dataTypes: ['Mailbox'] });
    client.say(request('a', [['Core/echo', {}, 'c']]));
    assert.equal((await client.next())['@type'], 'Response');
    while (listeners.size > before + 2) await new Promise(setImmediate);
    client.socket.close();
    await once(client.socket, 'close');
    while (listeners.size > before) await new Promise(setImmediate);
  });

  test('thousands of messages that come in one piece are all answered', async () => {
    const client = await new Client().open();
    for (let i = 0; i < 3000; i++) client.say('{');
    client.say(request('last', [['Core/echo', {}, 'c']]));
    let refused = 0;
    for (let answer = await client.next(); answer['@type'] === 'RequestError'; answer = await client.next())
      refused++;
    while (refused < 3000) {
      assert.equal((await client.next())['@type'], 'RequestError');
      refused++;
    }
    client.socket.terminate();
  });
});
