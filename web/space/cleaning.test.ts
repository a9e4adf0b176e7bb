import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JmapClient } from '../sync/jmap-client.ts';
import { Cleaning } from './cleaning.ts';
import { largeAbove, pathOf, searchOfAge } from './report.ts';

type Places = Record<string, true>;

/** Mail by id and where it lies; what is in `stuck` cannot be moved. */
function serverWith(mails: Map<string, Places>, stuck: ReadonlySet<string> = new Set()) {
  const answers: Record<string, (args: never) => unknown> = {
    'Email/query': ({ limit }: { limit: number }) => {
      const ids = [...mails].flatMap(([id, places]) => ('f1' in places ? [id] : []));
      return { ids: ids.slice(0, limit), total: ids.length };
    },
    'Email/get': ({ ids }: { ids: string[] }) => ({
      list: ids.map((id) => ({ id, mailboxIds: mails.get(id) })),
    }),
    'Email/set': ({ update }: { update: Record<string, { mailboxIds: Places }> }) => {
      const moved = Object.entries(update).filter(([id]) => !stuck.has(id));
      for (const [id, { mailboxIds }] of moved) mails.set(id, mailboxIds);
      return { updated: Object.fromEntries(moved.map(([id]) => [id, null])) };
    },
  };
  const call = (name: string, args: object) => ({
    result: Promise.resolve(answers[name]?.(args as never)),
    ref: () => ({}),
  });
  return { call } as unknown as Pick<JmapClient, 'call'>;
}

const FILTER = { inMailbox: 'f1' };

test('all that fits goes to the Trash, slice by slice, and back to where it was', async () => {
  const mails = new Map(
    Array.from({ length: 1201 }, (_, n) => [
      `e${n}`,
      (n === 0 ? { f1: true, f2: true } : { f1: true }) as Places,
    ]),
  );
  const cleaning = new Cleaning(serverWith(mails), 'trash');
  assert.equal(await cleaning.count(FILTER), 1201);
  let slices = 0;
  await cleaning.clean(FILTER, () => slices++);
  assert.deepEqual([slices, cleaning.moved], [3, 1201]);
  assert.deepEqual(mails.get('e0'), { trash: true });
  await cleaning.undo((mailbox) => (mailbox === 'f1' ? 'f9' : mailbox));
  assert.deepEqual([mails.get('e0'), mails.get('e1200')], [{ f9: true, f2: true }, { f9: true }]);
});

test('what cannot be moved is not asked for for ever', async () => {
  const mails = new Map<string, Places>([
    ['e1', { f1: true }],
    ['e2', { f1: true }],
  ]);
  const cleaning = new Cleaning(serverWith(mails, new Set(['e2'])), 'trash');
  await cleaning.clean(FILTER);
  assert.equal(cleaning.moved, 1);
  assert.deepEqual(mails.get('e2'), { f1: true });
});

test('what is large is a round size that a few are above; ages and paths are as others say them', () => {
  const large = (...sizes: number[]) =>
    sizes.map((megabytes) => ({ size: megabytes * 1024 ** 2 })) as unknown as Parameters<
      typeof largeAbove
    >[0];
  assert.equal(largeAbove(large(60, 30, 26, 2)), 25);
  assert.equal(largeAbove(large(60, 30)), undefined);
  assert.equal(largeAbove(large(2, 1.5, 1)), 1);
  assert.equal(searchOfAge(30, null), 'newer_than:30d');
  assert.equal(searchOfAge(730, 365), 'older_than:365d newer_than:730d');
  assert.equal(searchOfAge(null, 1825), 'older_than:1825d');
  const mailboxes = new Map(
    [
      { id: 'f1', name: 'Inbox', role: 'inbox', parentId: null },
      { id: 'f2', name: 'Club', role: null, parentId: 'f1' },
    ].map((one) => [one.id, one]),
  ) as unknown as Parameters<typeof pathOf>[1];
  assert.equal(pathOf('f2', mailboxes), 'INBOX/Club');
});
