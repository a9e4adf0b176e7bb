import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderBlock } from './header.ts';
import { readMimeFields } from './mime-fields.ts';

const of = (text: string) =>
  readMimeFields(new HeaderBlock(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1')), false);

test('a location is without comments and white space (RFC 2557 §4.2)', () => {
  const rows: [string, string][] = [
    ['http://example.com/a', 'http://example.com/a'],
    ['http://example.com/a (the page)', 'http://example.com/a'],
    ['(the page) http://example.com/a', 'http://example.com/a'],
    ['(one)(two (nested) \\) three)\n http://example.com/\n\ta/b (end)', 'http://example.com/a/b'],
    ['http://example.com/a\n (in the middle) /b', 'http://example.com/a/b'],
    ['http://example.com/a(1)b', 'http://example.com/a(1)b'],
    ['http://example.com/a (never closed', 'http://example.com/a'],
    ['"http://example.com/a (1)"', '"http://example.com/a(1)"'],
    ['(only)', ''],
  ];
  for (const [text, location] of rows)
    assert.equal(of(`Content-Location: ${text}\n`).location, location, text);
});

test('so are ids, sums and languages', () => {
  assert.equal(of('Content-ID: (of this part) <a(1)@example.com> (end)\n').id, '<a(1)@example.com>');
  assert.equal(of('Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ== (sum)\n').md5, 'Q2hlY2sgSW50ZWdyaXR5IQ==');
  assert.deepEqual(of('Content-Language: en(English (British)), (Swedish) sv\n').language, ['en', 'sv']);
});

test('comments that never end cost no more than others', () => {
  const text = `Content-Location: ${'a (" <'.repeat(100_000)}\nContent-Language: ${'('.repeat(100_000)}\n`;
  assert.ok(of(text).location !== undefined);
});

test('text/plain is us-ascii only if no form of a charset is there (RFC 2045 §5.2, RFC 2231)', () => {
  const has = (type: string) => of(`Content-Type: ${type}\n`).parameters.map(({ name }) => name);
  assert.deepEqual(has('text/plain'), ['charset']);
  assert.deepEqual(has("text/plain; charset*=us-ascii''utf%2D8"), ['charset*']);
  assert.deepEqual(has('text/plain; charset*0=ut; charset*1=f-8'), ['charset']);
  assert.deepEqual(has("text/plain; charset*0*=''ut; charset*1*=f%2D8"), ['charset*']);
});
