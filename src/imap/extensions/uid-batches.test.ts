import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import type { Cursor } from '../wire/cursor.ts';
import { faultOf, parseAll } from '../wire/testing.ts';
import { batchesArgs, batchesOf } from './uid-batches.ts';

const ALL = [1, Number.POSITIVE_INFINITY] as const;

describe('UIDBATCHES', () => {
  it('gives ranges without gaps, the newest first, and the last one down to 1', () => {
    const uid = [3, 5, 8, 13, 21, 34, 55];
    const of = (size: number, range: readonly [number, number]) => [
      ...batchesOf({ uid, count: uid.length }, size, range),
    ];
    assert.deepEqual(of(3, ALL), [
      [55, 14],
      [13, 4],
      [3, 1],
    ]);
    assert.deepEqual(of(3, [2, 2]), [[13, 4]]);
    assert.deepEqual(of(3, [3, 9]), [[3, 1]]);
    assert.deepEqual(of(3, [4, 9]), []);
    assert.deepEqual(of(7, ALL), [[55, 1]]);
    assert.deepEqual([...batchesOf({ uid: [], count: 0 }, 3, ALL)], []);
  });

  it('puts each message into one batch, and as many into each', () => {
    const uids = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 60 });
    fc.assert(
      fc.property(uids, fc.integer({ min: 1, max: 20 }), (unsorted, size) => {
        const uid = unsorted.sort((a, b) => a - b);
        const batches = [...batchesOf({ uid, count: uid.length }, size, ALL)];
        const counts = batches.map(([high, low]) => uid.filter((one) => one >= low && one <= high).length);
        counts.forEach((count, i) => {
          assert.ok(i < counts.length - 1 ? count === size : count >= 1 && count <= size);
        });
        assert.equal(
          counts.reduce((sum, one) => sum + one, 0),
          uid.length,
        );
        batches.slice(1).forEach(([high], i) => {
          assert.ok(high < (batches[i]?.[1] as number));
        });
      }),
      { numRuns: runs(300) },
    );
  });

  const args = (c: Cursor) => {
    c.skip(-1);
    return batchesArgs(c);
  };
  it('reads its arguments', () => {
    assert.deepEqual(parseAll('2000', args), { size: 2000, range: undefined });
    assert.deepEqual(parseAll('500 10:20', args), { size: 500, range: [10, 20] });
    for (const refused of ['', '0', '500 10', '500 0:1', '500 1:', '500 1:2:3', 'x'])
      assert.match(faultOf(refused, args), /^BAD Expected /, refused);
  });
});
