import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeTransfer, type TransferEncoding, transferEncodingOf } from './transfer-encoding.ts';

test('names of encodings (RFC 2045 §6.1)', () => {
  const rows: [string | undefined, TransferEncoding][] = [
    [undefined, 'identity'],
    ['', 'identity'],
    ['7BIT', 'identity'],
    ['8bit', 'identity'],
    ['Binary', 'identity'],
    ['BASE64', 'base64'],
    ['Quoted-Printable', 'quoted-printable'],
    ['x-uuencode', 'unknown'],
  ];
  for (const [name, expected] of rows) assert.equal(transferEncodingOf(name), expected, `${name}`);
});

const decoded = (text: string, encoding: TransferEncoding) =>
  decodeTransfer(Buffer.from(text, 'latin1'), encoding)?.toString('latin1');

test('base64, tolerant', () => {
  const rows: [string, string][] = [
    ['', ''],
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['YW\r\nJj\r\n', 'abc'],
    ['YQ', 'a'],
    ['YWI', 'ab'],
    ['Y', ''],
    ['YQ==YWI=', 'aab'],
    ['YQ==\r\nYWJj', 'aabc'],
    ['Y!W@J#j', 'abc'],
    ['====', ''],
    ['\xff\xfe+/==', '\xfb'],
  ];
  for (const [text, expected] of rows) assert.equal(decoded(text, 'base64'), expected, text);
});

test('quoted-printable, tolerant', () => {
  const rows: [string, string][] = [
    ['', ''],
    ['a=3Db', 'a=b'],
    ['=e4=E4', '\xe4\xe4'],
    ['a=\r\nb', 'ab'],
    ['a=\nb', 'ab'],
    ['a= \t\r\nb', 'ab'],
    ['a=', 'a'],
    ['a=  ', 'a'],
    ['a \t\r\nb', 'a\r\nb'],
    ['a =\r\n b', 'a  b'],
    ['a=20\r\n', 'a \r\n'],
    ['a=ZZ=4', 'a=ZZ=4'],
    ['a\nb\r\n', 'a\nb\r\n'],
    ['a\rb', 'a\rb'],
    ['end ', 'end '],
    ['=3D=3D', '=='],
  ];
  for (const [text, expected] of rows)
    assert.equal(decoded(text, 'quoted-printable'), expected, JSON.stringify(text));
});

test('identity is the same buffer, unknown is nothing', () => {
  const bytes = Buffer.from('a');
  assert.equal(decodeTransfer(bytes, 'identity'), bytes);
  assert.equal(decodeTransfer(bytes, 'unknown'), undefined);
});

test('property: base64 agrees with the platform on well formed input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const text = Buffer.from(octets).toString('base64');
      const folded = text.replace(/(.{20})/g, '$1\r\n');
      assert.deepEqual(decodeTransfer(Buffer.from(folded), 'base64'), Buffer.from(octets));
    }),
  );
});

test('hostile input stays linear', () => {
  assert.equal(decoded('= '.repeat(2_000_000), 'quoted-printable')?.length, 4_000_000 - 2);
  assert.equal(decoded(`=${' '.repeat(4_000_000)}x`, 'quoted-printable')?.length, 4_000_002);
  assert.equal(decoded('='.repeat(5_000_000), 'base64'), '');
});
