import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daysOf } from './retention.ts';

test('what accounts keep, in days', () => {
  const rows: [string | undefined, number | null][] = [
    [undefined, null],
    ['0', 0],
    ['0d', 0],
    ['90d', 90],
    ['2w', 14],
    ['36h', 2],
    ['1h', 1],
    ['soon', null],
    ['12', null],
  ];
  for (const [kept, days] of rows) assert.equal(daysOf(kept), days, String(kept));
});
