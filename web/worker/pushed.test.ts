import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { worker as words } from '../text/en/worker.ts';
import { Pushed } from './pushed.ts';

interface Shown {
  readonly title: string;
  readonly tag: string;
  readonly body?: string;
  readonly data?: { readonly path: string };
  isClosed: boolean;
}

function browser() {
  const server = {
    status: 200,
    asked: [] as [string, Record<string, unknown>][],
    mails: [] as object[],
  };
  const shown: Shown[] = [];
  const posted: unknown[] = [];
  const opened: string[] = [];
  const state = { told: [] as readonly string[], isEnded: false, badge: -1 };
  const answers = (name: string): object => {
    if (name === 'Mailbox/get') return { list: [{ id: 'f1', unreadThreads: 4 }] };
    if (name === 'Email/get') return { list: server.mails };
    if (name === 'PushSubscription/get') return { list: [{ id: 'p1' }] };
    return {};
  };
  const fetch = (async (url: string, init?: RequestInit) => {
    if (server.status !== 200) return new Response('', { status: server.status });
    if (init?.method !== 'POST')
      return Response.json({
        ...{ apiUrl: '/api', capabilities: {} },
        primaryAccounts: { 'urn:ietf:params:jmap:mail': 'a1' },
      });
    assert.equal(url, '/api');
    const { methodCalls } = JSON.parse(String(init.body)) as {
      methodCalls: [string, Record<string, unknown>, string][];
    };
    for (const [name, args] of methodCalls) server.asked.push([name, args]);
    return Response.json({ methodResponses: methodCalls.map(([name, , id]) => [name, answers(name), id]) });
  }) as unknown as typeof globalThis.fetch;
  const pages: object[] = [];
  const pushed = new Pushed({
    scope: {
      fetch,
      navigator: {
        languages: ['en'],
        setAppBadge: async (count) => void Object.assign(state, { badge: count }),
      },
      registration: {
        showNotification: async (title, options) =>
          void shown.push({ title, isClosed: false, ...(options as { tag: string }) }),
        getNotifications: async () =>
          shown.map((one) => ({
            tag: one.tag,
            data: one.data,
            close: () => void Object.assign(one, { isClosed: true }),
          })),
        pushManager: { getSubscription: async () => null },
      },
      clients: {
        claim: async () => {},
        matchAll: async () => pages as never,
        openWindow: async (url) => void opened.push(url),
      },
    },
    words: async () => words,
    told: { read: async () => state.told, write: async (ids) => void Object.assign(state, { told: ids }) },
    pictures: { icon: '/i', badge: '/b' },
    end: async () => void Object.assign(state, { isEnded: true }),
    nowMs: () => Date.parse('2026-03-05T12:00:00Z'),
  });
  return { pushed, server, shown, state, pages, posted, opened };
}

const mail = (n: number, receivedAt = '2026-03-05T11:59:00Z') => ({
  ...{ id: `e${n}`, threadId: `t${n}`, receivedAt, subject: n === 2 ? null : `Subject ${n}` },
  ...{ preview: 'First words', from: [{ name: n === 1 ? 'Anna' : null, email: `p${n}@example.org` }] },
});
const change = { '@type': 'StateChange', changed: {} };

describe('what is pushed', () => {
  test('the code is said to the server', async () => {
    const { pushed, server } = browser();
    const message = { '@type': 'PushVerification', pushSubscriptionId: 'p1', verificationCode: 'c' };
    await pushed.take(message);
    assert.deepEqual(server.asked, [['PushSubscription/set', { update: { p1: { verificationCode: 'c' } } }]]);
  });

  test('new mail is told of once, by whom and about what; the subscription is renewed', async () => {
    const { pushed, server, shown, state } = browser();
    server.mails = [mail(2), mail(1), mail(0, '2026-03-01T12:00:00Z')];
    await pushed.take(change);
    assert.deepEqual(
      shown.map(({ title, body, data }) => [title, body, data?.path]),
      [
        ['Anna', 'Subject 1\nFirst words', '/m/inbox/t1'],
        ['p2@example.org', '(no subject)\nFirst words', '/m/inbox/t2'],
      ],
    );
    assert.equal(state.badge, 4);
    assert.deepEqual(server.asked.at(-1), [
      'PushSubscription/set',
      { update: { p1: { expires: '2026-03-12T12:00:00Z' } } },
    ]);
    await pushed.take(change);
    assert.equal(shown.length, 3);
    assert.deepEqual([shown[2]?.title, shown[2]?.isClosed], [words.nothingNew, true]);
  });

  test('many come together; without an answer it is said that there is mail', async () => {
    const { pushed, server, shown } = browser();
    server.mails = [1, 2, 3, 4].map((n) => mail(n));
    await pushed.take(change);
    server.status = 503;
    await pushed.take(change);
    assert.deepEqual(
      shown.map(({ title, data }) => [title, data?.path]),
      [
        ['4 new mails', '/m/inbox'],
        ['New mail', '/m/inbox'],
      ],
    );
  });

  test('nothing is told when the session is over', async () => {
    const { pushed, server, shown, state } = browser();
    server.status = 401;
    await pushed.take(change);
    await pushed.take({ nonsense: 1 });
    assert.deepEqual([shown.length, state.isEnded], [0, true]);
  });

  test('pressed, it opens the mail: in the page that is there, else in a new one', async () => {
    const { pushed, pages, posted, opened } = browser();
    const notification = { tag: '', data: { path: '/m/inbox/t1' }, close: () => {} };
    await pushed.open({ notification });
    pages.push({ postMessage: (message: unknown) => posted.push(message), focus: () => Promise.reject() });
    await pushed.open({ notification });
    assert.deepEqual(opened, ['/m/inbox/t1']);
    assert.deepEqual(posted, [{ kind: 'open', path: '/m/inbox/t1' }]);
  });
});
