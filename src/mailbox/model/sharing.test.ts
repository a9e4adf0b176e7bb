/** Rights as letters, whom they are for, and bits of what was seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asAccountId } from './model.ts';
import { changedRights, NO_RIGHTS, RIGHTS, type Rights, readRights, toldRights, without } from './rights.ts';
import { SeenPages } from './seen.ts';
import { accountIdentity, accountOfIdentity, rightsIn } from './shares.ts';

const rights = (letters: string): Rights => letters as Rights;

test('letters are rights once each and in order, virtual ones what they stand for, and others are named', () => {
  assert.deepEqual(readRights('ddrl'), { rights: 'lrte' });
  assert.deepEqual(readRights('c'), { rights: 'kx' });
  assert.deepEqual(readRights(''), { rights: NO_RIGHTS });
  assert.deepEqual(readRights('lqr'), { unknown: 'q' });
  assert.equal(toldRights(rights('lrk')), 'lrkc');
  assert.equal(toldRights(rights('lre')), 'lred');
  assert.equal(changedRights(rights('lr'), { mode: 'add', rights: rights('li') }), 'lri');
  assert.equal(changedRights(rights('lri'), { mode: 'remove', rights: rights('rx') }), 'li');
  assert.equal(changedRights(rights('lri'), { mode: 'replace', rights: NO_RIGHTS }), '');
});

test('what any identity gives counts, and what one takes is gone', () => {
  const id = asAccountId(7);
  const me = accountIdentity(id);
  const person = { id, identities: new Set([me, 'anyone', 'team@example.com']) };
  const some = fc.string({ unit: fc.constantFrom(...RIGHTS), maxLength: 8 });
  const who = fc.constantFrom(
    me,
    'anyone',
    'team@example.com',
    'others@example.com',
    accountIdentity(asAccountId(8)),
  );
  const rows = fc.array(fc.tuple(who, fc.boolean(), some), { maxLength: 12 });
  fc.assert(
    fc.property(rows, (all) => {
      const shares = new Map(
        all.map(([name, isNegative, letters]) => [(isNegative ? '-' : '') + name, rights(letters)]),
      );
      const sum = (sign: string): string =>
        [...person.identities].map((one) => shares.get(sign + one) ?? '').join('');
      assert.equal(rightsIn(shares, person), without(sum(''), sum('-')));
    }),
  );
  assert.equal(rightsIn(undefined, person), NO_RIGHTS);
  assert.equal(accountOfIdentity(me), 7);
  assert.equal(accountOfIdentity('team@example.com'), undefined);
});

test('bits of what was seen are those that were set, counted, and in ranges', () => {
  const uids = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 8180, max: 8200 }), fc.constant(0x7fffffff)),
    {
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(uids, fc.boolean()), { maxLength: 8 }), (steps) => {
      const seen = new SeenPages();
      const model = new Set<number>();
      for (const [some, isSeen] of steps) {
        const { pages, by } = seen.changed(some, isSeen);
        for (const [page, bits] of pages) seen.pages.set(page, bits);
        seen.count += by;
        for (const uid of some) isSeen ? model.add(uid) : model.delete(uid);
      }
      assert.equal(seen.count, model.size);
      const listed = seen
        .ranges()
        .flatMap(([low, high]) => Array.from({ length: high - low + 1 }, (_, i) => low + i));
      assert.deepEqual(
        listed,
        [...model].sort((a, b) => a - b),
      );
      assert.ok([...model].every((uid) => seen.has(uid)));
      const loaded = new SeenPages();
      for (const [page, bits] of seen.pages) loaded.load(page, bits);
      assert.equal(loaded.count, model.size);
    }),
  );
});
