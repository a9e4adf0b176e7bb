import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from './snippet.ts';

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
