/**
 * What the port promises (`mailbox/port/store.ts`), as a test suite for any store. An adapter runs it from its own test and
 * adds only what is particular to it. `make` gives an empty store that can be opened again after it was closed.
 *
 * Durability against power loss cannot be seen from here: a store proves it by a test of its own.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CredentialChange, NewCredential } from '../mailbox/model/credential.ts';
import { FACTS_VERSION } from '../mailbox/model/facts.ts';
import { HISTORY_KINDS, packNumbers } from '../mailbox/model/history.ts';
import type { KeywordRow } from '../mailbox/model/keywords.ts';
import { asAccountId, asMailboxId, asModSeq, asUid, type EmailId } from '../mailbox/model/model.ts';
import { packUids } from '../mailbox/model/record.ts';
import { type AccountBatch, type HistoryRow, type MailStore, StoreError } from '../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  aChunk,
  aMailbox,
  anEmail,
  anExpunge,
  anId,
  aPassword,
  aRow,
  aThread,
  BOB,
  bytesOf,
  collect,
  commit,
  email,
  INBOX,
  someBytes,
  staged,
} from './fixtures.ts';

export interface StoreHarness {
  /** Opens the same data; the one before must be closed. */
  open(): Promise<MailStore>;
  dispose(): Promise<void>;
}

export function describeMailStore(name: string, make: () => Promise<StoreHarness>): void {
  const test = (what: string, run: (store: MailStore, harness: StoreHarness) => Promise<void>) =>
    it(what, async () => {
      const harness = await make();
      try {
        const store = await harness.open();
        await run(store, harness);
        await store.close();
      } finally {
        await harness.dispose();
      }
    });
  describe(`${name}: accounts and mailboxes`, () => accountTests(test));
  describe(`${name}: batches`, () => batchTests(test));
  describe(`${name}: history`, () => historyTests(test));
  describe(`${name}: names from elsewhere`, () => externalIdTests(test));
  describe(`${name}: emails and references`, () => emailTests(test));
  describe(`${name}: threads`, () => threadTests(test));
  describe(`${name}: bytes`, () => byteTests(test));
  describe(`${name}: directory`, () => directoryTests(test));
}

const NO_FACTS = {
  version: undefined,
  envelope: undefined,
  bodyStructure: undefined,
  parts: undefined,
  header: undefined,
  search: undefined,
  preview: undefined,
  sort: undefined,
  links: undefined,
  thread: undefined,
};

type Test = (what: string, run: (store: MailStore, harness: StoreHarness) => Promise<void>) => void;

const listed = (id: EmailId, references: number, sizeBytes: number) => ({
  id,
  references,
  sizeBytes,
  thread: undefined,
});

const codes = (outcomes: readonly (StoreError | undefined)[]) => outcomes.map((it) => it?.code);

function accountTests(test: Test): void {
  test('an account is not there until its first batch', async (store) => {
    assert.equal(await store.loadAccount(ALICE), undefined);
    await commit(store, aBatch(0, { mailboxes: [aMailbox()] }));
    assert.deepEqual(await store.loadAccount(ALICE), {
      row: aRow({ modseq: 1 }),
      mailboxes: [{ ...aMailbox(), keywords: [] }],
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
    assert.deepEqual(await store.loadBuried(ALICE), [INBOX]);
    assert.deepEqual(await store.loadBuried(BOB), []);
    await commit(store, aBatch(2, { droppedChunks: [{ mailbox: INBOX, first: asUid(1) }] }));
    assert.deepEqual(await store.loadBuried(ALICE), [INBOX]);
    await commit(store, aBatch(3, { history: [anExpunge(1, { records: undefined })] }));
    assert.deepEqual(await store.loadBuried(ALICE), []);
    const history = await store.loadHistory(ALICE, asModSeq(0), 9);
    assert.deepEqual(
      history.map(({ mailbox, isHeld }) => [mailbox, isHeld]),
      [[INBOX, false]],
    );
  });
}

function batchTests(test: Test): void {
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

function historyTests(test: Test): void {
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
    assert.deepEqual(await store.measureHistory(ALICE), { rows: 7, numbers: 19 });
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
    assert.deepEqual(await store.loadUnreleased(ALICE, 9001, 9, 1), [anExpunge(3), anExpunge(9)]);
    assert.deepEqual(await store.loadUnreleased(BOB, 9001, 1), []);
  });

  test('accounts in which nothing waits for the reaper are not named to it', async (store) => {
    assert.deepEqual(await store.loadAccountsToReap(), []);
    await commit(store, aBatch(0, { mailboxes: [aMailbox()], history: [anExpunge(1)] }));
    await commit(store, aBatch(0, { account: BOB, mailboxes: [aMailbox()], chunks: [aChunk(1, 'a')] }));
    assert.deepEqual(await store.loadAccountsToReap(), [ALICE]);
    await commit(store, aBatch(1, { history: [anExpunge(1, { records: undefined })] }));
    await commit(store, aBatch(1, { account: BOB, deletedMailboxes: [INBOX] }));
    assert.deepEqual(await store.loadAccountsToReap(), [BOB]);
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
}

function externalIdTests(test: Test): void {
  const [one, two, three] = [asUid(1), asUid(2), asUid(3)];
  const other = asMailboxId(2);

  test('a message keeps the name it came with, and the first of a mailbox to have it keeps it', async (store, harness) => {
    const externalIds = [
      { mailbox: INBOX, uid: two, id: 'b' },
      { mailbox: INBOX, uid: one, id: 'a' },
      { mailbox: INBOX, uid: three, id: 'a' },
      { mailbox: other, uid: three, id: 'a' },
    ];
    await commit(store, aBatch(0, { externalIds }));
    await store.close();
    const again = await harness.open();
    const [second, first] = externalIds;
    assert.deepEqual(await again.loadExternalIds(ALICE, INBOX, 0, 9), [first, second]);
    assert.deepEqual(await again.loadExternalIds(ALICE, INBOX, 0, 1), [first]);
    assert.deepEqual(await again.loadExternalIds(ALICE, INBOX, 1, 9), [second]);
    assert.deepEqual(await again.loadExternalIds(ALICE, other, 0, 9), externalIds.slice(3));
    await again.close();
  });

  test('the name goes with its message', async (store) => {
    const externalIds = [one, two].map((uid) => ({ mailbox: INBOX, uid, id: `${uid}` }));
    await commit(store, aBatch(0, { externalIds }));
    await commit(store, aBatch(1, { history: [anExpunge(2, { uids: packUids([two, three]) })] }));
    assert.deepEqual(await store.loadExternalIds(ALICE, INBOX, 0, 9), externalIds.slice(0, 1));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.loadExternalIds(ALICE, INBOX, 0, 9), []);
  });
}

function emailTests(test: Test): void {
  test('facts come back in the order asked, only the fields asked', async (store) => {
    const blob = await staged(store, someBytes(10));
    const emails = Array.from({ length: 700 }, (_, i) => anEmail(email(i + 1), blob));
    await commit(store, aBatch(0, { emails }));
    const ids = [email(9), email(3), email(9999), email(700), ...emails.map((it) => it.id), email(1)];
    const facts = await store.loadEmails(ids, ['envelope', 'bodyStructure', 'parts']);
    for (const [i, id] of ids.entries()) {
      if (id === email(9999)) assert.equal(facts[i], undefined);
      else {
        const { envelope, bodyStructure, parts } = anEmail(id, blob);
        assert.deepEqual(facts[i], { ...NO_FACTS, id, envelope, bodyStructure, parts });
      }
    }
    const [only] = await store.loadEmails([email(5)], ['bodyStructure']);
    assert.deepEqual(only, {
      ...NO_FACTS,
      id: email(5),
      bodyStructure: Buffer.from(`structure ${email(5)}`),
    });
    assert.deepEqual(await store.loadEmails([email(5)], []), [{ ...NO_FACTS, id: email(5) }]);
    assert.deepEqual(await store.loadEmails([], ['parts']), []);
  });

  test('derived parts: alone or with what is sent, absent ones undefined, of a version', async (store, harness) => {
    const blob = await staged(store, someBytes(10));
    const without = { header: undefined, preview: undefined, sort: undefined, links: undefined };
    const long = { search: someBytes(70_000), preview: Buffer.alloc(0) };
    const emails = [anEmail(email(1), blob), anEmail(email(2), blob, without), anEmail(email(3), blob, long)];
    await commit(store, aBatch(0, { emails }));
    await store.close();
    const again = await harness.open();
    const ids = [email(3), email(9), email(1), email(2)];
    const alone = await again.loadEmails(ids, ['preview', 'search']);
    const version = FACTS_VERSION;
    assert.deepEqual(alone, [
      { ...NO_FACTS, id: email(3), version, ...long },
      undefined,
      { ...NO_FACTS, id: email(1), version, preview: Buffer.from(`preview ${email(1)}`) },
      { ...NO_FACTS, id: email(2), version },
    ]);
    const both = await again.loadEmails(ids, ['envelope', 'header']);
    assert.deepEqual(
      both.map((it) => it && [`${it.envelope}`, it.header && `${it.header}`, it.preview]),
      [3, 9, 1, 2].map((n) =>
        n === 9 ? undefined : [`envelope ${email(n)}`, n === 2 ? undefined : `header ${email(n)}`, undefined],
      ),
    );
    await again.close();
  });

  test('facts are replaced, of emails that are there', async (store) => {
    const blob = await staged(store, someBytes(10));
    await commit(store, aBatch(0, { emails: [anEmail(email(1), blob)] }));
    const { id: _, sizeBytes: __, blob: ___, ...facts } = anEmail(email(7), blob);
    await commit(store, aBatch(1, { facts: [1, 2].map((n) => ({ email: email(n), facts })) }));
    const [one, none] = await store.loadEmails([email(1), email(2)], ['envelope', 'parts', 'sort', 'search']);
    assert.deepEqual(one, {
      ...NO_FACTS,
      id: email(1),
      version: FACTS_VERSION,
      envelope: facts.envelope,
      parts: facts.parts,
      sort: facts.sort,
    });
    assert.equal(none, undefined);
    await commit(store, aBatch(2, { released: [email(1)] }));
    assert.deepEqual(await store.loadEmails([email(1)], ['sort']), [undefined]);
    assert.deepEqual(await collect(store.inspect(false)), []);
  });

  test('accounts whose facts are behind are named', async (store) => {
    const behind = aRow({ modseq: 1, factsVersion: 1 });
    await commit(store, aBatch(0, { row: behind }), aBatch(0, { account: BOB }));
    assert.deepEqual(await store.loadAccountsBehind(2), [ALICE]);
    assert.deepEqual(await store.loadAccountsBehind(1), []);
    await commit(store, aBatch(1, { row: aRow({ modseq: 2, unthreaded: 7 }) }));
    assert.deepEqual(await store.loadAccountsBehind(2), [ALICE]);
    await commit(store, aBatch(2));
    assert.deepEqual(await store.loadAccountsBehind(2), []);
  });

  test('an email lives as long as something refers to it', async (store) => {
    const id = email(1);
    await commit(store, aBatch(0, { emails: [anEmail(id, await staged(store, someBytes(10)))] }));
    await commit(store, aBatch(1, { retained: [id, id] }));
    assert.deepEqual(await store.listEmails(ALICE, 0, 9), [listed(id, 3, 10)]);
    await commit(store, aBatch(2, { released: [id, id] }));
    assert.deepEqual(await store.listEmails(ALICE, 0, 9), [listed(id, 1, 10)]);
    assert.deepEqual(await store.verifyEmails([id]), ['ok']);
    await commit(store, aBatch(3, { released: [id] }));
    assert.deepEqual(await store.listEmails(ALICE, 0, 9), []);
    assert.deepEqual(await store.verifyEmails([id]), ['missing']);
    assert.equal(await bytesOf(store, id), undefined);
    await assert.rejects(collect(store.readStream({ email: id, start: 0, end: 1 })), { code: 'damaged' });
    assert.deepEqual(await collect(store.inspect(false)), []);
  });

  test('emails are listed by account, in pages', async (store) => {
    const blob = await staged(store, someBytes(10), [ALICE, BOB]);
    const emails = [1, 2, 3].map((n) => anEmail(email(n), blob));
    await commit(
      store,
      aBatch(0, { emails }),
      aBatch(0, { account: BOB, emails: [anEmail(email(1, BOB), blob)] }),
    );
    const ids = async (after: number, limit: number) =>
      (await store.listEmails(ALICE, after, limit)).map((it) => it.id);
    assert.deepEqual(await ids(0, 2), [email(1), email(2)]);
    assert.deepEqual(await ids(email(2), 2), [email(3)]);
    assert.deepEqual(await ids(email(3), 2), []);
  });

  for (const sizeBytes of [500, 300_000]) {
    test(`bytes shared by emails and accounts (${sizeBytes}) go with the last of them`, async (store) => {
      const bytes = someBytes(sizeBytes);
      const blob = await staged(store, bytes, [ALICE, BOB]);
      const mine = [anEmail(email(1), blob), anEmail(email(2), blob)];
      await commit(
        store,
        aBatch(0, { emails: mine }),
        aBatch(0, { account: BOB, emails: [anEmail(email(1, BOB), blob)] }),
      );
      await commit(store, aBatch(1, { emails: [anEmail(email(3), blob)] }));
      await commit(
        store,
        aBatch(2, { released: [email(1), email(3)] }),
        aBatch(1, { account: BOB, released: [email(1, BOB)] }),
      );
      assert.deepEqual(await bytesOf(store, email(2)), bytes);
      assert.deepEqual(await store.verifyEmails([email(1), email(2)]), ['missing', 'ok']);
      await commit(store, aBatch(3, { released: [email(2)] }));
      assert.deepEqual(await collect(store.inspect(false)), []);
    });
  }

  test('destroying an account leaves the others, and can be repeated', async (store, harness) => {
    const small = await staged(store, someBytes(10), [ALICE, BOB]);
    const large = await staged(store, someBytes(100_000), [ALICE, BOB]);
    const fill = (account: typeof ALICE) =>
      aBatch(0, {
        account,
        row: aRow({ modseq: 1, orphanSubscriptions: ['x'] }),
        mailboxes: [aMailbox()],
        chunks: Array.from({ length: 60 }, (_, i) => aChunk(i + 1, 'c')),
        emails: Array.from({ length: 120 }, (_, i) =>
          anEmail(email(i + 1, account), i % 50 ? small : large, { thread: aThread(1, 'a', `${i}`) }),
        ),
        retained: [email(1, account)],
        history: [anExpunge(1)],
        imported: [{ mailbox: INBOX, key: someBytes(16) }],
      });
    await commit(store, fill(ALICE), fill(BOB));
    const destroyed = store.destroyAccount(ALICE);
    const late = [aBatch(1, { mailboxes: [aMailbox()] }), aBatch(0, { mailboxes: [aMailbox()] })];
    for (const batch of late) assert.deepEqual(codes(await store.write([batch]).committed), ['conflict']);
    await destroyed;
    for (const batch of late) assert.deepEqual(codes(await store.write([batch]).committed), ['conflict']);
    await store.destroyAccount(ALICE);
    await store.close();
    const again = await harness.open();
    assert.equal(await again.loadAccount(ALICE), undefined);
    assert.deepEqual(await again.listEmails(ALICE, 0, 9), []);
    assert.deepEqual(await again.loadChunks(ALICE, INBOX, 0, 9), []);
    assert.deepEqual(await again.loadUnreleased(ALICE, 1e15, 9), []);
    assert.deepEqual(await again.whichImported(ALICE, INBOX, [someBytes(16)]), [false]);
    assert.deepEqual(await again.loadThreadMatches(ALICE, [anId('a')], 'any', 9), [[]]);
    assert.equal(await again.countThread(ALICE, 1), 0);
    assert.equal(await again.countThread(BOB, 1), 120);
    assert.equal((await again.listEmails(BOB, 0, 999)).length, 120);
    assert.deepEqual(await again.verifyEmails([email(1, BOB), email(2, BOB)]), ['ok', 'ok']);
    assert.deepEqual(await collect(again.inspect(false)), []);
    await commit(again, aBatch(0, { mailboxes: [aMailbox()] }));
    await again.close();
  });
}

function threadTests(test: Test): void {
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
    assert.equal(await found(store, 'a'), '4!');
    assert.equal(await found(store, 'b'), '4');
    assert.deepEqual(await collect(store.inspect(false)), []);
  });
}

const SIZES = [0, 1, 1023, 65_535, 65_536, 65_537, 262_144, 5_000_000];

function byteTests(test: Test): void {
  test('bytes come back exactly, whole, in ranges and as a stream, also after a restart', async (store, harness) => {
    const all = SIZES.map((size, i) => someBytes(size, i + 1));
    const emails = await Promise.all(
      all.map(async (bytes, i) => anEmail(email(i + 1), await staged(store, bytes))),
    );
    await commit(store, aBatch(0, { emails }));
    const check = async (it: MailStore) => {
      for (const [i, bytes] of all.entries()) await assertExact(it, email(i + 1), bytes);
    };
    await check(store);
    await store.close();
    const again = await harness.open();
    await check(again);
    assert.deepEqual(new Set(await again.verifyEmails(emails.map((it) => it.id))), new Set(['ok']));
    await again.close();
  });

  test('an own prefix and shared bytes read as one', async (store) => {
    const all = [someBytes(500, 1), someBytes(200_000, 2)];
    const prefix = someBytes(61, 3);
    const emails = await Promise.all(
      all.map(async (bytes, i) => anEmail(email(i + 1), await staged(store, bytes), { prefix })),
    );
    await commit(store, aBatch(0, { emails }));
    for (const [i, bytes] of all.entries())
      await assertExact(store, email(i + 1), Buffer.concat([prefix, bytes]));
    assert.deepEqual(await store.verifyEmails([email(1), email(2)]), ['ok', 'ok']);
    assert.deepEqual(
      (await store.listEmails(ALICE, 0, 9)).map((it) => it.sizeBytes),
      [561, 200_061],
    );
  });

  test('pieces of any size make the same bytes, and may be reused by the caller', async (store) => {
    const bytes = someBytes(400_000);
    for (const [n, piece] of [1, 7, 4096, 65_536, 100_003].entries()) {
      const upload = store.stage([ALICE]);
      const size = piece === 1 ? 70_000 : bytes.length;
      for (let at = 0; at < size; at += piece) {
        const chunk = Buffer.from(bytes.subarray(at, Math.min(size, at + piece)));
        const wait = upload.write(chunk);
        if (wait) await wait;
        chunk.fill(0);
      }
      const blob = await upload.finish();
      assert.equal(blob.sizeBytes, size);
      await commit(store, aBatch(n, { emails: [anEmail(email(n + 1), blob)] }));
      assert.ok((await bytesOf(store, email(n + 1)))?.equals(bytes.subarray(0, size)));
    }
  });

  test('many uploads at once, some given up', async (store) => {
    const pieces = (i: number) => Array.from({ length: 10 }, (_, n) => someBytes(20_000, i * 100 + n));
    const upload = async (i: number) => {
      const staging = store.stage([ALICE, BOB]);
      for (const piece of pieces(i)) await staging.write(piece);
      if (i % 3 === 0) {
        staging.abort();
        return [];
      }
      const blob = await staging.finish();
      if (i % 3 === 1) staging.abort();
      return i % 3 === 1 ? [] : [{ blob, i }];
    };
    const wave = async (from: number, count: number) =>
      (await Promise.all(Array.from({ length: count }, (_, i) => upload(from + i)))).flat();
    const kept = [
      ...(await wave(0, 1)),
      ...(await wave(1, 2)),
      ...(await wave(3, 20)),
      ...(await wave(23, 5)),
    ];
    await commit(store, aBatch(0, { emails: kept.map(({ blob, i }) => anEmail(email(i + 1), blob)) }));
    for (const { i } of kept) {
      assert.ok((await bytesOf(store, email(i + 1)))?.equals(Buffer.concat(pieces(i))), `upload ${i}`);
    }
    assert.deepEqual(await collect(store.inspect(false)), []);
  });

  test('many ranges in one call, in the order asked', async (store) => {
    const sizes = Array.from({ length: 100 }, (_, i) => (i % 9 === 0 ? 70_000 + i : 100 * i));
    const emails = await Promise.all(
      sizes.map(async (size, i) => anEmail(email(i + 1), await staged(store, someBytes(size, i)))),
    );
    await commit(store, aBatch(0, { emails }));
    const order = sizes.map((_, i) => (i < 60 ? i : (i * 37) % 100));
    const ranges = order.map((i) => ({ email: email(i + 1), start: i, end: i + 50 }));
    const found = await store.readRanges(ranges);
    for (const [at, i] of order.entries()) {
      assert.deepEqual(found[at], someBytes(sizes[i] as number, i).subarray(i, i + 50), `message ${i}`);
    }
  });
}

async function assertExact(store: MailStore, id: EmailId, bytes: Buffer): Promise<void> {
  const { length } = bytes;
  const ends = [0, 1, 60, 61, 62, length >> 1, 65_535, 65_536, 65_537, length - 1, length, length + 9];
  const ranges = ends.flatMap((a) =>
    ends.map((b) => ({ email: id, start: Math.max(0, a), end: Math.max(0, b) })),
  );
  const found = await store.readRanges(ranges);
  for (const [i, { start, end }] of ranges.entries()) {
    const expected = bytes.subarray(start, Math.max(start, end));
    assert.ok(found[i]?.equals(expected), `${length} octets, ${start} to ${end}`);
  }
  for (const range of ranges.slice(0, 30)) {
    const streamed = Buffer.concat(await collect(store.readStream(range)));
    assert.ok(streamed.equals(bytes.subarray(range.start, Math.max(range.start, range.end))));
  }
}

function directoryTests(test: Test): void {
  const person = (address: string) => ({
    ...{ address, credentials: [aPassword(`$hash of ${address}`)], createdMs: 5 },
  });

  test('a directory is untouched until the first account, and never again', async (store, harness) => {
    assert.equal(await store.directory.isUntouched(), true);
    const [bob] = await store.directory.create([person('bob@example.com')]);
    assert.ok(bob && bob !== 'exists');
    assert.equal(await store.directory.isUntouched(), false);
    await store.directory.remove(bob.id);
    await store.directory.forget(bob.id);
    assert.equal(await store.directory.isUntouched(), false);
    await store.close();
    const again = await harness.open();
    assert.equal(await again.directory.isUntouched(), false);
    await again.close();
  });

  test('accounts are created once, found, listed by address, and there after a restart', async (store, harness) => {
    const { directory } = store;
    const created = await directory.create([
      { ...person('bob@example.com'), quotaBytes: 2 ** 40, quotaMessages: 7 },
      person('alice@example.com'),
      person('bob@example.com'),
    ]);
    assert.deepEqual(
      created.map((it) => (it === 'exists' ? it : it.address)),
      ['bob@example.com', 'alice@example.com', 'exists'],
    );
    assert.deepEqual(await directory.create([person('alice@example.com')]), ['exists']);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.directory.list(), [created[1], created[0]]);
    assert.deepEqual(await again.directory.find('bob@example.com'), created[0]);
    assert.equal(await again.directory.find('carol@example.com'), undefined);
    assert.equal(await again.directory.get(asAccountId(999)), undefined);
    await again.close();
  });

  test('a change touches only what it names; undefined removes', async (store, harness) => {
    const [bob] = await store.directory.create([
      { ...person('bob@example.com'), quotaBytes: 10, quotaMessages: 7 },
    ]);
    assert.ok(bob && bob !== 'exists');
    const { directory } = store;
    await directory.update(bob.id, { settings: { 'pop3.delete': 'yes', b: 'x' }, quotaBytes: undefined });
    const changed = await directory.update(bob.id, { settings: { b: undefined } });
    const { quotaBytes: _, ...rest } = bob;
    assert.deepEqual(changed, { ...rest, settings: { 'pop3.delete': 'yes' } });
    assert.equal(await directory.update(asAccountId(99), { quotaBytes: 1 }), undefined);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.directory.get(bob.id), changed);
    await again.close();
  });

  test('credentials: one password, others beside it, each replaced only while it is there', async (store, harness) => {
    const { directory } = store;
    const [bob, ann] = await directory.create([person('bob@example.com'), person('ann@example.com')]);
    assert.ok(bob && bob !== 'exists' && ann && ann !== 'exists');
    const change = async (credentials: CredentialChange) =>
      (await directory.update(bob.id, { credentials }))?.credentials ?? [];
    const phone: NewCredential = {
      ...{ kind: 'app-password', secret: 's', createdMs: 7, name: 'Phone', expiresMs: 9 },
      ...{ services: ['imap'], networks: ['192.0.2.0/24'] },
    };
    const [old, first, second] = await change({ put: [phone, { ...phone, name: 'Télé' }] });
    assert.ok(old && first && second && new Set([old.id, first.id, second.id]).size === 3);
    assert.deepEqual(
      [first, second],
      [
        { ...phone, id: first.id },
        { ...phone, id: second.id, name: 'Télé' },
      ],
    );
    const lastUse = { atMs: 8, remote: '192.0.2.7', service: 'imap' };
    const used = await change({ put: [{ ...first, lastUse }, aPassword('new')], dropped: [second.id] });
    const fresh = used.find(({ kind }) => kind === 'password');
    assert.ok(fresh && fresh.id > second.id, 'a number is never given twice');
    assert.deepEqual(used, [{ ...first, lastUse }, fresh]);
    assert.deepEqual(await change({ put: [second, old], dropped: [99] }), used, 'what is gone stays gone');
    assert.deepEqual(await directory.get(ann.id), ann);
    const others = await change({ dropped: ann.credentials.map(({ id }) => id), put: [...ann.credentials] });
    assert.deepEqual([others, await directory.get(ann.id)], [used, ann], 'nor can it touch another account');
    await store.close();
    const again = await harness.open();
    assert.deepEqual((await again.directory.get(bob.id))?.credentials, used);
    await again.directory.remove(bob.id);
    const [other] = await again.directory.create([person('bob@example.com')]);
    assert.ok(other && other !== 'exists' && other.credentials.length === 1);
    assert.ok((other.credentials[0]?.id ?? 0) > fresh.id);
    await again.close();
  });

  test('a removed account is hidden at once, remembered until forgotten, and its number stays unused', async (store, harness) => {
    const [bob] = await store.directory.create([person('bob@example.com')]);
    assert.ok(bob && bob !== 'exists');
    await store.directory.remove(bob.id);
    assert.equal(await store.directory.find('bob@example.com'), undefined);
    assert.equal(await store.directory.get(bob.id), undefined);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.directory.removing(), [bob.id]);
    await again.directory.forget(bob.id);
    assert.deepEqual(await again.directory.removing(), []);
    const [next] = await again.directory.create([person('bob@example.com')]);
    assert.ok(next && next !== 'exists' && next.id > bob.id);
    await again.close();
  });
}
