import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparatorsFor, nameOf } from './comparator.ts';

test('what meets a wish (RFC 4790 §3.2, §3.3)', () => {
  const rows: readonly (readonly [wishes: string, found: string])[] = [
    ['i;octet', 'i;octet'],
    ['+i;octet', 'i;octet'],
    ['-i;octet', '-i;octet'],
    ['default', 'i;unicode-casemap'],
    ['*', 'i;unicode-casemap i;ascii-casemap i;octet'],
    ['i;*casemap', 'i;unicode-casemap i;ascii-casemap'],
    ['*-*', 'i;unicode-casemap i;ascii-casemap'],
    ['i*;*o*', 'i;unicode-casemap i;octet'],
    ['i;octet*', 'i;octet'],
    ['i;octet*t', ''],
    ['*octet;*', ''],
    ['i;ascii-numeric', ''],
    ['cz;* i;basic', ''],
    ['cz;* i;octet *', 'i;octet i;unicode-casemap i;ascii-casemap'],
    [`${'*o'.repeat(120)}`, ''],
  ];
  for (const [wishes, found] of rows)
    assert.equal(comparatorsFor(wishes.split(' ')).map(nameOf).join(' '), found, wishes);
});
