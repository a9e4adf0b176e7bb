/** Accounts and mailboxes: every field of their rows, chunks, keywords, what stays of a deleted mailbox. */
import assert from 'node:assert/strict';
import type { KeywordRow } from '../../mailbox/model/keywords.ts';
import { asMailboxId, asModSeq, asUid } from '../../mailbox/model/model.ts';
import { ALICE, aBatch, aChunk, aMailbox, anExpunge, aRow, BOB, commit, INBOX } from '../fixtures.ts';
import type { Test } from './harness.ts';

export function accountTests(test: Test): void {
  test('an account is not there until its first batch', async (store) => {
    assert.equal(await store.loadAccount(ALICE), undefined);
    await commit(store, aBatch(0, { mailboxes: [aMailbox()] }));
    assert.deepEqual(await store.loadAccount(ALICE), {
      row: aRow({ modseq: 1 }),
      mailboxes: [{ ...aMailbox(), keywords: [] }],
      scripts: [],
      annotations: [],
    });
    assert.equal(await store.loadAccount(BOB), undefined);
  });

  test('every field of the rows comes back, also after a restart', async (store, harness) => {
    const row = aRow({
      modseq: 9,
      nextMailbox: 8,
      nextEmail: 7,
      nextUidValidity: 6,
      usedBytes: 2 ** 45,
      usedMessages: 4,
      factsVersion: 3,
      historyFloor: 4,
      changesFloor: 5,
      emailModseq: 2,
      mailboxModseq: 1,
      unthreaded: 5,
      orphanSubscriptions: ['Gone', 'Längst/Weg'],
    });
    const mailbox = aMailbox({
      id: asMailboxId(77),
      name: 'Förslag/🕊',
      role: 'archive',
      modseq: asModSeq(8),
      exists: 3,
      unseen: 2,
      firstUnseen: 1,
      deleted: 1,
      bytes: 2 ** 44,
      subscribed: true,
      isSubscribedUnasked: true,
      recentFrom: asUid(12),
      expungedFloor: asModSeq(5),
      infoModseq: asModSeq(6),
      sortOrder: 7,
    });
    const keywords: KeywordRow[] = [
      { kind: 'name', number: 0, name: '$Forwarded' },
      { kind: 'name', number: 1, name: 'été' },
      { kind: 'set', number: 1, members: [0] },
      { kind: 'set', number: 2, members: [0, 1] },
    ];
    const other = aMailbox({ id: asMailboxId(78), name: 'Other', subscribed: true });
    const rows = keywords.map((one) => ({ mailbox: mailbox.id, row: one }));
    await commit(store, aBatch(0, { row, mailboxes: [mailbox, other], keywords: rows.toReversed() }));
    const stored = {
      row,
      mailboxes: [
        { ...mailbox, keywords },
        { ...other, keywords: [] },
      ],
      scripts: [],
      annotations: [],
    };
    assert.deepEqual(await store.loadAccount(ALICE), stored);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.loadAccount(ALICE), stored);
    await again.close();
  });

  test('keywords: made, replaced, dropped, gone with their mailbox', async (store) => {
    const name = (number: number, text: string): KeywordRow => ({ kind: 'name', number, name: text });
    const set: KeywordRow = { kind: 'set', number: 1, members: [0, 1] };
    const inInbox = (...rows: KeywordRow[]) => rows.map((row) => ({ mailbox: INBOX, row }));
    const loaded = async () => (await store.loadAccount(ALICE))?.mailboxes.map(({ keywords }) => keywords);
    await commit(
      store,
      aBatch(0, { mailboxes: [aMailbox()], keywords: inInbox(name(0, 'a'), name(1, 'b'), set) }),
    );
    assert.deepEqual(await loaded(), [[name(0, 'a'), name(1, 'b'), set]]);
    await commit(store, aBatch(1, { droppedKeywords: inInbox(name(1, 'b'), set) }));
    await commit(store, aBatch(2, { keywords: inInbox(name(1, 'c'), name(0, 'A')) }));
    assert.deepEqual(await loaded(), [[name(0, 'A'), name(1, 'c')]]);
    await commit(store, aBatch(3, { deletedMailboxes: [INBOX] }));
    assert.deepEqual(await store.loadBuried(ALICE), []);
  });

  test('chunks: in order, after a UID, the last one, replaced and dropped', async (store) => {
    await commit(store, aBatch(0, { chunks: [aChunk(200, 'c'), aChunk(1, 'a'), aChunk(100, 'b')] }));
    const first = (chunks: readonly { readonly first: number }[]) => chunks.map((it) => it.first);
    assert.deepEqual(first(await store.loadChunks(ALICE, INBOX, 0, 10)), [1, 100, 200]);
    assert.deepEqual(first(await store.loadChunks(ALICE, INBOX, 1, 1)), [100]);
    assert.deepEqual(first(await store.loadChunks(ALICE, INBOX, 200, 10)), []);
    await commit(
      store,
      aBatch(1, {
        chunks: [aChunk(200, 'C'), aChunk(300, 'd')],
        droppedChunks: [{ mailbox: INBOX, first: asUid(1) }],
      }),
    );
    assert.deepEqual(await store.loadChunks(ALICE, INBOX, 0, 10), [
      aChunk(100, 'b'),
      aChunk(200, 'C'),
      aChunk(300, 'd'),
    ]);
    assert.deepEqual(await store.loadLastChunk(ALICE, INBOX), aChunk(300, 'd'));
    assert.equal(await store.loadLastChunk(ALICE, asMailboxId(2)), undefined);
    assert.deepEqual(await store.loadChunks(BOB, INBOX, 0, 10), []);
  });

  test('many chunks come in one call', async (store) => {
    const chunks = Array.from({ length: 1050 }, (_, i) => aChunk(i + 1, `chunk ${i}`));
    await commit(store, aBatch(0, { chunks }));
    assert.deepEqual(await store.loadChunks(ALICE, INBOX, 0, 2000), chunks);
    assert.deepEqual(await store.loadChunks(ALICE, INBOX, 0, 1049), chunks.slice(0, 1049));
  });

  test('a deleted mailbox is buried until nothing of it holds mail; its history stays', async (store) => {
    await commit(
      store,
      aBatch(0, { mailboxes: [aMailbox()], chunks: [aChunk(1, 'a')], history: [anExpunge(1)] }),
    );
    await commit(store, aBatch(1, { deletedMailboxes: [INBOX] }));
    assert.deepEqual((await store.loadAccount(ALICE))?.mailboxes, []);
    assert.deepEqual(await store.loadBuried(ALICE), [{ id: INBOX, atMs: 1000 }]);
    assert.deepEqual(await store.loadBuried(BOB), []);
    await commit(store, aBatch(2, { droppedChunks: [{ mailbox: INBOX, first: asUid(1) }] }));
    assert.deepEqual(await store.loadBuried(ALICE), [{ id: INBOX, atMs: 1000 }]);
    await commit(store, aBatch(3, { history: [anExpunge(1, { records: undefined })] }));
    assert.deepEqual(await store.loadBuried(ALICE), []);
    const history = await store.loadHistory(ALICE, asModSeq(0), 9);
    assert.deepEqual(
      history.map(({ mailbox, isHeld }) => [mailbox, isHeld]),
      [[INBOX, false]],
    );
  });
}
