import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHit, partsOf } from './snippet.ts';

test('marks become parts, entities become characters, and everything else is text', () => {
  assert.deepEqual(partsOf('a &lt;b&gt; <mark>c &amp;amp; d</mark>&#39;'), [
    { text: 'a <b> ', isMarked: false },
    { text: 'c &amp; d', isMarked: true },
    { text: "'", isMarked: false },
  ]);
  assert.deepEqual(partsOf('<img src=x onerror=alert(1)>'), [
    { text: '<img src=x onerror=alert(1)>', isMarked: false },
  ]);
  assert.deepEqual(partsOf(''), []);
});

test('a line begins shortly before its first hit', () => {
  const long = partsOf('Many words that say nothing about it, before the <mark>ferry</mark> leaves');
  assert.deepEqual(fromHit(long), [
    { text: '…about it, before the ', isMarked: false },
    { text: 'ferry', isMarked: true },
    { text: ' leaves', isMarked: false },
  ]);
  for (const whole of [
    'The <mark>ferry</mark> leaves',
    '<mark>Ferry</mark>',
    'A long text without any hit at all',
    '',
  ])
    assert.deepEqual(fromHit(partsOf(whole)), partsOf(whole));
});
