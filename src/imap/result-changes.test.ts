import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { additions, type Insertion, removals } from './result-changes.ts';

/** As a client does it (RFC 5267 §4.3.3, §4.3.4). */
function removed(list: readonly number[], pairs: readonly Insertion[]): number[] {
  const left = [...list];
  for (const { position, uids } of pairs) {
    assert.deepEqual(left.slice(position - 1, position - 1 + uids.length), uids);
    left.splice(position - 1, uids.length);
  }
  return left;
}

function added(list: readonly number[], pairs: readonly Insertion[]): number[] {
  const all = [...list];
  for (const { position, uids } of pairs) all.splice(position - 1, 0, ...uids);
  return all;
}

const order = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });

describe('results that change', () => {
  it('what was there with what is told is what there is', () => {
    fc.assert(
      fc.property(order, fc.array(fc.integer({ min: 1, max: 60 })), (uids, some) => {
        const gone = new Set(some);
        const { pairs, left } = removals(Uint32Array.from(uids), gone, true);
        assert.deepEqual(removed(uids, pairs), [...left]);
        const back = additions(left, Uint32Array.from(uids));
        assert.ok(back !== undefined);
        assert.deepEqual(added([...left], back), uids);
      }),
      { numRuns: runs(300) },
    );
  });

  it('another order is no addition', () => {
    assert.equal(additions(Uint32Array.of(1, 2), Uint32Array.of(2, 1, 3)), undefined);
    assert.equal(additions(Uint32Array.of(1, 2), Uint32Array.of(1, 3)), undefined);
    assert.deepEqual(additions(Uint32Array.of(1), Uint32Array.of(3, 4, 1, 2)), [
      { position: 1, uids: [3, 4] },
      { position: 4, uids: [2] },
    ]);
  });
});
