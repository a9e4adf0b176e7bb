import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldAscii, HeaderBlock, MAX_FIELDS, unfold } from './header.ts';
import { filterHeader } from './section.ts';

const names = (text: string) => [...new HeaderBlock(Buffer.from(text, 'latin1')).fields()].map((f) => f.name);

test('which lines are fields', () => {
  const rows: [string, string[]][] = [
    ['', []],
    ['\r\n', []],
    ['A: b', ['A']],
    ['A:b\r\nC:\r\n', ['A', 'C']],
    ['A: b\nC: d\n\nE: f\n', ['A', 'C']],
    ['A: b\r\n\r\nE: f\r\n', ['A']],
    ['A : b\r\nB\t: c\r\n', ['A', 'B']],
    [': x\r\nA: b\r\n', ['A']],
    ['no field\r\n X: continuation\r\nA: b\r\n', ['A']],
    [' leading: fold\r\nA: b\r\n', ['A']],
    ['From a@b Mon Jan 1 10:00:00 2024\r\nA: b\r\n', ['A']],
    ['A: b\rC: d\r\n', ['A']],
    ['A\0: b\r\n\xe4: c\r\nD: e\r\n', ['D']],
    ['A: b\r\n \r\nC: d\r\n', ['A', 'C']],
  ];
  for (const [text, expected] of rows) assert.deepEqual(names(text), expected, JSON.stringify(text));
});

test('find, all and text', () => {
  const header = new HeaderBlock(Buffer.from('to: a\r\nTO:\r\n\tb ,\r\n c \r\nTo:\r\n\r\n'));
  assert.equal(header.count, 3);
  assert.equal(header.find('to')?.toString(), ' a');
  assert.deepEqual(
    header.all('to').map((v) => v.toString()),
    [' a', '\r\n\tb ,\r\n c ', ''],
  );
  assert.equal(header.text('to'), 'a');
  assert.equal(header.textAt(1), 'b , c');
  assert.equal(header.textAt(2), '');
  assert.equal(header.find('cc'), undefined);
  assert.equal(header.text('t'), undefined);
});

test('unfold (RFC 5322 §2.2.3)', () => {
  const rows: [string, string][] = [
    [' a\r\n b', 'a b'],
    ['\r\n\ta\r\n\tb\r\n', 'a\tb'],
    ['a\n  b', 'a  b'],
    ['a\rb', 'a b'],
    ['a\r\r\n b', 'a  b'],
    ['a\0b\xff', 'a\0b\xff'],
    ['', ''],
    [' \r\n ', ''],
  ];
  for (const [value, expected] of rows) assert.equal(unfold(Buffer.from(value, 'latin1')), expected);
});

test('limits: many fields, the bytes stay', () => {
  const bytes = Buffer.from(`${'A: b\r\n'.repeat(15_000)}Z: last\r\n\r\n`);
  const header = new HeaderBlock(bytes);
  assert.equal(header.count, MAX_FIELDS);
  assert.equal(header.find('z'), undefined);
  assert.equal(header.bytes.length, bytes.length);
  assert.equal(filterHeader(bytes, ['Z'], false).toString(), 'Z: last\r\n\r\n');
});

test('foldAscii leaves other octets alone', () => {
  assert.equal(foldAscii('ABC-\xc4'), 'abc-\xc4');
  assert.equal(foldAscii('abc'), 'abc');
});
