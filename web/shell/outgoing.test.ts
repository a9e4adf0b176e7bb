/** Mail that waits in the browser is tried again, and is never in neither place. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { signal } from '@preact/signals-core';
import type { Keeping } from '../keep/keeping.ts';
import type { MailSync } from '../sync/mail-sync.ts';
import { en } from '../text/en.ts';
import { emptyDraft } from '../write/draft.ts';
import type { KeptDraft } from '../write/local-drafts.ts';
import type { OutMail } from '../write/outbox.ts';
import type { Notices } from './notices.ts';
import { Outgoing } from './outgoing.ts';
import type { Router } from './router.ts';

const MAIL: OutMail = {
  id: 'x',
  draft: emptyDraft('k', 'm@example.org', { name: null, email: 'anna@example.org' }),
  ...{ serverId: undefined, identityId: 'i', hold: { seconds: 0 } },
};

/** A browser's rows, and a server that is asked whether the mail was sent, and says yes. */
async function page(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const rows = { outbox: new Map<string, unknown>(), drafts: new Map<string, unknown>() };
  const state = { isFull: false, isUp: true, asked: 0 };
  const steps: string[] = [];
  const kept = {
    all: async (area: 'outbox' | 'drafts') => [...rows[area].values()],
    put: async (area: 'outbox' | 'drafts', row: { id?: string; key?: string }) => {
      rows[area].set(row.id ?? row.key ?? '', row);
    },
    remove: async (area: 'outbox' | 'drafts', key: string) => void rows[area].delete(key),
    change: async (areas: readonly ('outbox' | 'drafts')[], run: (store: unknown) => Promise<void>) => {
      steps.push(areas.join(' '));
      if (state.isFull) throw new Error('full');
      await run((area: 'outbox' | 'drafts') => ({
        put: (row: KeptDraft) => void rows[area].set(row.key, row),
        delete: (id: string) => void rows[area].delete(id),
      }));
    },
  };
  const answers: Record<string, unknown> = {
    'Email/query': { ids: ['e1'] },
    'Email/get': { list: [{ id: 'e1', messageId: ['m@example.org'], mailboxIds: { f4: true } }] },
    'EmailSubmission/get': { state: 's', list: [{ id: 's1', undoStatus: 'final' }] },
  };
  const call = (name: string) => {
    if (name === 'Email/query') state.asked++;
    const result = state.isUp ? Promise.resolve(answers[name]) : Promise.reject(new TypeError('down'));
    result.catch(() => {});
    return { result, ref: () => ({}) };
  };
  const said: string[] = [];
  const unsent = signal(0);
  const carried = new Map<string, KeptDraft>();
  const parts = {
    sync: {
      client: { call },
      cache: { byRole: () => ({ id: 'f3' }) },
      sync: async () => {},
    } as unknown as MailSync,
    notices: { show: ({ text }: { text: string }) => void said.push(text) } as unknown as Notices,
    ...{ texts: signal(en), carried, unsent },
  };
  const again = async (): Promise<Outgoing> => {
    const one = new Outgoing(parts);
    t.after(() => one.close());
    await one.resume({ kept, fact: async () => undefined } as unknown as Keeping);
    return one;
  };
  const out = await again();
  // What is done by and by: parts are loaded on the way.
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let i = 0; i < 5000 && !isSo(); i++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(isSo());
  };
  const router = { go: () => void steps.push('go') } as unknown as Router;
  return { out, rows, state, steps, said, carried, unsent, again, until, router };
}

describe('mail that waits', () => {
  test('is tried again, though the page never noticed that the server was away', async (t) => {
    const { out, rows, until } = await page(t);
    out.live();
    await out.put(MAIL);
    t.mock.timers.tick(15_000);
    await until(() => rows.outbox.size === 0);
  });

  test('goes as soon as the server answers anything, and is not tried again at once', async (t) => {
    const { out, rows, state, until } = await page(t);
    await out.put(MAIL);
    state.isUp = false;
    out.wake();
    out.wake();
    await until(() => state.asked === 1);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    out.wake();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(state.asked, 1);
    state.isUp = true;
    t.mock.timers.tick(5000);
    out.wake();
    await until(() => rows.outbox.size === 0);
    assert.equal(state.asked, 2);
  });

  test('outlives what the browser forgets when the person is signed out, and is counted', async (t) => {
    const { out, rows, carried, unsent } = await page(t);
    await out.put(MAIL);
    await out.put({ ...MAIL, id: 'y' });
    rows.outbox.clear();
    out.close();
    assert.equal(unsent.value, 2);
    assert.deepEqual([...carried.keys()].length, 2);
    assert.ok([...carried.values()].every(({ wasWaiting }) => wasWaiting));
  });

  test('and is still kept when the person is back goes as it was to', async (t) => {
    const { out, carried, again } = await page(t);
    await out.put(MAIL);
    out.close();
    assert.equal(carried.size, 1);
    assert.equal((await again()).outbox.peek()?.mails.peek().length, 1);
    assert.equal(carried.size, 0);
  });

  test('becomes a draft in one step, and waits on when the browser has no room for that', async (t) => {
    const { out, rows, state, steps, said, carried, router } = await page(t);
    await out.put(MAIL);
    state.isFull = true;
    await out.reopen('x', router);
    assert.deepEqual([rows.outbox.size, rows.drafts.size, carried.size], [1, 0, 0]);
    assert.deepEqual(said, [en.write.notTakenBack]);
    state.isFull = false;
    await out.reopen('x', router);
    assert.deepEqual([rows.outbox.size, rows.drafts.size, carried.size], [0, 1, 1]);
    assert.deepEqual(steps, ['outbox drafts', 'outbox drafts', 'go']);
    await out.reopen('x', router);
    assert.equal(said.at(-1), en.write.tooLate);
  });
});
