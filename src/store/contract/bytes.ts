/** Octets come back exactly as they were given. */
import assert from 'node:assert/strict';
import type { EmailId } from '../../mailbox/model/model.ts';
import type { MailStore } from '../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  anEmail,
  BOB,
  bytesOf,
  collect,
  commit,
  email,
  someBytes,
  staged,
} from '../fixtures.ts';
import type { Test } from './harness.ts';

const SIZES = [0, 1, 1023, 65_535, 65_536, 65_537, 262_144, 5_000_000];

export function byteTests(test: Test): void {
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

  test('bytes that are staged can be read before anybody has them', async (store) => {
    for (const [i, size] of SIZES.entries()) {
      const bytes = someBytes(size, i + 1);
      const blob = await staged(store, bytes);
      for (const [from, to] of [
        [0, size],
        [0, size + 10],
        [size >> 1, size],
        [1, 3],
        [size, size + 1],
        [2, 1],
      ] as const)
        assert.deepEqual(
          await blob.read(from, to),
          bytes.subarray(from, Math.max(from, to)),
          `${size}: ${from}`,
        );
      await commit(store, aBatch(i, { emails: [anEmail(email(i + 1), blob)] }));
      assert.deepEqual(await blob.read(0, size), bytes);
    }
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
