/** The webmail as a browser gets it: over a real socket, from a build made of the sources as they are. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { silentLog as log } from '../base/log.ts';
import { HttpListener } from '../http/listener.ts';
import { Connections } from '../net/connections.ts';
import { AppBuild } from './app-build.ts';
import { appRoutes } from './app-routes.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the webmail', () => {
  let data: string;
  let listener: HttpListener;
  let build: AppBuild;
  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'brevduva-web-'));
    build = AppBuild.begin({ root, data, log });
    listener = await HttpListener.open({
      ...{ name: 'http', host: '127.0.0.1', port: 0, trustedProxies: [], handshakeTimeoutMs: 1000, log },
      connections: new Connections({ total: 100, perAddress: 100 }),
      routes: appRoutes(build),
    });
    await build.done;
  });
  after(async () => {
    await listener.close(0);
    await rm(data, { recursive: true });
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://${listener.address}${path}`, { headers });

  test('its page comes with a policy and a tag, at every place of the app', async () => {
    for (const path of ['/', '/m/f1', '/m/f1/t2', '/settings', '/settings/devices', '/write/e1']) {
      const page = await get(path);
      assert.equal(page.status, 200, path);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; script-src 'self';/,
      );
      assert.match(page.headers.get('content-security-policy') ?? '', /require-trusted-types-for 'script'/);
      assert.equal(page.headers.get('cache-control'), 'no-cache');
      assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
      assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
      const tag = page.headers.get('etag') ?? '';
      assert.equal((await get(path, { 'if-none-match': `"other", W/${tag}` })).status, 304);
      assert.equal((await get(path, { 'if-none-match': '"other"' })).status, 200);
    }
    assert.equal((await get('/elsewhere')).status, 404);
  });

  test('its service worker is asked anew, may ask only us, and names files that are there', async () => {
    const worker = await get('/service-worker.js');
    assert.equal(worker.status, 200);
    assert.equal(worker.headers.get('cache-control'), 'no-cache');
    assert.match(
      worker.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; connect-src 'self';/,
    );
    const tag = worker.headers.get('etag') ?? '';
    assert.equal((await get('/service-worker.js', { 'if-none-match': tag })).status, 304);
    const [, list = '[]'] = /files:(\[[^\]]*\])/.exec(await worker.text()) ?? [];
    const files = JSON.parse(list) as readonly string[];
    assert.ok(files.length > 10);
    for (const path of files) assert.equal((await get(path)).status, 200, path);
    const page = await (await get('/')).text();
    const [, manifest = ''] = /rel="manifest" href="([^"]+)"/.exec(page) ?? [];
    const { icons, start_url } = (await (await get(manifest)).json()) as {
      icons: { src: string; sizes: string }[];
      start_url: string;
    };
    assert.equal(start_url, '/');
    for (const { src, sizes } of icons) {
      const octets = Buffer.from(await (await get(src)).arrayBuffer());
      assert.equal(`${octets.readUInt32BE(16)}x${octets.readUInt32BE(20)}`, sizes);
    }
  });

  test('all that the page names is there, kept for a year, compressed as far as it is taken', async () => {
    const page = await (await get('/')).text();
    const paths = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path as string);
    assert.ok(paths.length >= 4, page);
    for (const path of paths) {
      const plain = await get(path, { 'accept-encoding': 'identity' });
      assert.equal(plain.status, 200);
      assert.match(plain.headers.get('cache-control') ?? '', /max-age=31536000, immutable/);
      assert.equal(plain.headers.get('content-encoding'), null);
      const octets = Buffer.from(await plain.arrayBuffer());
      if (path.endsWith('.png')) continue;
      for (const [taken, coding] of [
        ['gzip, br', 'br'],
        ['gzip;q=0.5, br;q=0', 'gzip'],
      ] as const) {
        const packed = await raw(path, taken);
        assert.equal(packed.coding, coding);
        const unpacked = coding === 'br' ? brotliDecompressSync(packed.octets) : gunzipSync(packed.octets);
        assert.deepEqual(unpacked, octets);
      }
    }
    assert.equal((await get('/assets/../index.html')).status, 404);
    assert.equal((await get('/assets/main.js')).status, 404);
  });

  /** `fetch` would unpack it. */
  async function raw(
    path: string,
    accepted: string,
  ): Promise<{ coding: string | undefined; octets: Buffer }> {
    const { request } = await import('node:http');
    const { promise, resolve, reject } = Promise.withResolvers<{
      coding: string | undefined;
      octets: Buffer;
    }>();
    const asked = request(`http://${listener.address}${path}`, { headers: { 'accept-encoding': accepted } });
    asked.once('error', reject).once('response', async (response) => {
      const octets = Buffer.concat(await response.toArray());
      resolve({ coding: response.headers['content-encoding'], octets });
    });
    asked.end();
    return promise;
  }
});

describe('what there is to serve', () => {
  test('a package without sources has the build that came with it, and only that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-package-'));
    try {
      const none = AppBuild.begin({ root: folder, data: folder, log });
      await none.done;
      assert.equal(none.now.state, 'absent');
      const { buildWeb } = await import(`${root}/web/build.mjs`);
      await buildWeb({ out: join(folder, 'dist', 'web') });
      const published = AppBuild.begin({ root: folder, data: folder, log });
      await published.done;
      assert.equal(published.now.state, 'there');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a clone that may not be written is built into the data folder; old builds go, but for the last two', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-out-'));
    try {
      const { buildWeb, stampOf } = await import(`${root}/web/build.mjs`);
      for (const name of ['0', '1', '2', '3']) {
        const { mkdir } = await import('node:fs/promises');
        await mkdir(join(folder, name.repeat(16)));
      }
      await Promise.all([buildWeb({ out: folder }), buildWeb({ out: folder })]);
      const names = await readdir(folder);
      assert.equal(names.length, 3, names.join());
      assert.ok(names.includes(stampOf()));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
