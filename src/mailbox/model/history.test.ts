import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packNumbers, unpackNumbers } from './history.ts';

test('numbers come back in order, each as often as it was there', () => {
  const cases: readonly (readonly number[])[] = [
    [],
    [0],
    [1, 2, 3],
    [300, 7, 300, 7],
    [0xffff_ffff, 0, 0x7fff_ffff, 0x80, 0x7f, 0x4000],
    // Very many, all over the place, close together, and the same.
    Array.from({ length: 3000 }, (_, i) => (i * 0x9e37_79b1) % 2 ** 32),
    Array.from({ length: 3000 }, (_, i) => 5_000_000 + ((i * 7919) % 3000)),
    [...new Array<number>(700).fill(8), 7, ...new Array<number>(700).fill(70_000)],
  ];
  for (const numbers of cases)
    assert.deepEqual(
      unpackNumbers(packNumbers(numbers)),
      numbers.toSorted((a, b) => a - b),
    );
});

test('a thousand neighbours take a kilobyte', () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => 4_000_000 + i);
  assert.equal(packNumbers(numbers).length, 1003);
});

test('what is cut gives the numbers before it', () => {
  const packed = packNumbers([5, 100_000]);
  assert.deepEqual(unpackNumbers(packed.subarray(0, -1)), [5]);
});
