/** Emails: their facts, and who refers to them. */
import assert from 'node:assert/strict';
import { FACTS_VERSION } from '../../mailbox/model/facts.ts';
import type { EmailId } from '../../mailbox/model/model.ts';
import type { StoreError } from '../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  aChunk,
  aMailbox,
  anEmail,
  anExpunge,
  anId,
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
} from '../fixtures.ts';
import type { Test } from './harness.ts';

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

const listed = (id: EmailId, references: number, sizeBytes: number) => ({
  id,
  references,
  sizeBytes,
  thread: undefined,
});

const codes = (outcomes: readonly (StoreError | undefined)[]) => outcomes.map((it) => it?.code);

export function emailTests(test: Test): void {
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
