/** What left a mailbox, and what the reaper and an import ask. */
import assert from 'node:assert/strict';
import { HISTORY_KINDS, packNumbers } from '../../mailbox/model/history.ts';
import { asMailboxId, asModSeq, asUid } from '../../mailbox/model/model.ts';
import type { HistoryPlace, HistoryRow } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, aChunk, aMailbox, anExpunge, BOB, commit, INBOX, someBytes } from '../fixtures.ts';
import type { Test } from './harness.ts';

export function historyTests(test: Test): void {
  test('expunges: after a modseq, replaced, pruned', async (store) => {
    await commit(store, aBatch(0, { history: [anExpunge(3), anExpunge(1), anExpunge(2)] }));
    const load = (after: number, limit = 9) => store.loadExpunged(ALICE, INBOX, asModSeq(after), limit);
    assert.deepEqual(await load(0), [anExpunge(1), anExpunge(2), anExpunge(3)]);
    assert.deepEqual(await load(1, 1), [anExpunge(2)]);
    await commit(store, aBatch(1, { history: [anExpunge(2, { records: undefined })] }));
    assert.deepEqual(await load(1), [anExpunge(2, { records: undefined }), anExpunge(3)]);
    await commit(store, aBatch(2, { prunedHistory: asModSeq(2) }));
    assert.deepEqual(await load(0), [anExpunge(3)]);
    assert.deepEqual(await store.loadExpunged(BOB, INBOX, asModSeq(0), 9), []);
  });

  test('history: of the whole account, in the order of modseqs, pruned as one', async (store, harness) => {
    const other = asMailboxId(2);
    const rows: HistoryRow[] = [
      anExpunge(2, { mailbox: other }),
      ...HISTORY_KINDS.map((kind, i) =>
        anExpunge(5 + i, { kind, uids: Buffer.alloc(0), numbers: 3, emails: packNumbers([7, 300, 7]) }),
      ),
      anExpunge(3, { records: undefined }),
    ];
    await commit(store, aBatch(0, { history: rows }));
    const entries = rows
      .toSorted((a, b) => a.modseq - b.modseq)
      .map(({ uids: _, records, ...row }) => ({ ...row, isHeld: records !== undefined }));
    const load = (after: number, limit = 99) => store.loadHistory(ALICE, asModSeq(after), limit);
    assert.deepEqual(await load(0), entries);
    assert.deepEqual(await load(2, 2), entries.slice(1, 3));
    assert.deepEqual(await load(99), []);
    assert.deepEqual(await store.loadHistory(BOB, asModSeq(0), 9), []);
    const numbers = rows.reduce((sum, row) => sum + row.numbers, 0);
    assert.deepEqual(await store.measureHistory(ALICE), { rows: rows.length, numbers });
    assert.deepEqual(await store.measureHistory(BOB), { rows: 0, numbers: 0 });
    assert.deepEqual(await store.loadExpunged(ALICE, other, asModSeq(0), 9), [rows[0]]);
    assert.equal((await store.loadExpunged(ALICE, INBOX, asModSeq(0), 9)).length, 2, 'of the kind expunged');
    await commit(store, aBatch(1, { prunedHistory: asModSeq(5) }));
    assert.deepEqual(await load(0), entries.slice(3));
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.loadHistory(ALICE, asModSeq(0), 99), entries.slice(3));
    await again.close();
  });

  test("the reaper's list: all mailboxes, oldest first, only with records", async (store) => {
    const other = asMailboxId(2);
    await commit(
      store,
      aBatch(0, {
        history: [
          anExpunge(3),
          anExpunge(2, { mailbox: other }),
          anExpunge(1, { records: undefined }),
          anExpunge(9),
        ],
      }),
    );
    const list = await store.loadUnreleased(ALICE, 9000, 9);
    assert.deepEqual(list, [anExpunge(2, { mailbox: other }), anExpunge(3)]);
    assert.deepEqual(await store.loadUnreleased(ALICE, 9001, 1), [anExpunge(2, { mailbox: other })]);
    assert.deepEqual(await store.loadUnreleased(ALICE, 9001, 9, list[0]), [anExpunge(3), anExpunge(9)]);
    assert.deepEqual(await store.loadUnreleased(BOB, 9001, 1), []);
  });

  test('pages of it begin behind a row, which may be gone, also among those of one moment', async (store) => {
    const deletion = Buffer.from('how');
    const rows = [7, 3, 5, 2, 8, 4].map((modseq, i) =>
      anExpunge(modseq, { atMs: 1000 * Math.floor(i / 3), ...(i % 2 === 0 ? { deletion } : {}) }),
    );
    await commit(store, aBatch(0, { mailboxes: [aMailbox()], history: rows }));
    const ordered = [3, 5, 7, 2, 4, 8];
    for (const size of [1, 2, 4]) {
      const seen: number[] = [];
      for (let after: HistoryPlace | undefined; ; ) {
        const page = await store.loadUnreleased(ALICE, 9000, size, after, 8000);
        seen.push(...page.map(({ modseq }) => modseq));
        if (page.length < size) break;
        after = page.at(-1);
      }
      assert.deepEqual(seen, ordered);
    }
    const behind = async (after: HistoryPlace, brief: number) =>
      (await store.loadUnreleased(ALICE, 9000, 9, after, brief)).map(({ modseq }) => modseq as number);
    assert.deepEqual(await behind({ atMs: 0, modseq: asModSeq(6) }, 9000), [7, 2, 4, 8]);
    assert.deepEqual(await behind({ atMs: 500, modseq: asModSeq(0) }, 0), [8]);
  });

  test('accounts in which nothing waits for the reaper are not named to it', async (store) => {
    assert.deepEqual(await store.loadAccountsToReap(9000, 9000), []);
    await commit(store, aBatch(0, { mailboxes: [aMailbox()], history: [anExpunge(1)] }));
    await commit(store, aBatch(0, { account: BOB, mailboxes: [aMailbox()], chunks: [aChunk(1, 'a')] }));
    assert.deepEqual(await store.loadAccountsToReap(9000, 9000), [ALICE]);
    await commit(store, aBatch(1, { history: [anExpunge(1, { records: undefined })] }));
    await commit(store, aBatch(1, { account: BOB, deletedMailboxes: [INBOX] }));
    assert.deepEqual(await store.loadAccountsToReap(9000, 9000), [BOB]);
  });

  test('what can be brought back, and what cannot, are due at other times', async (store) => {
    const deletion = Buffer.from('how');
    const kept = [anExpunge(1, { deletion }), anExpunge(4, { deletion })];
    const brief = [anExpunge(2), anExpunge(3)];
    await commit(store, aBatch(0, { mailboxes: [aMailbox()], history: [...kept, ...brief] }));
    const load = (before: number, brief: number) => store.loadUnreleased(ALICE, before, 9, undefined, brief);
    assert.deepEqual(await load(9000, 0), kept);
    assert.deepEqual(await load(0, 9000), brief);
    assert.deepEqual(await load(2000, 3000), [kept[0], brief[0]]);
    assert.deepEqual(await store.loadUnreleased(ALICE, 9000, 1, kept[0], 0), [kept[1]]);
    const recoverable = (before: number, limit: number, skip = 0) =>
      store.loadRecoverable(ALICE, before, limit, skip);
    assert.deepEqual(await recoverable(9000, 9), kept.toReversed());
    assert.deepEqual(await recoverable(9000, 1, 1), [kept[0]]);
    assert.deepEqual(await recoverable(4000, 9), [kept[0]]);
    assert.deepEqual(await store.loadAccountsToReap(1000, 2000), []);
    assert.deepEqual(await store.loadAccountsToReap(1001, 0), [ALICE]);
    assert.deepEqual(await store.loadAccountsToReap(0, 2001), [ALICE]);
    const bare = [1, 2, 3, 4].map((modseq) => anExpunge(modseq, { records: undefined }));
    await commit(store, aBatch(1, { history: bare }));
    assert.deepEqual(await store.loadUnreleased(ALICE, 9000, 9), []);
    const row = { id: INBOX, atMs: 5000, deletion };
    const rules = [{ kind: 'mailbox-deleted', row }] as const;
    await commit(store, aBatch(2, { chunks: [aChunk(1, 'a')], rules }));
    assert.deepEqual(await store.loadBuried(ALICE), [row]);
    assert.deepEqual(await store.loadAccountsToReap(5000, 9000), []);
    assert.deepEqual(await store.loadAccountsToReap(5001, 0), [ALICE]);
  });

  test('import keys are remembered per mailbox', async (store) => {
    const keys = [someBytes(16, 1), someBytes(16, 2), someBytes(16, 3)] as const;
    await commit(
      store,
      aBatch(0, { imported: [keys[0], keys[2], keys[0]].map((key) => ({ mailbox: INBOX, key })) }),
    );
    assert.deepEqual(await store.whichImported(ALICE, INBOX, keys), [true, false, true]);
    assert.deepEqual(await store.whichImported(ALICE, asMailboxId(2), keys), [false, false, false]);
  });

  test('import keys with a trace are read in order, and a trace takes the place of the one before', async (store) => {
    const keys = [1, 2, 3, 4].map((n) => Buffer.alloc(16, n)) as [Buffer, Buffer, Buffer, Buffer];
    const range = { after: Buffer.alloc(16), upTo: Buffer.alloc(16, 3) };
    const trace = (uid: number, marks: number) => ({ uid: asUid(uid), marks });
    const imported = [
      { mailbox: INBOX, key: keys[2], trace: trace(7, 0) },
      { mailbox: INBOX, key: keys[0], trace: trace(9, 0xffff_ffff) },
      { mailbox: INBOX, key: keys[1] },
      { mailbox: INBOX, key: keys[3], trace: trace(1, 1) },
      { mailbox: asMailboxId(2), key: keys[1], trace: trace(2, 2) },
    ];
    await commit(store, aBatch(0, { imported }));
    const first = { key: keys[0], ...trace(9, 0xffff_ffff) };
    const last = { key: keys[2], ...trace(7, 0) };
    assert.deepEqual(await store.loadImported(ALICE, INBOX, range, 9), [first, last]);
    assert.deepEqual(await store.loadImported(ALICE, INBOX, range, 1), [first]);
    assert.deepEqual(await store.loadImported(ALICE, INBOX, { ...range, after: keys[0] }, 9), [last]);
    const again = [
      { mailbox: INBOX, key: keys[0] },
      { mailbox: INBOX, key: keys[2], trace: trace(8, 5) },
      { mailbox: INBOX, key: keys[1], trace: trace(3, 4) },
    ];
    await commit(store, aBatch(1, { imported: again }));
    const between = { key: keys[1], ...trace(3, 4) };
    assert.deepEqual(await store.loadImported(ALICE, INBOX, range, 9), [
      first,
      between,
      { key: keys[2], ...trace(8, 5) },
    ]);
    assert.deepEqual(await store.whichImported(ALICE, INBOX, keys), [true, true, true, true]);
  });
}
