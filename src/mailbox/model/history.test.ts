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
