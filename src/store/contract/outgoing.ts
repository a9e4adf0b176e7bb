/** Mail that is to leave: it comes whole or not at all, is due by time, and what has ended never comes again. */
import assert from 'node:assert/strict';
import type { AccountId } from '../../mailbox/model/model.ts';
import { NOTIFY, type OutgoingId, type RecipientChange } from '../../mailbox/model/outgoing.ts';
import type { DuePlace, DueRecipient } from '../../mailbox/port/outgoing.ts';
import { type MailStore, StoreError } from '../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  aChunk,
  anEmail,
  anOutgoing,
  BOB,
  bytesOf,
  commit,
  email,
  INBOX,
  someBytes,
  staged,
} from '../fixtures.ts';
import type { Test } from './harness.ts';

const EVER = Number.POSITIVE_INFINITY;

/** An email that only the outgoing message refers to, and a message. */
async function anEmailOf(store: MailStore, n = 1, account: AccountId = ALICE) {
  return anEmail(email(n, account), await staged(store, someBytes(100), [account]));
}

const ended = (outgoing: OutgoingId, n: number, rest: Partial<RecipientChange> = {}): RecipientChange => ({
  outgoing,
  n,
  become: 'ended',
  ...rest,
});

const places = (due: readonly DueRecipient[]) => due.map(({ outgoing, n }) => [outgoing, n]);

export function outgoingTests(test: Test): void {
  test('a message comes back as it was given, also after the store was closed', async (store, harness) => {
    const full = anOutgoing(
      2,
      {
        email: email(1),
        kind: 'forward',
        sender: 'SRS0=x@example.com',
        envid: 'an id',
        ret: 'headers',
        isUtf8: true,
        isEightBit: true,
        requiresTls: true,
        isTlsOptional: true,
        header: Buffer.from('From: a\r\n\r\n'),
        bodyFrom: 17,
        holdUntilMs: 5000,
        priority: -9,
        deliverBy: { atMs: 2000 + 999_999_999_000, mode: 'notify', isTraced: true },
      },
      { route: 'local', notify: NOTIFY.Success, orcpt: 'rfc822;x@example.org' },
      { state: 'held', attempts: 3, isTold: true, lastAtMs: 5, lastHost: 'mx', lastReply: '450 later' },
    );
    const deliverBy = { atMs: 63_000, mode: 'return', isTraced: false } as const;
    const plain = anOutgoing(3, { email: email(1), priority: 9, deliverBy });
    const emails = [await anEmailOf(store)];
    await commit(store, aBatch(0, { emails, retained: [email(1)], outgoing: [full, plain] }));
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.outgoing.load([plain.row.id, full.row.id]), [plain, full]);
    assert.deepEqual(await again.outgoing.list(0, 9), [full, plain]);
    assert.deepEqual(
      (await again.outgoing.loadDue(EVER, 9)).map(({ priority }) => priority),
      [-9, 9],
    );
    assert.deepEqual(await again.outgoing.list(full.row.id, 9, ALICE), [plain]);
    assert.deepEqual(await again.outgoing.list(0, 9, BOB), []);
    await again.close();
  });

  test('it comes with the rest of its batch or not at all', async (store) => {
    await commit(store, aBatch(0));
    const outgoing = [anOutgoing(2, { email: email(1) })];
    const emails = [await anEmailOf(store)];
    const stale = aBatch(0, { emails, outgoing, chunks: [aChunk(1, 'in Sent')] });
    const lost = aBatch(1, { retained: [email(7)], outgoing: [anOutgoing(2, { email: email(7) })] });
    const nobody = aBatch(1, { outgoing: [{ ...anOutgoing(2, { email: email(1) }), recipients: [] }] });
    for (const batch of [stale, lost, nobody])
      assert.ok((await store.write([batch]).committed)[0] instanceof StoreError);
    assert.deepEqual(await store.outgoing.loadDue(EVER, 9), []);
    await commit(store, aBatch(1, { emails, outgoing, chunks: [aChunk(1, 'in Sent')] }));
    assert.equal((await store.outgoing.loadDue(EVER, 9)).length, 1);
    assert.equal((await store.loadChunks(ALICE, INBOX, 0, 9)).length, 1);
  });

  test('recipients are due by time, of all accounts, page by page', async (store) => {
    const [alice, bob] = [await anEmailOf(store), await anEmailOf(store, 1, BOB)];
    const first = anOutgoing(2, { email: alice.id }, { nextMs: 300 }, { nextMs: 100 }, { state: 'held' });
    const second = anOutgoing(2, { email: bob.id }, { nextMs: 200 }, { nextMs: 300 });
    await commit(
      store,
      aBatch(0, { emails: [alice], outgoing: [first] }),
      aBatch(0, { account: BOB, emails: [bob], outgoing: [second] }),
    );
    const [a, b] = [first.row.id, second.row.id];
    const inOrder = [
      [a, 2],
      [b, 1],
      [a, 1],
      [b, 2],
    ];
    assert.deepEqual(places(await store.outgoing.loadDue(EVER, 9)), inOrder);
    assert.deepEqual(places(await store.outgoing.loadDue(200, 9)), inOrder.slice(0, 2));
    const found: unknown[] = [];
    for (let after: DuePlace | undefined; ; ) {
      const page = await store.outgoing.loadDue(EVER, 1, after);
      if (page[0] === undefined) break;
      after = page[0];
      found.push(...places(page));
    }
    assert.deepEqual(found, inOrder);
    assert.deepEqual(await store.outgoing.measure(200), { messages: 2, due: 2, held: 1, oldestMs: 2000 });
    assert.equal(await store.outgoing.countRecipients(ALICE, 9), 3);
    assert.equal(await store.outgoing.countRecipients(ALICE, 2), 2);
    const size = (await store.listEmails(ALICE, 0, 1))[0]?.sizeBytes ?? 0;
    const messages = (await store.outgoing.list(0, 99, ALICE)).length;
    assert.equal(await store.outgoing.countOctets(ALICE), messages * size);
  });

  test('what has ended never comes again, and the last takes the message and its reference', async (store, harness) => {
    const one = anOutgoing(2, { email: email(1) }, {}, {});
    const { id } = one.row;
    await commit(store, aBatch(0, { emails: [await anEmailOf(store)], outgoing: [one] }));
    assert.deepEqual(await store.outgoing.settle([ended(id, 1), ended(id, 9)]), [true, false]);
    assert.deepEqual(await store.outgoing.settle([ended(id, 1)]), [false]);
    assert.deepEqual(places(await store.outgoing.loadDue(EVER, 9)), [[id, 2]]);
    assert.ok(await bytesOf(store, email(1)));
    assert.deepEqual(await store.outgoing.settle([ended(id, 2)]), [true]);
    assert.deepEqual(await store.outgoing.load([id]), [undefined]);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.outgoing.loadDue(EVER, 9), []);
    assert.deepEqual(await again.listEmails(ALICE, 0, 9), []);
    await again.close();
  });

  test('an email stays while a message shows it or it is to leave', async (store) => {
    const one = anOutgoing(2, { email: email(1) });
    const emails = [await anEmailOf(store)];
    await commit(store, aBatch(0, { emails, retained: [email(1)], outgoing: [one] }));
    await commit(store, aBatch(1, { released: [email(1)] }));
    assert.ok(await bytesOf(store, email(1)));
    await store.outgoing.settle([ended(one.row.id, 1)]);
    assert.equal(await bytesOf(store, email(1)), undefined);
  });

  test('what is held has no time, whoever says one', async (store) => {
    const one = anOutgoing(2, { email: email(1) }, {});
    const { id } = one.row;
    await commit(store, aBatch(0, { emails: [await anEmailOf(store)], outgoing: [one] }));
    const hold: RecipientChange = { outgoing: id, n: 1, become: { state: 'held', nextMs: undefined } };
    const outcome: RecipientChange = {
      outgoing: id,
      n: 1,
      become: { attempts: 1, nextMs: 400, lastReply: '450' },
    };
    assert.deepEqual(await store.outgoing.settle([hold, outcome]), [true, true]);
    assert.deepEqual(await store.outgoing.loadDue(EVER, 9), []);
    const [recipient] = (await store.outgoing.load([id]))[0]?.recipients ?? [];
    assert.deepEqual([recipient?.state, recipient?.attempts, recipient?.nextMs], ['held', 1, undefined]);
    const release: RecipientChange = { outgoing: id, n: 1, become: { state: 'waiting', nextMs: 500 } };
    await store.outgoing.settle([release]);
    assert.equal((await store.outgoing.loadDue(EVER, 9)).length, 1);
  });

  test('a change is made in the states it names, and leaves the rest as it is', async (store) => {
    const one = anOutgoing(2, { email: email(1) }, { attempts: 1, lastHost: 'mx.example.org' });
    const { id } = one.row;
    await commit(store, aBatch(0, { emails: [await anEmailOf(store)], outgoing: [one] }));
    const hold = {
      outgoing: id,
      n: 1,
      when: ['waiting'],
      become: { state: 'held', nextMs: undefined },
    } as const;
    assert.deepEqual(await store.outgoing.settle([hold, hold]), [true, false]);
    assert.deepEqual(await store.outgoing.loadDue(EVER, 9), []);
    const { nextMs: _, ...held } = { ...one.recipients[0], state: 'held' };
    assert.deepEqual((await store.outgoing.load([id]))[0]?.recipients, [held]);
    const later = {
      outgoing: id,
      n: 1,
      when: ['held'],
      become: { state: 'waiting', nextMs: 70, attempts: 2, lastReply: '451 no', lastAtMs: 60, isTold: true },
    } as const;
    assert.deepEqual(await store.outgoing.settle([later]), [true]);
    const [due] = await store.outgoing.loadDue(EVER, 9);
    assert.equal(due?.nextMs, 70);
    const wanted = { ...one.recipients[0], ...later.become };
    assert.deepEqual((await store.outgoing.load([id]))[0]?.recipients, [wanted]);
  });

  test('a batch changes recipients in one piece with the rest of it', async (store) => {
    const one = anOutgoing(2, { email: email(1) });
    await commit(store, aBatch(0, { emails: [await anEmailOf(store)], outgoing: [one] }));
    const report = anOutgoing(4, { email: email(3), kind: 'report', sender: '' });
    const parts = { outgoing: [report], recipients: [ended(one.row.id, 1)] };
    const refused = aBatch(0, { ...parts, emails: [await anEmailOf(store, 3)] });
    assert.ok((await store.write([refused]).committed)[0] instanceof StoreError);
    assert.deepEqual(places(await store.outgoing.loadDue(EVER, 9)), [[one.row.id, 1]]);
    await commit(store, aBatch(1, { ...parts, emails: [await anEmailOf(store, 3)] }));
    assert.deepEqual(places(await store.outgoing.loadDue(EVER, 9)), [[report.row.id, 1]]);
    assert.equal(await bytesOf(store, email(1)), undefined);
  });

  test('two who claim never get the same message, and what is given back is free', async (store) => {
    const ids = [2, 3].map((n) => anOutgoing(n, { email: email(1) }).row.id) as [OutgoingId, OutgoingId];
    const soon = Date.now() + 60_000;
    assert.deepEqual(await store.outgoing.claim([ids[0]], 'one', soon), [ids[0]]);
    assert.deepEqual(await store.outgoing.claim(ids, 'two', soon), [ids[1]]);
    assert.deepEqual(await store.outgoing.claim([ids[0]], 'one', soon), [ids[0]]);
    store.outgoing.giveBack(ids, 'one');
    assert.deepEqual(await store.outgoing.claim(ids, 'three', soon), [ids[0]]);
    assert.deepEqual(await store.outgoing.claim([ids[1]], 'two', Date.now() - 1), [ids[1]]);
    assert.deepEqual(await store.outgoing.claim([ids[1]], 'three', soon), [ids[1]]);
  });

  test('what happened outlives the message, for as long as it is kept', async (store, harness) => {
    const one = anOutgoing(2, { email: email(1), createdMs: 5 }, {}, {});
    const { id } = one.row;
    await commit(store, aBatch(0, { emails: [await anEmailOf(store)], outgoing: [one] }));
    const log = { address: 'r1@example.org', detail: 'mx: 250 ok' };
    const lines = [
      { ...log, event: 'deferred', atMs: 10 },
      { ...log, event: 'delivered', atMs: 20 },
    ] as const;
    await store.outgoing.settle([
      { outgoing: id, n: 1, become: { attempts: 1 }, log: lines[0] },
      ended(id, 1, { log: lines[1] }),
      ended(id, 2),
      ended(id, 2, { log: { ...lines[1], address: 'nobody' } }),
    ]);
    await store.close();
    const again = await harness.open();
    const accepted = { event: 'accepted', atMs: 5, address: 'anna@example.com', detail: 'sent' };
    const wanted = [accepted, ...lines].map((line) => ({ outgoing: id, ...line }));
    assert.deepEqual(await again.outgoing.loadLog(id, 9), wanted);
    assert.deepEqual(await again.outgoing.loadLog(id, 1), wanted.slice(2));
    assert.equal(await again.outgoing.pruneLog(15, 1), 1);
    assert.equal(await again.outgoing.pruneLog(15, 9), 1);
    assert.deepEqual(await again.outgoing.loadLog(id, 9), wanted.slice(2));
    await again.close();
  });

  test('an account takes its outgoing mail with it', async (store) => {
    const one = anOutgoing(2, { email: email(1) });
    await commit(store, aBatch(0, { emails: [await anEmailOf(store)], outgoing: [one] }));
    await store.destroyAccount(ALICE);
    assert.deepEqual(await store.outgoing.loadDue(EVER, 9), []);
    assert.deepEqual(await store.outgoing.settle([ended(one.row.id, 1)]), [false]);
    assert.deepEqual(await store.outgoing.load([one.row.id]), [undefined]);
  });

  test('an import key that is forgotten is not known any more', async (store) => {
    const key = Buffer.alloc(16, 7);
    await commit(store, aBatch(0, { imported: [{ mailbox: INBOX, key }] }));
    assert.deepEqual(await store.whichImported(ALICE, INBOX, [key]), [true]);
    await commit(store, aBatch(1, { forgottenImports: [{ mailbox: INBOX, key }] }));
    assert.deepEqual(await store.whichImported(ALICE, INBOX, [key]), [false]);
  });

  test('a hundred thousand due recipients are loaded in a second', async (store) => {
    const many = 100_000;
    const perMessage = 1000;
    const recipients = Array.from({ length: perMessage }, (_, i) => ({ nextMs: 1000 + i }));
    const emails = [await anEmailOf(store)];
    const outgoing = Array.from({ length: many / perMessage }, (_, i) =>
      anOutgoing(i + 2, { email: email(1) }, ...recipients),
    );
    await commit(store, aBatch(0, { emails, outgoing }));
    // Of the processor: how busy the machine is says nothing about the store.
    const began = process.cpuUsage();
    let found = 0;
    for (let after: DuePlace | undefined; ; ) {
      const page = await store.outgoing.loadDue(EVER, 20_000, after);
      found += page.length;
      after = page.at(-1);
      if (after === undefined) break;
    }
    const { user, system } = process.cpuUsage(began);
    const tookMs = (user + system) / 1000;
    assert.equal(found, many);
    assert.ok(tookMs < 1000, `it took ${Math.round(tookMs)} ms`);
  });
}
