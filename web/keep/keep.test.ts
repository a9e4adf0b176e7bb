import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailCache } from '../sync/cache.ts';
import type { Email, Mailbox } from '../sync/model.ts';
import { bounded } from './kept-texts.ts';
import { isSnapshot, snapshotOf } from './snapshot.ts';

test('of texts those opened last stay, within number, size and age', () => {
  const day = 86_400_000;
  const notes = Array.from({ length: 1500 }, (_, n) => ({ id: `e${n}`, size: 10, atMs: 100 * day }));
  assert.equal(bounded(notes, 100 * day).stay.length, 1000);
  const large = notes.map((note) => ({ ...note, size: 1_000_000 }));
  assert.deepEqual(
    bounded(large, 100 * day).go.map(({ id }) => id),
    large.slice(30).map(({ id }) => id),
  );
  assert.equal(bounded(notes, 161 * day).stay.length, 0);
});

test('a snapshot has the lists without gaps, with their conversations, and no more', () => {
  const cache = new MailCache();
  const email = (n: number): Email => ({
    ...{ id: `e${n}`, threadId: `t${n}`, mailboxIds: { f1: true }, keywords: {}, receivedAt: '' },
    ...{ subject: '', from: [], to: [], preview: '', hasAttachment: false, size: 1 },
  });
  const all = Array.from({ length: 700 }, (_, n) => email(n));
  cache.put({ emails: all, threads: all.map(({ id, threadId }) => ({ id: threadId, emailIds: [id] })) });
  cache.setMailboxes(new Map([['f1', { id: 'f1' } as Mailbox]]));
  const ids = all.map(({ id }) => id);
  const list = { filter: { inMailbox: 'f1' }, isCollapsed: true, total: 9000, state: 's' };
  const snapshot = snapshotOf({
    ...{ cache, states: { mailbox: '1', email: '2', thread: '3' }, nowMs: 7 },
    lists: [
      { ...list, ids },
      { ...list, ids: ['e600', undefined, 'e601'] },
    ],
  });
  assert.deepEqual(
    snapshot.lists.map((one) => one.ids.length),
    [500, 1],
  );
  assert.equal(snapshot.emails.length, 501);
  assert.deepEqual(
    snapshot.mailboxes.map(({ id }) => id),
    ['f1'],
  );
  assert.ok(isSnapshot(structuredClone(snapshot)));
  for (const other of [undefined, {}, { form: 0 }]) assert.ok(!isSnapshot(other));
});
