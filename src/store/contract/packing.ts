/** Packing changes nothing that anybody sees. */
import assert from 'node:assert/strict';
import type { ComputedFacts } from '../../mailbox/model/facts.ts';
import type { EmailId } from '../../mailbox/model/model.ts';
import type { MailStore } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, anEmail, BOB, collect, commit, email, someBytes, staged } from '../fixtures.ts';
import type { Test } from './harness.ts';

/** A message of text and attachments, some of which are also others'. */
function aMessage(n: number): Buffer {
  const text = `Subject: number ${n}\r\n\r\n${`line ${n} of the text\r\n`.repeat(3 + (n % 40))}`;
  const attachments = Array.from({ length: n % 3 }, (_, i) => {
    const bytes = someBytes(5000 + 997 * ((n + i) % 7), (n + i) % 7);
    return `--b\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(bytes)}\r\n`;
  });
  return Buffer.from(`${text}${attachments.join('')}--b--\r\n`);
}

function lines(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');
}

const SIZES = [0, 1, 65_536, 65_537, 131_072, 262_144, 700_001, 17_000_000];

export function packingTests(test: Test): void {
  test('messages are what they were, whole, in ranges and as a stream, also after a restart', async (store, harness) => {
    const all = new Map<EmailId, Buffer>();
    for (let n = 1; n <= 80; n++) all.set(email(n), aMessage(n));
    for (const [i, size] of SIZES.entries()) all.set(email(100 + i), someBytes(size, i));
    await keep(store, all);
    await store.packing.compact();
    await assertSame(store, all);
    assert.deepEqual(await collect(store.inspect(false)), []);
    await store.close();
    const again = await harness.open();
    await assertSame(again, all);
    assert.deepEqual(new Set(await again.verifyEmails([...all.keys()])), new Set(['ok']));
    const { due, unpacked } = await again.packing.status();
    assert.deepEqual(
      [due, unpacked],
      [
        { blobs: 0, bytes: 0 },
        { blobs: 0, bytes: 0 },
      ],
    );
    await again.close();
  });

  test('what others still have stays when a message goes', async (store) => {
    const all = new Map<EmailId, Buffer>();
    for (let n = 1; n <= 30; n++) all.set(email(n), aMessage(n));
    await keep(store, all);
    await store.packing.compact();
    const gone = [...all.keys()].filter((_, i) => i % 3 !== 0);
    for (const [i, id] of gone.entries()) {
      await commit(store, aBatch(1 + i, { released: [id] }));
      all.delete(id);
    }
    await assertSame(store, all);
    assert.deepEqual(await collect(store.inspect(false)), []);
    await store.packing.compact();
    await assertSame(store, all);
    assert.deepEqual(await collect(store.inspect(false)), []);
  });

  test('what is known of messages is what it was, alone and together, in any order, and may be computed anew', async (store, harness) => {
    const all = new Map<EmailId, ComputedFacts>();
    for (let n = 1; n <= 130; n++) all.set(email(n), factsOf(n));
    all.set(email(131), { ...factsOf(131), search: someBytes(70_000), bodyStructure: someBytes(90_000) });
    const blob = await staged(store, aMessage(4));
    const emails = [...all].map(([id, facts]) => anEmail(id, blob, facts));
    await commit(store, aBatch(0, { emails }));
    await assertKnown(store, all);
    await store.packing.compact();
    await assertKnown(store, all);
    const anew = { ...factsOf(1000), preview: undefined };
    const facts = [5, 50].map((n) => ({ email: email(n), facts: anew }));
    await commit(store, aBatch(1, { facts, released: [7, 60, 61].map((n) => email(n)) }));
    for (const n of [5, 50]) all.set(email(n), anew);
    for (const n of [7, 60, 61]) all.delete(email(n));
    await assertKnown(store, all);
    assert.deepEqual(await store.loadEmails([email(7), email(60)], ['sort']), [undefined, undefined]);
    await store.packing.compact();
    await assertKnown(store, all);
    assert.deepEqual(await collect(store.inspect(false)), []);
    await store.close();
    const again = await harness.open();
    await assertKnown(again, all);
    await again.close();
  });

  test('what is known is changed and read while it works', async (store) => {
    const all = new Map<EmailId, ComputedFacts>();
    const blob = await staged(store, aMessage(4));
    let modseq = 0;
    for (let round = 0; round < 5; round++) {
      const packing = store.packing.compact();
      const emails = Array.from({ length: 30 }, (_, i) => email(100 * round + i + 1));
      for (const id of emails) all.set(id, factsOf(id));
      await commit(store, aBatch(modseq++, { emails: emails.map((id) => anEmail(id, blob, factsOf(id))) }));
      for (const id of [...all.keys()].filter((_, i) => i % 7 === round)) {
        const facts = factsOf(id + round + 1);
        all.set(id, facts);
        await commit(store, aBatch(modseq++, { facts: [{ email: id, facts }] }));
      }
      const [gone] = all.keys();
      if (gone !== undefined) {
        await commit(store, aBatch(modseq++, { released: [gone] }));
        all.delete(gone);
      }
      await assertKnown(store, all);
      await packing;
    }
    await store.packing.compact();
    await assertKnown(store, all);
    assert.deepEqual(await collect(store.inspect(false)), []);
  });

  test('an account goes, and those that have the same messages keep them', async (store) => {
    const bytes = aMessage(2);
    const blob = await staged(store, bytes, [ALICE, BOB]);
    const [ours, theirs] = [email(1, ALICE), email(1, BOB)];
    await commit(store, aBatch(0, { account: ALICE, emails: [anEmail(ours, blob)] }));
    await commit(store, aBatch(0, { account: BOB, emails: [anEmail(theirs, blob)] }));
    await store.packing.compact();
    await store.destroyAccount(ALICE);
    await store.packing.compact();
    await assertSame(store, new Map([[theirs, bytes]]));
    assert.deepEqual(await collect(store.inspect(false)), []);
  });

  test('a message on its way in is read when it is packed already', async (store) => {
    const bytes = someBytes(200_000);
    const blob = await staged(store, bytes);
    await commit(store, aBatch(0, { emails: [anEmail(email(1), blob)] }));
    await store.packing.compact();
    assert.ok((await blob.read(5, 150_000)).equals(bytes.subarray(5, 150_000)));
    await commit(store, aBatch(1, { emails: [anEmail(email(2), blob)] }));
    await assertSame(store, new Map([1, 2].map((n) => [email(n), bytes])));
  });

  test('messages come, go and are read while it works', async (store) => {
    const all = new Map<EmailId, Buffer>();
    let modseq = 0;
    for (let round = 0; round < 6; round++) {
      const packing = store.packing.compact();
      for (let n = 1; n <= 12; n++) {
        const id = email(round * 20 + n);
        const bytes = n % 6 === 0 ? someBytes(90_000, round) : aMessage(round * 20 + n);
        all.set(id, bytes);
        await commit(store, aBatch(modseq++, { emails: [anEmail(id, await staged(store, bytes))] }));
      }
      const [gone] = [...all.keys()].slice(round * 3);
      if (gone !== undefined) {
        await commit(store, aBatch(modseq++, { released: [gone] }));
        all.delete(gone);
      }
      await assertSame(store, all);
      await packing;
    }
    await store.packing.compact();
    await assertSame(store, all);
    assert.deepEqual(await collect(store.inspect(false)), []);
  });
}

/** Some parts are not there, some are empty. */
function factsOf(n: number): ComputedFacts {
  const part = (name: string): Buffer => Buffer.from(`${name} of ${n} `.repeat(1 + (n % 50)));
  return {
    ...{ envelope: part('envelope'), bodyStructure: part('structure'), parts: part('parts') },
    header: n % 5 === 0 ? undefined : part('header'),
    search: n % 11 === 0 ? undefined : part('search'),
    ...{ preview: n % 3 === 0 ? Buffer.alloc(0) : part('preview'), sort: part('sort'), links: part('links') },
  };
}

const TOGETHER: readonly (readonly (keyof ComputedFacts)[])[] = [
  ['envelope', 'bodyStructure', 'parts'],
  ['bodyStructure'],
  ['sort'],
  ['search'],
  ['header', 'preview', 'links'],
  ['search', 'envelope', 'preview'],
];

async function assertKnown(store: MailStore, all: ReadonlyMap<EmailId, ComputedFacts>): Promise<void> {
  const ascending = [...all.keys()].sort((a, b) => a - b);
  for (const ids of [ascending, ascending.toReversed()]) {
    for (const names of TOGETHER) {
      const found = await store.loadEmails(ids, names);
      for (const [i, id] of ids.entries()) {
        const is = names.map((name) => found[i]?.[name]);
        const wanted = names.map((name) => all.get(id)?.[name]);
        assert.deepEqual(is, wanted, `${names.join()} of email ${id}`);
      }
    }
  }
}

async function keep(store: MailStore, all: ReadonlyMap<EmailId, Buffer>): Promise<void> {
  const emails = [];
  for (const [id, bytes] of all) emails.push(anEmail(id, await staged(store, bytes)));
  await commit(store, aBatch(0, { emails }));
}

async function assertSame(store: MailStore, all: ReadonlyMap<EmailId, Buffer>): Promise<void> {
  const ids = [...all.keys()];
  const whole = await store.readRanges(
    ids.map((id) => ({ email: id, start: 0, end: all.get(id)?.length ?? 0 })),
  );
  for (const [i, id] of ids.entries()) assert.ok(whole[i]?.equals(all.get(id) as Buffer), `email ${id}`);
  for (const [id, bytes] of all) {
    const [start, end] = [bytes.length >> 2, bytes.length - (bytes.length >> 3)];
    const [part] = await store.readRanges([{ email: id, start, end }]);
    assert.ok(part?.equals(bytes.subarray(start, end)), `a range of email ${id}`);
    const streamed = Buffer.concat(
      await collect(store.readStream({ email: id, start: 1, end: bytes.length })),
    );
    assert.ok(streamed.equals(bytes.subarray(1)), `email ${id} as a stream`);
  }
}
