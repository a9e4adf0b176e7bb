import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Needle } from './needle.ts';
import { Scan } from './scan.ts';

const sought = (needle: string, source = 'text') => {
  const one = new Needle(needle);
  return { needleIn: (asked: string) => (asked === source ? one : undefined) };
};

test('across the pieces of a text, not across texts, and only where it is looked for', async () => {
  const found = new Uint8Array(4);
  const scan = new Scan(
    [sought('bcd'), sought('cdef'), sought('x', 'name'), sought('dx')],
    found,
    () => undefined,
  );
  for (const piece of ['ab', 'c', 'd']) await scan.feed(piece, 'text');
  assert.deepEqual([...found], [1, 0, 0, 0]);
  scan.begin();
  await scan.feed('efx', 'text');
  assert.deepEqual([...found], [1, 0, 0, 0]);
  assert.ok(scan.wants('name'));
  await scan.feed('x', 'name');
  assert.deepEqual([...found], [1, 0, 1, 0]);
  assert.ok(!scan.wants('name') && !scan.isOver);
});

test('stops for others between needles, and goes on where it was', async () => {
  const needles = Array.from({ length: 100 }, (_, i) => sought(`needle ${i} `));
  const found = new Uint8Array(needles.length);
  let pauses = 0;
  const scan = new Scan(needles, found, async () => {
    pauses++;
  });
  const filler = 'x'.repeat(256 * 1024);
  await scan.feed(`${filler}needle 3 needle 98 nee`, 'text');
  assert.ok(pauses >= 40, String(pauses));
  await scan.feed('dle 55 ', 'text');
  assert.deepEqual(
    [...found.entries()].flatMap(([i, is]) => (is === 1 ? [i] : [])),
    [3, 55, 98],
  );
});
