/** Pictures by way of this server, over real sockets: a server on this machine stands for those of the world. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { silentLog as log } from '../base/log.ts';
import { HttpListener } from '../http/listener.ts';
import { Outward } from '../http/outward.ts';
import { Connections } from '../net/connections.ts';
import { type ProxyServices, pictureRoutes } from './image-proxy.ts';
import { KeptPictures } from './kept-pictures.ts';
import { pictureType } from './picture-type.ts';

const PNG = Buffer.from('89504e470d0a1a0a0000000d', 'hex');
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
const OWN = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

describe('pictures of other servers', () => {
  const asked: IncomingMessage[] = [];
  const world = createServer((request, response) => {
    asked.push(request);
    const body = request.url?.startsWith('/svg') ? SVG : PNG;
    response.writeHead(request.url === '/gone' ? 404 : 200, {
      'content-type': 'image/png',
      'set-cookie': 'a=b',
    });
    response.end(body);
  });
  let listener: HttpListener;
  let there = '';
  before(async () => {
    world.listen(0, '127.0.0.1');
    await once(world, 'listening');
    there = `http://pictures.example:${(world.address() as AddressInfo).port}`;
    const find = async (token: string) =>
      ['ann', 'ben'].includes(token) ? { record: { id: token === 'ann' ? 1 : 2 } } : undefined;
    const services = {
      ...{ clock: systemClock, log, sessions: { find } },
      outward: new Outward({
        resolve: async (name) => [
          { address: name === 'inside.example' ? '10.0.0.1' : '127.0.0.1', family: 4 },
        ],
        mayReach: (address) => address === '127.0.0.1',
      }),
    } as unknown as ProxyServices;
    listener = await HttpListener.open({
      ...{ name: 'http', host: '127.0.0.1', port: 0, trustedProxies: [], handshakeTimeoutMs: 1000, log },
      connections: new Connections({ total: 100, perAddress: 100 }),
      routes: pictureRoutes(services),
    });
  });
  after(async () => {
    await listener.close(0);
    world.closeAllConnections();
    world.close();
  });

  const sign = (urls: readonly string[], who = 'ann', email = 'e1'): Promise<Response> =>
    fetch(`http://${listener.address}/web/pictures`, {
      ...{ method: 'POST', headers: { ...OWN, cookie: `brevduva=${who}` } },
      body: JSON.stringify({ email, urls }),
    });
  const signed = async (url: string, who = 'ann'): Promise<string> =>
    ((await (await sign([url], who)).json()) as { pictures: string[] }).pictures[0] ?? '';
  const get = (path: string, who = 'ann', headers = {}): Promise<Response> =>
    fetch(`http://${listener.address}${path}`, {
      headers: { ...OWN, cookie: `brevduva=${who}`, ...headers },
    });

  test('come without a cookie of ours or theirs, as what they are, and nothing else', async () => {
    const reply = await get(await signed(`${there}/a.png?x=1&y=2`), 'ann', {
      'user-agent': 'secret',
      referer: 'x',
    });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('content-type'), 'image/png');
    assert.match(reply.headers.get('content-security-policy') ?? '', /default-src 'none'; sandbox/);
    assert.match(reply.headers.get('cache-control') ?? '', /^private/);
    assert.equal(reply.headers.get('set-cookie'), null);
    assert.deepEqual(Buffer.from(await reply.arrayBuffer()), PNG);
    const { url, headers } = asked.at(-1) ?? assert.fail();
    assert.equal(url, '/a.png?x=1&y=2');
    assert.deepEqual(Object.keys(headers).sort(), [
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    assert.equal(headers['user-agent'], 'Brevduva');
  });

  test('are fetched once for an account, also when it asks twice at once, and anew for another', async () => {
    const before = asked.length;
    const path = await signed(`${there}/once.png`);
    await Promise.all([get(path), get(path)]);
    await get(path);
    assert.equal(asked.length, before + 1);
    assert.equal((await get(await signed(`${there}/once.png`, 'ben'), 'ben')).status, 200);
    assert.equal(asked.length, before + 2);
  });

  test('that are no pictures, or not there, or inside, are not given', async () => {
    const inside = there.replace('pictures.example', 'inside.example');
    for (const url of [
      `${there}/svg`,
      `${there}/gone`,
      `${inside}/a.png`,
      'file:///etc/passwd',
      'javascript:1',
      '',
    ])
      assert.equal((await get(await signed(url))).status, 404, url);
  });

  test('need an address that was signed for this session, this mail and this picture', async () => {
    const before = asked.length;
    const path = await signed(`${there}/proof.png`);
    assert.equal((await get(path, 'ben')).status, 403);
    assert.equal((await get(path, 'nobody')).status, 401);
    assert.equal((await get(path.replace('email=e1', 'email=e2'))).status, 403);
    assert.equal((await get(path.replace('proof.png', 'other.png'))).status, 403);
    assert.equal((await get(`/web/picture?email=e1&url=${encodeURIComponent(`${there}/x`)}`)).status, 403);
    assert.equal((await get('/web/picture')).status, 403);
    assert.equal((await get(path, 'ann', { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal(asked.length, before);
    assert.equal((await sign([], 'nobody')).status, 401);
    assert.equal((await sign([], 'ann', '../e1')).status, 400);
    assert.equal((await sign(new Array<string>(501).fill('x'))).status, 400);
  });
});

test('only as many octets are kept as fit, for as long as they may be, and the oldest goes first', () => {
  const kept = new KeptPictures({ maxBytes: 100, maxAgeMs: 1000 });
  const picture = (size: number) => ({ type: 'image/png', octets: Buffer.alloc(size) });
  for (const key of ['a', 'b', 'c']) kept.keep(key, picture(30), 0);
  kept.find('a', 1);
  kept.keep('d', picture(30), 2);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => kept.find(key, 3) !== undefined),
    [true, false, true, true],
  );
  kept.keep('huge', picture(101), 3);
  assert.equal(kept.find('huge', 3), undefined);
  kept.keep('a', picture(50), 4);
  assert.ok(kept.bytes <= 100);
  assert.equal(kept.find('a', 5000), undefined);
});

test('a picture is known by its octets', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['89504e470d0a1a0a', 'image/png'],
    ['ffd8ffe000104a46', 'image/jpeg'],
    [Buffer.from('GIF89a').toString('hex'), 'image/gif'],
    [Buffer.from('RIFF\0\0\0\0WEBPVP8 ').toString('hex'), 'image/webp'],
    [Buffer.from('\0\0\0\x20ftypavif\0\0\0\0').toString('hex'), 'image/avif'],
    [Buffer.from('\0\0\0\x20ftypmp42').toString('hex'), undefined],
    [Buffer.from('<svg').toString('hex'), undefined],
    [Buffer.from('<!doctype html>').toString('hex'), undefined],
    ['', undefined],
  ];
  for (const [hex, type] of rows) assert.equal(pictureType(Buffer.from(hex, 'hex')), type, hex);
});
