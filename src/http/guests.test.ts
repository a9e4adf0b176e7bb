/** Connections of HTTP as administrators see them, and how many of them there can be. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { silentLog as log } from '../base/log.ts';
import { Connections } from '../net/connections.ts';
import { noteWho } from './asking.ts';
import { text } from './exchange.ts';
import { HttpListener } from './listener.ts';

const open: HttpListener[] = [];
after(() => Promise.all(open.map((one) => one.close(0))));

async function listen(connections: Connections, trustedProxies: readonly string[] = []): Promise<number> {
  const listener = await HttpListener.open({
    ...{
      name: 'http',
      host: '127.0.0.1',
      port: 0,
      trustedProxies,
      connections,
      log,
      handshakeTimeoutMs: 1000,
    },
    routes: [
      {
        method: 'GET',
        path: '/in',
        answer: (request) => {
          const address = request.query.get('as') ?? '';
          noteWho(request, { record: { address } as never }, 'Basic');
          return text(200, 'in\n');
        },
      },
    ],
  });
  open.push(listener);
  return Number(listener.address.split(':').at(-1));
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket, who: string): Promise<void> {
  socket.write(`GET /in?as=${who} HTTP/1.1\r\nHost: a\r\nUser-Agent: Pigeon/1\r\n\r\n`);
  await once(socket, 'data');
}

test('who has signed in is listed with the connection, the last one of several', async () => {
  const connections = new Connections({ total: 10, perAddress: 10 });
  const socket = await connected(await listen(connections));
  await ask(socket, 'alice@example.com');
  const [one] = connections.list();
  assert.deepEqual(
    [one?.account, one?.mechanism, one?.client, one?.service],
    ['alice@example.com', 'Basic', 'Pigeon/1', 'http'],
  );
  await ask(socket, 'bob@example.com');
  assert.equal(connections.list()[0]?.account, 'bob@example.com');
  assert.deepEqual(connections.counts(), [{ service: 'http', open: 1, signedIn: 1 }]);
  socket.destroy();
  while (connections.total > 0) await new Promise(setImmediate);
  assert.deepEqual(connections.counts(), []);
});

test('strangers push each other out, and nobody who has signed in', async () => {
  const services = { http: { reserved: 0, hasSignIn: true } };
  const connections = new Connections({ total: 4, perAddress: 10, services });
  const port = await listen(connections);
  const alice = await connected(port);
  await ask(alice, 'alice@example.com');
  const [first, second] = [await connected(port), await connected(port)];
  while (connections.total < 3) await new Promise(setImmediate);
  const gone = once(first, 'close');
  const third = await connected(port);
  await gone;
  await ask(alice, 'alice@example.com');
  for (const socket of [alice, second, third]) socket.destroy();
});
