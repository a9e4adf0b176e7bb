import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrived, NONE_YET } from './arrivals.ts';

const at = (...times: readonly string[]) => times.map((receivedAt) => ({ receivedAt }));

test('what was there is not told, what comes is, and not more often than every ten seconds', () => {
  const first = arrived(NONE_YET, at('2026-01-02'), 0);
  assert.equal(first.said, 0);
  const second = arrived(first.after, at('2026-01-03', '2026-01-02'), 1000);
  assert.equal(second.said, 1);
  const third = arrived(second.after, at('2026-01-05', '2026-01-04', '2026-01-03'), 2000);
  assert.deepEqual([third.said, third.after.waiting], [0, 2]);
  const fourth = arrived(third.after, at('2026-01-05'), 12_000);
  assert.equal(fourth.said, 2);
  assert.equal(arrived(fourth.after, at('2026-01-05'), 99_000).said, 0);
});
