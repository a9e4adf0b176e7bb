import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AppShell } from './app-shell.ts';

const ORIGIN = 'https://mail.example.org';

/** Of what a browser has only what is used. */
class Caches {
  readonly all = new Map<string, Map<string, string>>();
  #fetch: typeof fetch;

  constructor(ask: typeof fetch) {
    this.#fetch = ask;
  }

  async open(name: string) {
    const cache = this.all.get(name) ?? new Map<string, string>();
    this.all.set(name, cache);
    return {
      addAll: async (requests: readonly Request[]) => {
        for (const request of requests) {
          const response = await this.#fetch(request);
          if (!response.ok) throw new TypeError('not all of it');
          cache.set(request.url, await response.text());
        }
      },
      match: async (asked: string | Request) => {
        const url = typeof asked === 'string' ? asked : asked.url;
        return cache.has(url) ? new Response(cache.get(url)) : undefined;
      },
    };
  }

  async match({ url }: Request) {
    for (const cache of this.all.values()) if (cache.has(url)) return new Response(cache.get(url));
    return undefined;
  }

  keys = async () => [...this.all.keys()];
  delete = async (name: string) => this.all.delete(name);
}

function browser(stamp = 'a') {
  const network = { isUp: true, isSlow: false, status: 200, asked: [] as string[] };
  const ask = (async (input: Request) => {
    network.asked.push(new URL(input.url).pathname);
    if (network.isSlow) return new Promise(() => {});
    if (!network.isUp) throw new TypeError('no network');
    return new Response(`${stamp} ${new URL(input.url).pathname}`, { status: network.status });
  }) as unknown as typeof fetch;
  const caches = new Caches(ask);
  const shellOf = (build: string) =>
    new AppShell({
      build: {
        ...{ stamp: build, files: [`/assets/main-${build}.js`] },
        texts: { en: [`/assets/en-${build}.js`], sv: [`/assets/sv-${build}.js`] },
      },
      ...{ caches: caches as unknown as CacheStorage, fetch: ask, origin: ORIGIN },
      sleep: () => (network.isSlow ? Promise.resolve() : new Promise(() => {})),
    });
  return { caches, network, shellOf };
}

const request = (path: string, mode = 'navigate', method = 'GET'): Request =>
  ({ url: ORIGIN + path, mode, method }) as Request;

describe('files of the app', () => {
  test('pages come from the server, and from here when it cannot be reached, is slow or has none', async () => {
    const { network, shellOf } = browser();
    const shell = shellOf('a');
    await shell.install('en');
    for (const [change, expected] of [
      [{}, 'a /m/inbox'],
      [{ isUp: false }, 'a /'],
      [{ isUp: true, isSlow: true }, 'a /'],
      [{ isSlow: false, status: 503 }, 'a /'],
    ] as const) {
      Object.assign(network, change);
      const answer = await shell.answer(request('/m/inbox'));
      assert.equal(await answer?.text(), expected);
    }
    assert.equal(await (await shell.answer(request('/frame')))?.text(), 'a /frame');
  });

  test('files come from here, and what is not the app is left alone', async () => {
    const { network, shellOf } = browser();
    const shell = shellOf('a');
    await shell.install('en');
    network.isUp = false;
    const file = await shell.answer(request('/assets/main-a.js', 'no-cors'));
    assert.equal(await file?.text(), 'a /assets/main-a.js');
    for (const path of ['/jmap/api', '/web/session', '/.well-known/jmap', '/admin', '/writer'])
      assert.equal(shell.answer(request(path)), undefined, path);
    assert.equal(shell.answer(request('/m/inbox', 'cors')), undefined);
    assert.equal(shell.answer(request('/', 'navigate', 'POST')), undefined);
  });

  test('of the languages those are here that are read', async () => {
    const { network, shellOf } = browser();
    const shell = shellOf('a');
    await shell.install('en');
    assert.ok(network.asked.includes('/assets/en-a.js') && !network.asked.includes('/assets/sv-a.js'));
    await shell.keepTexts('sv');
    await shell.keepTexts('sv');
    await shell.keepTexts('nonsense');
    assert.equal(network.asked.filter((path) => path === '/assets/sv-a.js').length, 1);
    network.isUp = false;
    const file = await shell.answer(request('/assets/sv-a.js', 'no-cors'));
    assert.equal(await file?.text(), 'a /assets/sv-a.js');
  });

  test('a build counts when it is whole; the one before stays, older ones go', async () => {
    const { caches, network, shellOf } = browser();
    for (const stamp of ['a', 'b', 'c']) {
      await shellOf(stamp).install('en');
      await shellOf(stamp).activate();
    }
    assert.deepEqual([...caches.all.keys()], ['app-b', 'app-c']);
    network.status = 503;
    await assert.rejects(shellOf('d').install('en'));
  });
});
