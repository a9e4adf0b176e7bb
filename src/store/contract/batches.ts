/** Batches: whole or not at all, on what they expect, in the order of the calls. */
import assert from 'node:assert/strict';
import type { EmailId } from '../../mailbox/model/model.ts';
import { type AccountBatch, StoreError } from '../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  aChunk,
  aMailbox,
  anEmail,
  BOB,
  commit,
  email,
  INBOX,
  someBytes,
  staged,
} from '../fixtures.ts';
import type { Test } from './harness.ts';

const listed = (id: EmailId, references: number, sizeBytes: number) => ({
  id,
  references,
  sizeBytes,
  thread: undefined,
});

const codes = (outcomes: readonly (StoreError | undefined)[]) => outcomes.map((it) => it?.code);

export function batchTests(test: Test): void {
  test('a batch on an old base is refused and leaves nothing', async (store) => {
    await commit(store, aBatch(0));
    const stale = aBatch(0, { chunks: [aChunk(1, 'stale')], mailboxes: [aMailbox()] });
    const ahead = aBatch(7, { chunks: [aChunk(1, 'ahead')] });
    assert.deepEqual(codes(await store.write([stale]).committed), ['conflict']);
    assert.deepEqual(codes(await store.write([ahead]).committed), ['conflict']);
    assert.deepEqual(await store.loadChunks(ALICE, INBOX, 0, 1), []);
    assert.equal((await store.loadAccount(ALICE))?.row.modseq, 1);
  });

  test('writes apply in the order of the calls, without waiting in between', async (store) => {
    const writes = Array.from({ length: 50 }, (_, i) =>
      store.write([aBatch(i, { chunks: [aChunk(1, `${i}`)] })]),
    );
    for (const written of writes) assert.deepEqual(codes(await written.committed), [undefined]);
    await writes.at(-1)?.durable;
    assert.deepEqual(await store.loadChunks(ALICE, INBOX, 0, 1), [aChunk(1, '49')]);
  });

  test('two batches of one account in one turn build on each other', async (store) => {
    const outcomes = await store.write([aBatch(0), aBatch(1, { chunks: [aChunk(1, 'second')] }), aBatch(1)])
      .committed;
    assert.deepEqual(codes(outcomes), [undefined, undefined, 'conflict']);
    assert.equal((await store.loadAccount(ALICE))?.row.modseq, 2);
  });

  test('a batch that fails takes nothing else of its turn with it', async (store) => {
    const blob = await staged(store, someBytes(100));
    await commit(store, aBatch(0, { emails: [anEmail(email(1), blob)] }));
    const bad: AccountBatch = aBatch(1, {
      chunks: [aChunk(1, 'half done')],
      emails: [anEmail(email(2), blob), anEmail(email(1), blob)],
    });
    const written = store.write([
      aBatch(0, { account: BOB, chunks: [aChunk(1, 'bob')] }),
      bad,
      aBatch(1, { account: BOB, chunks: [aChunk(2, 'bob again')] }),
      aBatch(1, { chunks: [aChunk(3, 'alice goes on')] }),
    ]);
    const outcomes = await written.committed;
    assert.deepEqual(codes([...outcomes.slice(0, 1), ...outcomes.slice(2)]), [
      undefined,
      undefined,
      undefined,
    ]);
    assert.ok(outcomes[1] instanceof StoreError);
    await written.durable;
    assert.equal((await store.loadChunks(BOB, INBOX, 0, 9)).length, 2);
    assert.deepEqual(await store.loadChunks(ALICE, INBOX, 0, 9), [aChunk(3, 'alice goes on')]);
    assert.deepEqual(await store.listEmails(ALICE, 0, 9), [listed(email(1), 1, 100)]);
  });

  test('a copy of an email that is gone is refused', async (store) => {
    await commit(store, aBatch(0));
    const copy = aBatch(1, { retained: [email(5)] });
    assert.deepEqual(codes(await store.write([copy]).committed), ['damaged']);
    await commit(store, aBatch(0, { account: BOB }));
    // Whoever shares its turn is not hit.
    const written = store.write([copy, aBatch(1, { account: BOB })]);
    assert.deepEqual(codes(await written.committed), ['damaged', undefined]);
    await commit(store, aBatch(1));
  });

  test('reads see a turn once it is committed', async (store) => {
    const written = store.write([aBatch(0, { chunks: [aChunk(1, 'x')] })]);
    await written.committed;
    assert.equal((await store.loadChunks(ALICE, INBOX, 0, 9)).length, 1);
    await written.durable;
  });

  test('a closed store refuses', async (store) => {
    await commit(store, aBatch(0));
    await store.close();
    await assert.rejects(store.loadAccount(ALICE), { code: 'closed' });
    assert.deepEqual(codes(await store.write([aBatch(1)]).committed), ['closed']);
  });
}
