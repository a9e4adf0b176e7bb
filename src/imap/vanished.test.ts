import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { absentRanges } from './vanished.ts';
import { type NumRange, NumSet } from './wire/numset.ts';

describe('UIDs of a set that are not there (RFC 7162 §3.2.5.1)', () => {
  const rows: readonly (readonly [known: NumRange[], there: number[], absent: NumRange[]])[] = [
    [[[1, 5]], [], [[1, 5]]],
    [[[1, 5]], [1, 2, 3, 4, 5], []],
    [
      [[1, 5]],
      [2, 4],
      [
        [1, 1],
        [3, 3],
        [5, 5],
      ],
    ],
    [
      [
        [3, 3],
        [7, 9],
      ],
      [1, 8, 20],
      [
        [3, 3],
        [7, 7],
        [9, 9],
      ],
    ],
    [[], [1], []],
    [
      [[1, 0x7fff_fffe]],
      [5],
      [
        [1, 4],
        [6, 0x7fff_fffe],
      ],
    ],
  ];
  for (const [known, there, absent] of rows) {
    test(`${JSON.stringify(known)} without ${JSON.stringify(there)}`, () => {
      assert.deepEqual(absentRanges(NumSet.of('uid', known), Uint32Array.from(there)), absent);
    });
  }

  test('is what a plain filter gives', () => {
    const number = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, number), { maxLength: 8 }),
        fc.uniqueArray(number),
        (ranges, there) => {
          const known = NumSet.of('uid', ranges);
          const uids = Uint32Array.from(there).sort();
          const absent = NumSet.of('uid', absentRanges(known, uids));
          for (let uid = 1; uid <= 60; uid++) {
            assert.equal(absent.contains(uid), known.contains(uid) && !there.includes(uid));
          }
        },
      ),
    );
  });
});
