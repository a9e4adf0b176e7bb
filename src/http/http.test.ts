/** The listener over real sockets: what it answers, and what it does not put up with. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { silentLog as log } from '../base/log.ts';
import { Connections } from '../net/connections.ts';
import { networks } from '../net/networks.ts';
import { makePair, selfSignedFiles } from '../net/self-signed.ts';
import { TlsFiles } from '../net/tls.ts';
import { clientFacts, hostOf } from './client.ts';
import { readClientHello } from './client-hello.ts';
import { findRoute, type Route, text } from './exchange.ts';
import { HttpListener, type HttpListenerOptions } from './listener.ts';

const connections = new Connections({ total: 100, perAddress: 10 });
const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/hello', answer: ({ host, isSecure }) => text(200, `${host} ${isSecure}`) },
  { method: 'POST', path: '/echo', maxBodyBytes: 100, answer: ({ body }) => ({ status: 200, body }) },
  { method: 'GET', path: '/only', isFor: (host) => host === 'a.example', answer: () => text(200, 'a') },
  {
    method: 'GET',
    path: '/broken',
    answer: () => {
      throw new Error('no');
    },
  },
];
const open: HttpListener[] = [];
after(() => Promise.all(open.map((one) => one.close(0))));

async function listen(rest: Partial<HttpListenerOptions> = {}): Promise<number> {
  const listener = await HttpListener.open({
    ...{ name: 'http', host: '127.0.0.1', port: 0, routes: ROUTES, trustedProxies: [], connections, log },
    ...{ handshakeTimeoutMs: 1000, ...rest },
  });
  open.push(listener);
  return Number(listener.address.split(':').at(-1));
}

async function say(port: number, octets: string, given?: Socket): Promise<string> {
  const socket = given ?? connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  socket.write(octets);
  await once(socket, 'close');
  return heard;
}

const get = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${fields}Connection: close\r\n\r\n`;

describe('requests', () => {
  let port: number;
  before(async () => {
    port = await listen();
  });

  const rows: readonly (readonly [request: string, expected: RegExp])[] = [
    [
      get('/hello'),
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*x-content-type-options: nosniff[\s\S]*\r\n\r\na\.example false$/,
    ],
    [
      get('/hello').replace('GET', 'HEAD'),
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 15\r\n[\s\S]*\r\n\r\n$/,
    ],
    [get('/hello?x=1'), /^HTTP\/1\.1 200 /],
    [get('/only'), /^HTTP\/1\.1 200 /],
    [get('/only').replace('a.example', 'b.example:80'), /^HTTP\/1\.1 404 /],
    [get('/nothing'), /^HTTP\/1\.1 404 /],
    [get('/../hello'), /^HTTP\/1\.1 404 /],
    [get('http://a.example/hello'), /^HTTP\/1\.1 400 /],
    [get('/echo'), /^HTTP\/1\.1 405 [\s\S]*allow: POST\r\n/],
    [get('/broken'), /^HTTP\/1\.1 500 /],
    ['GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    [get('/hello', 'Host: b.example\r\n'), /^HTTP\/1\.1 400 /],
    [get('/hello').replace('a.example', 'a b'), /^HTTP\/1\.1 400 /],
    [get('/hello', `X: ${'a'.repeat(20_000)}\r\n`), /^HTTP\/1\.1 431 /],
    ['POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi', /\r\n\r\nhi$/],
    [
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n',
      /^HTTP\/1\.1 413 [\s\S]*connection: close/i,
    ],
    [
      `POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n80\r\n${'a'.repeat(128)}\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 413 /,
    ],
    [
      'POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /',
      /^HTTP\/1\.1 405 [\s\S]*connection: close/i,
    ],
    // Two lengths, or a length and chunks, are two requests for somebody (RFC 9112 §6.3).
    [
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['CONNECT a.example:25 HTTP/1.1\r\nHost: a\r\n\r\n', /^$|^HTTP\/1\.1 4/],
    ['EHLO a.example\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['\x16\x03\x01\x00\x05hello', /^HTTP\/1\.1 400 /],
  ];
  for (const [request, expected] of rows)
    test(JSON.stringify(request.slice(0, 60)), async () => {
      assert.match(await say(port, request), expected);
    });

  test('two in one segment are answered in order', async () => {
    const both = await say(port, get('/hello').replace('Connection: close\r\n', '') + get('/nothing'));
    assert.match(both, /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 404 /);
  });
});

describe('limits', () => {
  test('a client that is slow with its request is told, and let go', async () => {
    const port = await listen({ limits: { headersMs: 300, requestMs: 600 } });
    assert.match(await say(port, 'GET /hello HTTP/1.1\r\nHost: a\r\n'), /^HTTP\/1\.1 408 /);
    assert.match(
      await say(port, 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi'),
      /^HTTP\/1\.1 408 /,
    );
  });

  test('one that says nothing does not stay', async () => {
    const port = await listen({ limits: { headersMs: 300, requestMs: 600, keepAliveMs: 200 } });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'close');
  });

  test('connections are counted with all others, and leave', async () => {
    const few = new Connections({ total: 2, perAddress: 10 });
    const port = await listen({ connections: few });
    const first = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    await Promise.all(first.map((socket) => once(socket, 'connect')));
    while (few.total < 2) await new Promise(setImmediate);
    assert.equal(await say(port, get('/hello')), '');
    for (const socket of first) socket.destroy();
    while (few.total > 0) await new Promise(setImmediate);
    assert.match(await say(port, get('/hello')), /200/);
  });

  test('closing lets a request that is under way end, and no other', async () => {
    const started = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<void>();
    const routes: Route[] = [
      {
        method: 'GET',
        path: '/slow',
        answer: async () => {
          started.resolve();
          await slow.promise;
          return text(200, 'done');
        },
      },
    ];
    const port = await listen({ routes });
    const listener = open.at(-1) as HttpListener;
    const idle = connect(port, '127.0.0.1');
    const heard = say(port, get('/slow'));
    await started.promise;
    const closing = listener.close(5000);
    setTimeout(() => slow.resolve(), 50);
    assert.match(await heard, /done$/);
    idle.destroy();
    await closing;
  });
});

describe('TLS', () => {
  let folder: string;
  let tls: TlsFiles;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-http-'));
    tls = await TlsFiles.open(await selfSignedFiles(folder, 'a.example'), log);
  });
  after(async () => {
    tls.close();
    await rm(folder, { recursive: true });
  });

  async function secure(port: number, options: object = {}): Promise<TLSSocket> {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      servername: 'a.example',
      ...options,
    });
    await once(socket, 'secureConnect');
    return socket;
  }

  test('every handshake gets the certificate of the moment', async () => {
    const port = await listen({ name: 'https', tls });
    const before = (await secure(port)).getPeerX509Certificate()?.fingerprint256;
    assert.match(await say(port, get('/hello'), await secure(port)), /a\.example true$/);
    const held = await secure(port);
    await rm(join(folder, 'tls-cert.pem'));
    await selfSignedFiles(folder, 'a.example');
    assert.equal(await tls.reload(), true);
    assert.notEqual((await secure(port)).getPeerX509Certificate()?.fingerprint256, before);
    assert.match(await say(port, get('/hello'), held), /a\.example true$/);
  });

  test('an authority that checks a name is shown what was made for it, everybody else is not (RFC 8737)', async () => {
    const { certificate, key } = await makePair('checked.example');
    const context = createSecureContext({ cert: certificate, key });
    const challenge = async (name: string) => (name === 'checked.example' ? context : undefined);
    const port = await listen({ name: 'https', tls, challenge });
    const shown = await secure(port, { servername: 'checked.example', ALPNProtocols: ['acme-tls/1'] });
    assert.equal(shown.alpnProtocol, 'acme-tls/1');
    assert.match(shown.getPeerX509Certificate()?.subject ?? '', /checked\.example/);
    const others = [
      { servername: 'other.example', ALPNProtocols: ['acme-tls/1'] },
      { servername: 'checked.example', ALPNProtocols: ['h2', 'http/1.1'] },
      { servername: 'checked.example' },
    ];
    for (const options of others) {
      const socket = await secure(port, options);
      assert.match(socket.getPeerX509Certificate()?.subject ?? '', /a\.example/);
      assert.match(await say(port, get('/hello'), socket), /200/);
    }
    // A hello in pieces.
    const plain = connect(port, '127.0.0.1');
    plain.write(Buffer.from([0x16]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    plain.destroy();
    assert.equal(await say(port, 'GET / HTTP/1.1\r\n\r\n'), '', 'no TLS');
  });

  test('a handshake that does not go on ends', async () => {
    const port = await listen({
      name: 'https',
      tls,
      handshakeTimeoutMs: 200,
      challenge: async () => undefined,
    });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'close');
  });
});

test('a hello is read whole, in parts, and when it is garbage', () => {
  assert.equal(readClientHello(Buffer.alloc(0)).kind, 'incomplete');
  assert.equal(readClientHello(Buffer.from('GET')).kind, 'other');
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0])).kind, 'other');
  assert.equal(
    readClientHello(Buffer.concat([Buffer.from([22, 3, 1, 0xff, 0xff]), Buffer.alloc(20_000)])).kind,
    'other',
  );
});

test('no hello makes the reader fail, and none is taken for whole before it is', async () => {
  const hello = await realHello();
  const read = readClientHello(hello);
  assert.deepEqual(read, { kind: 'hello', serverName: 'a.example', protocols: ['acme-tls/1'] });
  for (let i = 0; i < hello.length; i++)
    assert.equal(readClientHello(hello.subarray(0, i)).kind, 'incomplete', String(i));
  fc.assert(
    fc.property(
      fc.nat(hello.length - 1),
      fc.nat(255),
      fc.uint8Array({ maxLength: 50 }),
      (place, value, rest) => {
        const changed = Buffer.from(hello);
        changed[place] = value;
        readClientHello(changed);
        readClientHello(Buffer.concat([Buffer.from([22, 3, 1]), rest]));
      },
    ),
    { numRuns: 2000 },
  );
});

async function realHello(): Promise<Buffer> {
  const port = createServer((socket) => {
    socket.once('data', (bytes: Buffer) => {
      heard.resolve(bytes);
      socket.destroy();
    });
  });
  const heard = Promise.withResolvers<Buffer>();
  await new Promise<void>((resolve) => void port.listen(0, '127.0.0.1', resolve));
  const { port: number } = port.address() as AddressInfo;
  const client = connectTls({
    port: number,
    host: '127.0.0.1',
    servername: 'a.example',
    ALPNProtocols: ['acme-tls/1'],
  });
  client.on('error', () => {});
  const bytes = await heard.promise;
  port.close();
  return bytes;
}

test('octets of any kind leave the port as it was', async () => {
  const port = await listen();
  const words = [
    'GET ',
    '/hello',
    ' HTTP/1.1',
    '\r\n',
    'Host: a',
    ': ',
    '\u0000',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    '\n',
    '0\r\n\r\n',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...words), { maxLength: 20 }), async (parts) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(parts.join(''), 'latin1');
      socket.resume();
      await once(socket, 'close');
    }),
    { numRuns: 200 },
  );
  assert.match(await say(port, get('/hello')), /^HTTP\/1\.1 200 /);
});

test('what proxies say counts when they are ours', () => {
  const trusted = networks(['127.0.0.1', '10.0.0.0/8', 'nonsense']);
  const rows: readonly (readonly [peer: string, forwarded: string, expected: string])[] = [
    ['127.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['127.0.0.1', '198.51.100.1, 192.0.2.1, 10.1.1.1', '192.0.2.1'],
    ['127.0.0.1', '10.1.1.1', '10.1.1.1'],
    ['127.0.0.1', 'unknown, [2001:db8::1]', '2001:db8::1'],
    ['127.0.0.1', '', '127.0.0.1'],
    ['192.0.2.9', '192.0.2.1', '192.0.2.9'],
  ];
  for (const [remoteAddress, forwarded, expected] of rows) {
    const facts = clientFacts(
      { remoteAddress, isSecure: false },
      { 'x-forwarded-for': forwarded, 'x-forwarded-proto': 'https' },
      trusted,
    );
    assert.equal(facts.remoteAddress, expected);
    assert.equal(facts.isSecure, remoteAddress === '127.0.0.1');
  }
});

test('a name in Host', () => {
  for (const [field, host] of [
    ['A.Example', 'a.example'],
    ['a.example.:8080', 'a.example'],
    ['[::1]:80', '[::1]'],
    ['', undefined],
    ['a/b', undefined],
    ['a@b', undefined],
    [undefined, undefined],
  ] as const)
    assert.equal(hostOf(field), host);
});

test('routes', () => {
  const routes: Route[] = [
    { method: 'GET', path: '/a/*', answer: () => text(200, '') },
    { method: 'POST', path: '/X/y', isCaseless: true, answer: () => text(200, '') },
  ];
  const kind = (method: string, path: string) => findRoute(routes, { host: 'h', method, path }).kind;
  assert.deepEqual(
    [kind('GET', '/a/b'), kind('HEAD', '/a/'), kind('GET', '/a'), kind('POST', '/x/Y'), kind('GET', '/x/y')],
    ['route', 'route', 'not-found', 'route', 'wrong-method'],
  );
});

test('a connection whose upgrade is refused is let go of when the client closes it', async () => {
  const port = await listen();
  const { total } = connections;
  const ask = 'GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const reply = await say(port, ask);
  assert.match(reply, /^HTTP\/1\.1 404 /);
  while (connections.total > total) await new Promise(setImmediate);
});

test('and when it does not', { timeout: 20_000 }, async () => {
  const port = await listen();
  const { total } = connections;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.write('GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await once(socket.resume(), 'end');
  while (connections.total > total) await new Promise((resolve) => void setTimeout(resolve, 50));
  socket.destroy();
});
