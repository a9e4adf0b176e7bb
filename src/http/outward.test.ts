/** What a stranger's address may make this server ask: a server on this machine stands for the inside, and for the outside when it is allowed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Outward, OutwardError, type OutwardFault, type OutwardRequest } from './outward.ts';
import { isPublicAddress } from './public-address.ts';

const PUBLIC = ['8.8.8.8', '1.1.1.1', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0'];
const PUBLIC_V6 = ['2001:4860:4860::8888', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'];
const INSIDE = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.254'],
  ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1'],
  ...['192.168.1.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.1.1.1'],
  ...['240.0.0.1', '255.255.255.255'],
];
const INSIDE_V6 = [
  ...['::', '::1', '::7f00:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.1.2.3', '::ffff:a9fe:a9fe'],
  ...['0:0:0:0:0:ffff:c0a8:0101', '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b:1::1', '100::1'],
  ...['2001::1', '2001:0:1::1', '2001:10::1', '2001:db8::1', '2002:7f00:1::', '2002:c0a8:101::1', '3fff::1'],
  ...['5f00::1', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%lo', 'fec0::1', 'ff02::1'],
];
const NO_ADDRESS = ['', 'localhost', '127.1', '0x7f.0.0.1', '2130706433', '::1::', '[::1]'];

describe('addresses', () => {
  for (const address of [...PUBLIC, ...PUBLIC_V6])
    test(`${address} is public`, () => assert.equal(isPublicAddress(address), true));
  for (const address of [...INSIDE, ...INSIDE_V6, ...NO_ADDRESS])
    test(`'${address}' is not`, () => assert.equal(isPublicAddress(address), false));
});

describe('requests', () => {
  let port = 0;
  const heard: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    heard.push(request);
    answer(request.url ?? '', response);
  });
  function answer(path: string, response: ServerResponse): void {
    const [, step = ''] = /^\/hop(\d+)$/.exec(path) ?? [];
    if (path === '/inside') response.writeHead(302, { location: 'http://inside.example/' }).end();
    else if (path === '/file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    else if (step === '0') response.end('there');
    else if (step !== '') response.writeHead(307, { location: `/hop${Number(step) - 1}` }).end();
    else if (path === '/large') response.end(Buffer.alloc(5000));
    else if (path === '/stream') {
      response.write(Buffer.alloc(900));
      response.end(Buffer.alloc(900));
    } else if (path === '/slow') response.write('x');
    else response.end('hello');
  }
  const names: Record<string, readonly string[]> = {
    'outside.example': ['127.0.0.1'],
    'inside.example': ['10.0.0.1'],
    'half.example': ['127.0.0.1', '10.0.0.1'],
    'nowhere.example': [],
  };
  let asked: string[] = [];
  const outward = new Outward({
    resolve: async (name) => {
      asked.push(name);
      return (names[name] ?? []).map((address) => ({ address, family: 4 }));
    },
    mayReach: (address) => address === '127.0.0.1',
  });
  const ask = (path: string, rest: Partial<OutwardRequest> = {}, host = 'outside.example') =>
    outward.ask({ url: `http://${host}:${port}${path}`, method: 'GET', ...rest });
  const refused = (fault: OutwardFault) => (error: unknown) =>
    error instanceof OutwardError && error.fault === fault;

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test('go where the name led when it was judged, and nobody asks it again', async () => {
    asked = [];
    const reply = await ask('/');
    assert.equal(reply.status, 200);
    assert.equal(reply.body.toString(), 'hello');
    assert.deepEqual(asked, ['outside.example']);
  });

  test('carry no cookie, no referrer and no credentials', async () => {
    await ask('/');
    const { headers } = heard.at(-1) ?? {};
    assert.deepEqual(Object.keys(headers ?? {}).sort(), [
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
  });

  test('are followed three times, each step judged', async () => {
    assert.equal((await ask('/hop3')).body.toString(), 'there');
    await assert.rejects(ask('/hop4'), refused('too-many-redirections'));
    await assert.rejects(ask('/inside'), refused('not-allowed'));
    await assert.rejects(ask('/file'), refused('not-allowed'));
  });

  test('that are no GET are followed nowhere', async () => {
    assert.equal((await ask('/hop1', { method: 'POST', body: 'x' })).status, 307);
  });

  test('to the inside, or to what is half inside, are not made', async () => {
    const before = heard.length;
    await assert.rejects(ask('/', {}, 'inside.example'), refused('not-allowed'));
    await assert.rejects(ask('/', {}, 'half.example'), refused('not-allowed'));
    await assert.rejects(ask('/', {}, 'nowhere.example'), refused('unreachable'));
    assert.equal(heard.length, before);
  });

  test('by default reach no address of this machine, however it is written', async () => {
    const before = heard.length;
    const strict = new Outward();
    const hosts = ['127.0.0.1', 'localhost', '127.1', '0x7f000001', '2130706433', '017700000001', '[::1]'];
    for (const host of [...hosts, '[::ffff:127.0.0.1]', '0', '0.0.0.0', 'localhost.', '①②⑦.⓪.⓪.①'])
      await assert.rejects(
        strict.ask({ url: `http://${host}:${port}/`, method: 'GET' }),
        (error) => error instanceof OutwardError && ['not-allowed', 'unreachable'].includes(error.fault),
        host,
      );
    assert.equal(heard.length, before);
  });

  test('have a size, whether it is said first or not', async () => {
    await assert.rejects(ask('/large', { maxBytes: 1000 }), refused('too-large'));
    await assert.rejects(ask('/stream', { maxBytes: 1000 }), refused('too-large'));
  });

  test('have a time', async () => {
    await assert.rejects(ask('/slow', { timeoutMs: 200 }), refused('too-slow'));
  });

  test('have an address of the web without a password, on a port of the web', async () => {
    const urls = ['ftp://outside.example/', 'javascript:alert(1)', 'http://a:b@outside.example/', 'x', ''];
    for (const url of [
      ...urls,
      'http://outside.example:25/',
      'http://outside.example:143/',
      `http://a/${'x'.repeat(9000)}`,
    ])
      await assert.rejects(outward.ask({ url, method: 'GET' }), refused('not-allowed'), url);
    await assert.rejects(ask('/', { isHttpsOnly: true }), refused('not-allowed'));
  });
});
