import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchorOf, scrollTopFor, scrollTopToShow, windowOf } from './window.ts';

test('the rows that can be seen are there, and never more than sixty', () => {
  for (const total of [0, 1, 10, 1000, 1_000_000])
    for (const scrollTop of [-50, 0, 1, 719, 36_000, 72_000_000])
      for (const height of [0, 500, 844, 2000]) {
        const { from, to } = windowOf({ scrollTop, height }, 72, total);
        assert.ok(from >= 0 && to <= Math.max(total, 0) && to - from <= 60);
        const first = Math.floor(Math.max(0, scrollTop) / 72);
        if (first < total && height <= 844) assert.ok(from <= first && to > Math.min(first, total - 1));
      }
});

test('what one reads stays where it is when mail comes above it', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const anchor = anchorOf({ scrollTop: 150, height: 500 }, 72, ids);
  assert.deepEqual(anchor, { id: 'c', offset: 6 });
  assert.equal(anchor && scrollTopFor(anchor, 72, ['new', ...ids]), 222);
  assert.equal(anchor && scrollTopFor(anchor, 72, ['a', 'b', 'd']), undefined);
  assert.equal(anchorOf({ scrollTop: 0, height: 500 }, 72, ids), undefined);
});

test('a row is brought into view by the shortest way', () => {
  const view = { scrollTop: 720, height: 500 };
  assert.equal(scrollTopToShow(12, 72, view), 720);
  assert.equal(scrollTopToShow(3, 72, view), 216);
  assert.equal(scrollTopToShow(20, 72, view), 21 * 72 - 500);
});
