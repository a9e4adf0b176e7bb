/** Threads: found by ids, given once, forgotten with their emails. */
import assert from 'node:assert/strict';
import { asModSeq } from '../../mailbox/model/model.ts';
import type { MailStore } from '../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  anEmail,
  anId,
  aThread,
  BOB,
  collect,
  commit,
  email,
  someBytes,
  staged,
} from '../fixtures.ts';
import type { Test } from './harness.ts';

export function threadTests(test: Test): void {
  /** Numbers of emails, with a mark at those whose own id it is. */
  const found = async (store: MailStore, id: string, limit = 9, account = ALICE) => {
    const [matches = []] = await store.loadThreadMatches(account, [anId(id)], 'any', limit);
    const [own = []] = await store.loadThreadMatches(account, [anId(id)], 'own', limit);
    assert.deepEqual(
      own,
      matches.filter(({ isOwn }) => isOwn),
    );
    return matches.map((match) => `${match.email}${match.isOwn ? '!' : ''}`).join(' ');
  };
  const fill = async (store: MailStore) => {
    const blob = await staged(store, someBytes(10), [ALICE, BOB]);
    const emails = [
      anEmail(email(1), blob, { thread: aThread(1, 'a') }),
      anEmail(email(2), blob, { thread: aThread(1, 'b', 'a') }),
      anEmail(email(3), blob, { thread: aThread(3, 'c') }),
      anEmail(email(4), blob, { thread: aThread(1, 'a', 'b') }),
      anEmail(email(5), blob),
    ];
    const bobs = [anEmail(email(1, BOB), blob, { thread: aThread(1, 'b') })];
    await commit(store, aBatch(0, { emails }), aBatch(0, { account: BOB, emails: bobs }));
  };

  test('emails are found by their ids and by those they name: own ids first, then the newest', async (store, harness) => {
    await fill(store);
    assert.equal(await found(store, 'a'), '4! 1! 2');
    assert.equal(await found(store, 'a', 2), '4! 1!');
    assert.equal(await found(store, 'b'), '2! 4');
    assert.equal(await found(store, 'b', 9, BOB), '1!');
    assert.equal(await found(store, 'nobody'), '');
    await store.close();
    const again = await harness.open();
    const matches = await again.loadThreadMatches(ALICE, [anId('a'), anId('b')], 'any', 9);
    assert.deepEqual(matches[1]?.[0], { email: 2, thread: 1, subject: 7, isOwn: true });
    assert.deepEqual(await collect(again.inspect(false)), []);
    await again.close();
  });

  test('an email says its thread, alone and among other facts, and a thread its emails', async (store) => {
    await fill(store);
    const ids = [email(5), email(4), email(3), email(2), email(9)];
    const threads = (await store.loadEmails(ids, ['thread'])).map((facts) => facts?.thread);
    assert.deepEqual(threads, [undefined, 1, 3, 1, undefined]);
    const [facts] = await store.loadEmails([email(4)], ['thread', 'links', 'envelope']);
    assert.deepEqual(
      [facts?.thread, facts?.links?.length, `${facts?.envelope}`],
      [1, 0, `envelope ${email(4)}`],
    );
    assert.deepEqual(
      (await store.listEmails(ALICE, 0, 9)).map(({ thread }) => thread),
      [1, 1, 3, 1, undefined],
    );
    assert.deepEqual(await store.loadThread(ALICE, 1, 9), [1, 2, 4]);
    assert.deepEqual(await store.loadThread(ALICE, 1, 2), [1, 2]);
    assert.deepEqual(await store.loadThread(ALICE, 5, 9), []);
    const after = (thread: number, email: number, limit = 9) =>
      store.loadThreadMembers(ALICE, { thread, email }, limit);
    assert.deepEqual(await after(0, 0), [1, 2, 1, 4]);
    assert.deepEqual([await after(1, 2), await after(0, 0, 1), await after(1, 4)], [[1, 4], [1, 2], []]);
    assert.deepEqual(await store.loadThreadMembers(BOB, { thread: 0, email: 0 }, 9), []);
    assert.deepEqual(
      [
        await store.countThread(ALICE, 1),
        await store.countThread(ALICE, 3),
        await store.countThread(ALICE, 2),
      ],
      [3, 1, 0],
    );
  });

  test('a thread is given later, once, to an email that is there', async (store) => {
    await fill(store);
    const give = (n: number, thread: number) => ({ email: email(n), thread: aThread(thread, `id ${n}`) });
    await commit(store, aBatch(1, { threaded: [give(5, 3), give(1, 3), give(9, 3)] }));
    assert.deepEqual(await store.loadThread(ALICE, 3, 9), [3, 5]);
    assert.equal(await found(store, 'id 5'), '5!');
    assert.equal(await found(store, 'id 1'), '');
    assert.equal(await found(store, 'id 9'), '');
    assert.deepEqual(await collect(store.inspect(false)), []);
  });

  test('what an email names is forgotten with it; its thread stays without its first', async (store) => {
    await fill(store);
    await commit(store, aBatch(1, { retained: [email(2)] }));
    await commit(store, aBatch(2, { released: [email(1), email(2)] }));
    assert.equal(await found(store, 'a'), '4! 2');
    assert.deepEqual(await store.loadThread(ALICE, 1, 9), [2, 4]);
    assert.equal(await store.countThread(ALICE, 1), 2);
    await commit(store, aBatch(3, { released: [email(2)] }));
    const all = () => store.loadThreadMembers(ALICE, { thread: 0, email: 0 }, 9);
    assert.deepEqual(await store.loadThread(ALICE, 1, 9), [4]);
    assert.deepEqual(await all(), [1, 2, 1, 4], 'in which thread one was is known as long as the history');
    await commit(store, aBatch(4, { prunedHistory: asModSeq(9) }));
    assert.deepEqual(await all(), [1, 4]);
    assert.equal(await found(store, 'a'), '4!');
    assert.equal(await found(store, 'b'), '4');
    assert.deepEqual(await collect(store.inspect(false)), []);
  });
}
