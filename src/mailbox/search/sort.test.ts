import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimeSlice } from '../../base/time-slice.ts';
import { sorted } from './sort.ts';

test('property: the order that a sort at once has, ties by row', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 5000, size: 'max' }), async (values) => {
      const compare = (a: number, b: number): number =>
        (values[a] as number) - (values[b] as number) || a - b;
      const found = await sorted(values.length, compare, () => undefined);
      assert.deepEqual([...found], [...values.keys()].sort(compare));
    }),
    { numRuns: 20 },
  );
});

test('others get their turns however many there are', async () => {
  const count = 200_000;
  const values = Array.from({ length: count }, (_, i) => `${(i * 7919) % count}`.padStart(80, 'x'));
  const slice = new TimeSlice();
  let pauses = 0;
  const order = await sorted(
    count,
    (a, b) => ((values[a] as string) < (values[b] as string) ? -1 : 1),
    () => {
      pauses++;
      return slice.spent();
    },
  );
  assert.ok(pauses > 1000, `${pauses}`);
  for (let i = 1; i < count; i++)
    assert.ok((values[order[i - 1] as number] as string) < (values[order[i] as number] as string));
});
