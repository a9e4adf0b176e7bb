import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, dayIn, endOf, fieldOf, STEPS } from './to-date.ts';

test('so long ago is a day that there is', () => {
  const days = (now: Date): string[] => STEPS.map((step) => fieldOf(ago(now, step)));
  assert.deepEqual(days(new Date(2026, 2, 31, 23)), ['2026-03-24', '2026-02-28', '2025-03-31', '2021-03-31']);
  assert.deepEqual(days(new Date(2028, 1, 29)), ['2028-02-22', '2028-01-29', '2027-02-28', '2023-02-28']);
  assert.deepEqual(days(new Date(2026, 0, 3)), ['2025-12-27', '2025-12-03', '2025-01-03', '2021-01-03']);
});

test('a field is a day, and the end of a day the beginning of the next', () => {
  const day = dayIn('2026-10-25');
  assert.equal(day && fieldOf(day), '2026-10-25');
  assert.equal(Date.parse(endOf(day ?? new Date())), new Date(2026, 9, 26).getTime());
  for (const none of ['', '2026-10', 'x', '26-10-25']) assert.equal(dayIn(none), undefined, none);
});
