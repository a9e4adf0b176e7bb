import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutOf, runsWithin, searchCut } from './message-limit.ts';
import type { PositionRun } from './message-set.ts';

const uidLists = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 30 })
  .map((all) => all.sort((a, b) => a - b));

/** Runs of positions at which this holds. */
function runsWhere(uids: readonly number[], holds: (uid: number) => boolean): PositionRun[] {
  const runs: [number, number][] = [];
  for (const [at, uid] of uids.entries()) {
    if (!holds(uid)) continue;
    const last = runs.at(-1);
    if (last?.[1] === at) last[1]++;
    else runs.push([at, at + 1]);
  }
  return runs;
}

const view = (all: readonly number[]) => ({ uids: Uint32Array.from(all), count: all.length });

test('property: those with the highest UIDs, the lowest of which is told', () => {
  fc.assert(
    fc.property(uidLists, fc.integer({ min: 1, max: 8 }), fc.func(fc.boolean()), (uids, most, isNamed) => {
      const named = uids.filter((uid) => isNamed(uid));
      const runs = runsWhere(uids, isNamed);
      const cut = cutOf(view(uids), runs, most);
      const left = runsWithin(view(uids), runs, cut).flatMap(([from, to]) => uids.slice(from, to));
      assert.deepEqual(left, named.slice(-most));
      assert.deepEqual(cut, named.length > most ? { most, lowest: left[0] } : undefined);
    }),
  );
});

test('property: a search looks at those that its sets of UIDs name', () => {
  const ranges = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(9)), { maxLength: 4 })
    .map((all) =>
      runsWhere(
        Array.from({ length: 99 }, (_, i) => i),
        (n) => all.some(([low, more]) => n >= low && n <= low + more),
      ),
    )
    .map((runs) => runs.map(([from, to]) => [from, to - 1] as const));
  fc.assert(
    fc.property(
      uidLists,
      fc.integer({ min: 1, max: 8 }),
      fc.array(ranges, { maxLength: 3 }),
      (uids, most, sets) => {
        const criteria = sets.map((one) => ({ kind: 'uids' as const, ranges: one }));
        const named = uids.filter((uid) =>
          sets.every((set) => set.some(([low, high]) => low <= uid && uid <= high)),
        );
        const cut = searchCut(view(uids), { kind: 'and', criteria: [...criteria, { kind: 'all' }] }, most);
        assert.deepEqual(cut, named.length > most ? { most, lowest: named.at(-most) } : undefined);
      },
    ),
  );
});

test('without a limit nothing is cut', () => {
  assert.equal(cutOf(view([1, 2, 3]), [[0, 3]], undefined), undefined);
  assert.equal(searchCut(view([1, 2, 3]), { kind: 'all' }, undefined), undefined);
});
