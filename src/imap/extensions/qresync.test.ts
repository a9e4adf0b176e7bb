import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type NumRange, NumSet } from '../wire/numset.ts';
import { lastMatch } from './qresync.ts';

function pairs(seqs: readonly NumRange[], uids: readonly NumRange[]) {
  return { seqs: NumSet.of('seq', seqs), uids: NumSet.of('uid', uids) };
}

const EVERY_THIRD = Uint32Array.from({ length: 10_003 }, (_, i) => 3 * (i + 1));

describe('sequence match data (RFC 7162 §3.2.5.2)', () => {
  test('the example of the RFC: the last pair matches', () => {
    const seqs: NumRange[] = [5000, 7500, 9000].map((n) => [n, n]);
    const uids: NumRange[] = [15_000, 22_500, 27_000].map((n) => [n, n]);
    for (let n = 9990; n <= 9999; n++) uids.push([3 * n, 3 * n]);
    assert.equal(lastMatch(pairs([...seqs, [9990, 9999]], uids), EVERY_THIRD), 29_997);
  });

  test('a message went between two pairs', () => {
    const uids = Uint32Array.from([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 25]);
    assert.equal(
      lastMatch(
        pairs(
          [
            [4, 4],
            [12, 12],
          ],
          [
            [8, 8],
            [24, 24],
          ],
        ),
        uids,
      ),
      8,
    );
  });

  test('none matches, none is there', () => {
    assert.equal(lastMatch(pairs([[1, 3]], [[5, 7]]), Uint32Array.from([9])), 0);
    assert.equal(lastMatch(pairs([[1, 3]], [[5, 7]]), new Uint32Array(0)), 0);
  });

  test('sets that name four thousand million pairs cost nothing', () => {
    const all: NumRange[] = [[1, 0xffff_ffff]];
    assert.equal(lastMatch(pairs(all, all), Uint32Array.from([1, 2, 3, 9])), 3);
  });

  test('agrees with looking at every pair, whatever was expunged', () => {
    const client = fc.uniqueArray(fc.integer({ min: 1, max: 80 }), { minLength: 1 });
    fc.assert(
      fc.property(client, fc.infiniteStream(fc.boolean()), (known, gone) => {
        const before = known.sort((a, b) => a - b);
        const now = Uint32Array.from(before.filter(() => gone.next().value !== true));
        const matching = before.filter((uid, i) => now[i] === uid).at(-1) ?? 0;
        const uids = before.map((uid): NumRange => [uid, uid]);
        assert.equal(lastMatch(pairs([[1, before.length]], uids), now), matching);
      }),
    );
  });
});
