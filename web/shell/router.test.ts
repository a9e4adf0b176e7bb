import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressOf, type Place, placeOf } from './places.ts';
import { type Browser, Router } from './router.ts';

/** A window with a history, as far as the router uses one. */
function browserAt(address: string) {
  const entries: { address: string; state: unknown }[] = [{ address, state: null }];
  let at = 0;
  let listener = () => {};
  const parts = () => new URL(entries[at]?.address ?? '', 'https://mail.example.org');
  const browser: Browser & { entries: typeof entries } = {
    entries,
    location: {
      get pathname() {
        return parts().pathname;
      },
      get search() {
        return parts().search;
      },
    },
    history: {
      get state() {
        return entries[at]?.state;
      },
      pushState(state, _, url) {
        entries.splice(at + 1, entries.length, { address: String(url), state });
        at++;
      },
      replaceState(state, _, url) {
        entries[at] = { address: String(url), state };
      },
      back() {
        if (at > 0) at--;
        listener();
      },
    },
    addEventListener: (_, heard) => {
      listener = heard;
    },
  };
  return browser;
}

describe('places', () => {
  const rows: readonly (readonly [string, Place])[] = [
    ['/m/inbox', { at: 'mailbox', mailbox: 'inbox' }],
    ['/m/f12/t3', { at: 'mailbox', mailbox: 'f12', thread: 't3' }],
    ['/search?q=from%3Aanna+%C3%A5', { at: 'search', query: 'from:anna å' }],
    ['/search/t3?q=a', { at: 'search', query: 'a', thread: 't3' }],
    ['/settings', { at: 'settings' }],
    ['/settings/devices', { at: 'settings', page: 'devices' }],
    ['/write?to=a%40example.org', { at: 'write', parameters: '?to=a%40example.org' }],
    ['/write/e5', { at: 'write', draft: 'e5', parameters: '' }],
  ];
  for (const [address, place] of rows)
    test(address, () => {
      const { pathname, search } = new URL(address, 'https://mail.example.org');
      assert.deepEqual(placeOf({ pathname, search }), place);
      assert.equal(addressOf(place), address);
    });

  test('what is no place is the Inbox', () => {
    for (const pathname of ['/', '/m', '/m/a%2Fb', '/m/%E0%A4%A', '/elsewhere', `/m/${'x'.repeat(300)}`])
      assert.deepEqual(placeOf({ pathname, search: '' }), { at: 'mailbox', mailbox: 'inbox' }, pathname);
  });
});

describe('going and coming back', () => {
  test('back leads where one came from', () => {
    const browser = browserAt('/m/inbox');
    const router = new Router(browser);
    router.go({ at: 'search', query: 'a' });
    router.go({ at: 'search', query: 'a', thread: 't1' });
    router.back();
    assert.deepEqual(router.place.value, { at: 'search', query: 'a' });
    router.back();
    assert.deepEqual(router.place.value, { at: 'mailbox', mailbox: 'inbox' });
  });

  test('who began inside a conversation goes a level up, and not out of the page', () => {
    const browser = browserAt('/m/f1/t1');
    const router = new Router(browser);
    router.back();
    assert.deepEqual(router.place.value, { at: 'mailbox', mailbox: 'f1' });
    assert.equal(browser.entries.length, 1);
  });

  test('going where one is adds nothing to go back to', () => {
    const browser = browserAt('/m/inbox');
    const router = new Router(browser);
    router.go({ at: 'mailbox', mailbox: 'inbox' });
    assert.equal(browser.entries.length, 1);
    router.replace({ at: 'mailbox', mailbox: 'f2' });
    assert.equal(browser.entries.length, 1);
    assert.deepEqual(router.place.value, { at: 'mailbox', mailbox: 'f2' });
  });
});
