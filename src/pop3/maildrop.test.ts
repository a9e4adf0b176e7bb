import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRAIT } from '../mail/traits.ts';
import { asUidValidity } from '../mailbox/model/model.ts';
import { Maildrop } from './maildrop.ts';

const CLEAN = TRAIT.CleanLines | TRAIT.HeaderEnd | TRAIT.LastLineEnd | TRAIT.PlainHeaders;

function aMaildrop(since?: number): Maildrop {
  return new Maildrop({
    uidValidity: asUidValidity(0x6b05fe90),
    columns: {
      uid: Uint32Array.of(3, 7, 0x7fff_fffe, 0),
      size: Uint32Array.of(100, 200, 300, 0),
      traits: Uint8Array.of(CLEAN, CLEAN & ~TRAIT.LastLineEnd, 0, 0),
      internalDate: Float64Array.of(1000, -5, 2000, 0),
    },
    count: 3,
    isUtf8: false,
    ...(since === undefined ? {} : { since }),
  });
}

test('numbers, sizes and totals are settled; only unclean messages have to be read', () => {
  const maildrop = aMaildrop();
  assert.deepEqual(maildrop.uncounted, [2]);
  maildrop.setOctets(2, 333);
  assert.deepEqual(
    [0, 1, 2].map((index) => maildrop.octetsOf(index)),
    [100, 202, 333],
  );
  assert.deepEqual(maildrop.totals, { count: 3, octets: 635 });
});

test('in UTF-8 mode nothing has to be known of the headers (RFC 6856 §2.1)', () => {
  const source = {
    uidValidity: asUidValidity(1),
    columns: {
      uid: Uint32Array.of(1, 2, 3),
      size: Uint32Array.of(100, 200, 300),
      traits: Uint8Array.of(CLEAN, CLEAN & ~TRAIT.PlainHeaders, CLEAN & ~TRAIT.CleanLines),
      internalDate: Float64Array.of(1, 2, 3),
    },
    count: 3,
  };
  assert.deepEqual(new Maildrop({ ...source, isUtf8: true }).uncounted, [2]);
  assert.deepEqual(new Maildrop({ ...source, isUtf8: false }).uncounted, [1, 2]);
});

test('marks come and go (RFC 1939 §5 DELE, RSET)', () => {
  const maildrop = aMaildrop();
  maildrop.setOctets(2, 333);
  maildrop.markDeleted(2);
  maildrop.markDeleted(0);
  maildrop.markDeleted(0);
  assert.deepEqual(maildrop.totals, { count: 1, octets: 202 });
  assert.deepEqual(maildrop.deletedUids, [3, 0x7fff_fffe]);
  maildrop.unmarkAll();
  assert.deepEqual(maildrop.totals, { count: 3, octets: 635 });
  assert.deepEqual(maildrop.deletedUids, []);
});

test('unique ids have a fixed width, or are those that messages came with', () => {
  const maildrop = aMaildrop();
  maildrop.nameBy(
    new Map([
      [7, 'old-server.42'],
      [3, '6b05fe907ffffffe'],
    ]),
  );
  assert.deepEqual(
    [0, 1, 2].map((index) => maildrop.uniqueIdOf(index)),
    ['6b05fe9000000003', 'old-server.42', '6b05fe907ffffffe'],
  );
});

test('older messages can stay out of it', () => {
  const maildrop = aMaildrop(1000);
  assert.equal(maildrop.count, 2);
  assert.deepEqual(
    [0, 1].map((index) => maildrop.uidOf(index)),
    [3, 0x7fff_fffe],
  );
});
