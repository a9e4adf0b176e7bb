import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullPattern } from './list.ts';

// RFC 9051 §6.3.9: what a pattern means in the context of a reference.
const ROWS: readonly (readonly [reference: string, pattern: string, full: string])[] = [
  ['', '*', '*'],
  ['', '/Sent', 'Sent'],
  ['/', '%', '%'],
  ['Work/', '%', 'Work/%'],
  ['Work', '/%', '%'],
  ['Wo', 'rk', 'Work'],
  ['', '', ''],
];

for (const [reference, pattern, full] of ROWS) {
  test(`LIST ${JSON.stringify(reference)} ${JSON.stringify(pattern)} looks for ${JSON.stringify(full)}`, () => {
    assert.equal(fullPattern(reference, pattern), full);
  });
}
