import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imapString, nstring } from './imap-string.ts';

test('strings (RFC 9051 §4.3, §9)', () => {
  const rows: [string | undefined, string][] = [
    [undefined, 'NIL'],
    ['', '""'],
    ['NIL', '"NIL"'],
    ['a b', '"a b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['tab\tand\x01', '"tab\tand\x01"'],
    ['a\r\nb', '{4}\r\na\r\nb'],
    ['\xe4', '{1}\r\n\xe4'],
    ['a\0b', '{3}\r\na\x80b'],
    ['x'.repeat(1000), `"${'x'.repeat(1000)}"`],
    ['x'.repeat(1001), `{1001}\r\n${'x'.repeat(1001)}`],
  ];
  for (const [value, expected] of rows) assert.equal(nstring(value), expected);
  assert.equal(imapString('x'), '"x"');
});
