import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailBlobId, mailBlobIn } from './blob-id.ts';

test('a blob of mail has one name, which is an id (RFC 8620 §1.2)', () => {
  assert.equal(mailBlobId(12), 'b12');
  assert.equal(mailBlobId(12, [1, 2]), 'b12-1-2');
  assert.deepEqual(mailBlobIn('b12'), { email: 12, path: [] });
  assert.deepEqual(mailBlobIn('b4294967295-3-10'), { email: 4294967295, path: [3, 10] });
  for (const wrong of [
    '',
    'b',
    'b0',
    'b01',
    'b12-',
    'b12-0',
    'b12--1',
    'b12-1x',
    'b4294967296',
    'e12',
    'B12',
    'b12.1',
  ])
    assert.equal(mailBlobIn(wrong), undefined, wrong);
  assert.equal(mailBlobIn(`b1${'-1'.repeat(101)}`), undefined);
});
