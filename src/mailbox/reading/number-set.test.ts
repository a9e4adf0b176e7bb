import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NumberSet } from './number-set.ts';

test('numbers come in order, each once, from any of them on', () => {
  const set = new NumberSet();
  const numbers = [0, 1, 31, 32, 63, 64, 1000, 8191, 8192, 100_000];
  for (const number of [...numbers.toReversed(), ...numbers]) set.add(number);
  for (const number of [...numbers, 2, 33, 9999, 1_000_000])
    assert.equal(set.has(number), numbers.includes(number), `${number}`);
  for (const from of [0, 1, 2, 31, 32, 33, 64, 65, 8192, 8193, 100_000, 100_001, 1_000_000]) {
    assert.deepEqual(
      [...set.from(from)],
      numbers.filter((number) => number >= from),
      `from ${from}`,
    );
  }
});
