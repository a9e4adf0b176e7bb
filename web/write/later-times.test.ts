import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldTime, laterTimes } from './later-times.ts';

test('the usual times are those that are still to come', () => {
  const names = (now: Date): string[] => laterTimes(now).map(({ name, at }) => `${name} ${fieldTime(at)}`);
  assert.deepEqual(names(new Date(2026, 10, 25, 9, 30)), [
    'evening 2026-11-25T18:00',
    'tomorrow 2026-11-26T08:00',
    'monday 2026-11-30T08:00',
  ]);
  // A Sunday evening: tomorrow is the Monday.
  assert.deepEqual(names(new Date(2026, 10, 29, 20)), ['tomorrow 2026-11-30T08:00']);
});
