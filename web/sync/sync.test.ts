/** The copy of the account against a server that is a few lines long: what is shown, what is asked, what is taken back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Actions } from './actions.ts';
import { MailCache } from './cache.ts';
import type { JmapClient } from './jmap-client.ts';
import { Refused, Unreachable } from './jmap-client.ts';
import { MailList, withChanges } from './mail-list.ts';
import type { Email } from './model.ts';
import { Stream } from './stream.ts';

type Args = Readonly<Record<string, unknown>>;
type Answer = (name: string, args: Args) => unknown;

/** Answers at the end of the turn, or when it is told to. */
function clientOf(answer: Answer): JmapClient & { readonly asked: (readonly [string, Args])[] } {
  const asked: (readonly [string, Args])[] = [];
  const client = {
    asked,
    call: (name: string, args: Args) => {
      asked.push([name, args]);
      const result = Promise.resolve().then(() => answer(name, args));
      result.catch(() => {});
      return { result, ref: (path: string) => ({ resultOf: 'c', name, path }) };
    },
  };
  return client as unknown as ReturnType<typeof clientOf>;
}

const anEmail = (
  id: string,
  mailboxes: readonly string[] = ['inbox'],
  keywords: readonly string[] = [],
): Email => ({
  ...{
    id,
    threadId: `t${id}`,
    receivedAt: '',
    subject: '',
    from: [],
    to: [],
    preview: '',
    hasAttachment: false,
    size: 1,
  },
  mailboxIds: Object.fromEntries(mailboxes.map((one) => [one, true])),
  keywords: Object.fromEntries(keywords.map((one) => [one, true])),
});

describe('actions', () => {
  function made(answer: Answer) {
    const cache = new MailCache();
    cache.put({ emails: [anEmail('1'), anEmail('2')] });
    const refused: string[] = [];
    const client = clientOf(answer);
    const actions = new Actions({
      ...{ client, cache, onApplied: () => {}, onSettled: () => {} },
      onRefused: ({ type }) => void refused.push(type),
      sleep: () => Promise.resolve(),
    });
    return { cache, actions, refused, client };
  }
  const read = (id: string) => ({ patches: [{ id, keywords: { $seen: true } }] });

  test('count at once, and go out in order as patches', async () => {
    const { cache, actions, client } = made(() => ({}));
    actions.run(read('1'));
    const { done } = actions.run({ patches: [{ id: '1', mailboxIds: { inbox: false, 'a/b~': true } }] });
    assert.deepEqual(Object.keys(cache.email('1').value?.mailboxIds ?? {}), ['a/b~']);
    assert.equal(actions.waiting.value, 2);
    await done;
    assert.deepEqual(
      client.asked.map(([, args]) => args.update),
      [{ 1: { 'keywords/$seen': true } }, { 1: { 'mailboxIds/inbox': null, 'mailboxIds/a~1b~0': true } }],
    );
    assert.equal(actions.waiting.value, 0);
  });

  test('what is refused goes back, with a word; the others stay', async () => {
    const { cache, actions, refused } = made(() => ({ notUpdated: { 2: { type: 'overQuota' } } }));
    await actions.run({ patches: [...read('1').patches, ...read('2').patches] }).done;
    assert.deepEqual(
      [1, 2].map((id) => '$seen' in (cache.email(String(id)).value?.keywords ?? {})),
      [true, false],
    );
    assert.deepEqual(refused, ['overQuota']);
  });

  test('what was changed again meanwhile does not go back', async () => {
    const { cache, actions } = made(() => {
      throw new Refused('forbidden');
    });
    const first = actions.run(read('1'));
    actions.run({ patches: [{ id: '1', keywords: { $seen: false } }] });
    await first.done;
    assert.ok(!('$seen' in (cache.email('1').value?.keywords ?? {})));
  });

  test('what is gone meanwhile is as good as done', async () => {
    const { actions, refused } = made(() => ({ notUpdated: { 1: { type: 'notFound' } } }));
    await actions.run(read('1')).done;
    assert.deepEqual(refused, []);
  });

  test('without a network it waits, and is sent once there is one', async () => {
    let attempts = 0;
    const { actions, client } = made(() => {
      if (++attempts < 3) throw new Unreachable('no answer');
      return {};
    });
    await actions.run(read('1')).done;
    assert.equal(client.asked.length, 3);
    assert.equal(actions.isHeld.value, false);
  });

  test('its undo is an action, of what it has changed and nothing else', async () => {
    const { cache, actions } = made(() => ({}));
    cache.put({ emails: [anEmail('1', ['inbox'], ['$seen'])] });
    const { undo } = actions.run({
      patches: [{ id: '1', keywords: { $seen: true }, mailboxIds: { inbox: false, trash: true } }],
    });
    assert.deepEqual(undo.patches, [{ id: '1', keywords: {}, mailboxIds: { inbox: true, trash: false } }]);
    await actions.run(undo).done;
    assert.deepEqual(cache.email('1').value, anEmail('1', ['inbox'], ['$seen']));
  });

  test('thousands go out in slices', async () => {
    const { actions, client } = made(() => ({}));
    await actions.run({ patches: Array.from({ length: 1200 }, (_, n) => ({ id: `x${n}`, keywords: {} })) })
      .done;
    assert.equal(client.asked.length, 3);
  });
});

describe('a list', () => {
  /** A mailbox of so many, whose state is its length. */
  function served(ids: string[]) {
    return clientOf((name, args) => {
      const position = Number(args.position ?? 0);
      if (name === 'Email/query')
        return {
          ...{ queryState: String(ids.length), canCalculateChanges: true, position, total: ids.length },
          ids: ids.slice(position, position + Number(args.limit)),
        };
      if (name === 'Email/queryChanges') {
        const since = Number(args.sinceQueryState);
        return {
          ...{ newQueryState: String(ids.length), total: ids.length, removed: [] },
          added: ids.slice(0, ids.length - since).map((id, index) => ({ id, index })),
        };
      }
      return { list: [] };
    });
  }
  const numbered = (count: number) => Array.from({ length: count }, (_, n) => `e${n}`);
  const listOf = (client: JmapClient) =>
    new MailList({ client, cache: new MailCache(), filter: { inMailbox: 'f1' }, isCollapsed: true });

  test('loads what is looked at, a page at a time, each once', async () => {
    const client = served(numbered(1000));
    const list = listOf(client);
    await list.need(0, 1);
    await Promise.all([list.need(500, 530), list.need(500, 530)]);
    assert.equal(list.rows.value.total, 1000);
    assert.deepEqual(
      [0, 49, 50, 500, 520].map((at) => list.rows.value.ids[at]),
      ['e0', 'e49', undefined, 'e500', 'e520'],
    );
    assert.equal(client.asked.filter(([name]) => name === 'Email/query').length, 2);
  });

  test('follows by the difference, and keeps what it knows', async () => {
    const ids = numbered(120);
    const list = listOf(served(ids));
    await list.need(0, 1);
    await list.need(60, 70);
    ids.unshift('new');
    await list.refresh();
    assert.deepEqual(
      [0, 1, 101].map((at) => list.rows.value.ids[at]),
      ['new', 'e0', undefined].with(2, list.rows.value.ids[101]),
    );
    assert.equal(list.rows.value.total, 121);
    assert.equal(list.rows.value.ids[61], 'e60');
  });

  test('a row that is taken out stays out until it is put back or the server has decided', async () => {
    const ids = numbered(10);
    const list = listOf(served(ids));
    await list.need(0, 1);
    const back = list.takeOut('e3');
    assert.equal(list.rows.value.total, 9);
    ids.unshift('new');
    await list.refresh();
    assert.ok(!list.rows.value.ids.includes('e3'));
    back();
    assert.equal(list.rows.value.ids.filter((id) => id === 'e3').length, 1);
  });

  test('what cannot be loaded is said, and asked again when somebody wants it', async () => {
    let isDown = true;
    const list = listOf(
      clientOf((name) => {
        if (isDown) throw new Unreachable('no answer');
        if (name !== 'Email/query') return { list: [] };
        return { queryState: '1', canCalculateChanges: true, position: 0, ids: ['e1'], total: 1 };
      }),
    );
    await list.need(0, 1);
    assert.ok(list.fault.value instanceof Unreachable);
    isDown = false;
    await list.need(0, 1);
    assert.deepEqual([list.fault.value, list.rows.value.total], [undefined, 1]);
  });

  test('differences lead from any list to any other (RFC 8620 §5.6)', () => {
    const some = fc.uniqueArray(
      fc.integer({ min: 0, max: 30 }).map((n) => `e${n}`),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(some, some, some, (before, after, also) => {
        // Naming more than has left is allowed, as long as what stays is added again.
        const removed = [...before.filter((id) => !after.includes(id)), ...also];
        const kept = before.filter((id) => !removed.includes(id));
        const added = after.flatMap((id, index) => (kept.indexOf(id) >= 0 ? [] : [{ id, index }]));
        const isInOrder = kept.join() === after.filter((id) => kept.includes(id)).join();
        if (isInOrder) assert.deepEqual(withChanges(before, { removed, added }), after);
      }),
    );
  });
});

describe('the stream', () => {
  function browser() {
    const queue: (() => Promise<void>)[] = [];
    let held = false;
    const next = async (): Promise<void> => {
      const run = held ? undefined : queue.shift();
      if (run === undefined) return;
      held = true;
      await run();
      held = false;
      void next();
    };
    const listeners = new Set<() => void>();
    const sources: { readonly url: string; readonly tell: (type: string) => void; isClosed: boolean }[] = [];
    const timers: (() => void)[] = [];
    const state = { nowMs: 0 };
    const tab = () => {
      let heard = () => {};
      let mine: () => void = () => {};
      return {
        eventSource: (url: string) => {
          const types = new Map<string, () => void>();
          const source = { url, isClosed: false, tell: (type: string) => types.get(type)?.() };
          sources.push(source);
          return {
            addEventListener: (type: string, run: () => void) => void types.set(type, run),
            close: () => {
              source.isClosed = true;
            },
          };
        },
        locks: {
          request: (_: string, run: () => Promise<void>) => {
            queue.push(run);
            void next();
            return Promise.resolve();
          },
        },
        channel: {
          postMessage: () => {
            for (const listener of listeners) if (listener !== mine) listener();
          },
          addEventListener: (_: string, run: () => void) => {
            heard = run;
            mine = () => heard();
            listeners.add(mine);
          },
          close: () => void listeners.delete(mine),
        },
        every: (_: number, run: () => void) => {
          timers.push(run);
          return () => void timers.splice(timers.indexOf(run), 1);
        },
        now: () => state.nowMs,
      } as never;
    };
    return { tab, sources, timers, state };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const url = '/jmap/events?types={types}&closeafter={closeafter}&ping={ping}';

  test('one tab has it and tells the others; when it closes another takes over', async () => {
    const { tab, sources } = browser();
    const changes = [0, 0];
    const [first, second] = [0, 1].map(
      (n) => new Stream({ url, parts: tab(), onChange: () => void (changes[n] as number)++ }),
    ) as [Stream, Stream];
    await settle();
    assert.equal(sources.length, 1);
    assert.match(sources[0]?.url ?? '', /types=Mailbox,Email.*closeafter=no&ping=30/);
    const before = [...changes];
    sources[0]?.tell('state');
    assert.deepEqual(
      changes.map((count, n) => count - (before[n] ?? 0)),
      [1, 1],
    );
    first.close();
    await settle();
    assert.deepEqual(
      sources.map(({ isClosed }) => isClosed),
      [true, false],
    );
    second.close();
  });

  test('a silent one is dead, and begun anew', async () => {
    const { tab, sources, timers, state } = browser();
    const stream = new Stream({ url, parts: tab(), onChange: () => {} });
    await settle();
    state.nowMs = 60_000;
    sources[0]?.tell('ping');
    state.nowMs = 120_000;
    for (const timer of timers) timer();
    assert.equal(sources.length, 1);
    state.nowMs = 136_000;
    for (const timer of timers) timer();
    assert.deepEqual(
      sources.map(({ isClosed }) => isClosed),
      [true, false],
    );
    stream.close();
  });
});
