import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListText } from '../wire/mailbox.ts';
import { fullPattern } from './list.ts';

// RFC 9051 §6.3.9: what a pattern means in the context of a reference.
const ROWS: readonly (readonly [reference: ListText, pattern: ListText, full: ListText])[] = [
  ['', '*', '*'],
  ['', '/Sent', 'Sent'],
  ['/', '%', '%'],
  ['Work/', '%', 'Work/%'],
  ['Work', '/%', '%'],
  ['Wo', 'rk', 'Work'],
  ['', '', ''],
  // What is in no name; the reference does not count for a pattern that begins at the root.
  ['', undefined, undefined],
  [undefined, '%', undefined],
  [undefined, '/%', '%'],
];

for (const [reference, pattern, full] of ROWS) {
  test(`LIST ${JSON.stringify(reference)} ${JSON.stringify(pattern)} looks for ${JSON.stringify(full)}`, () => {
    assert.equal(fullPattern(reference, pattern), full);
  });
}
