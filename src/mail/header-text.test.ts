import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { decodeWords } from './encoded-word.ts';
import { singleSpaced } from './fold.ts';
import { foldAscii, HeaderBlock, unfold } from './header.ts';
import { HeaderTextReader } from './header-text.ts';

function textsOf(header: Buffer, sizes: readonly number[] = []): [string, string][] {
  const fields: [string, string][] = [];
  const reader = new HeaderTextReader({
    wants: (name) => name !== 'unwanted',
    take: (name, text, isStart) => {
      if (isStart) fields.push([name, text]);
      else (fields.at(-1) as [string, string])[1] += text;
    },
  });
  let at = 0;
  for (const size of sizes) {
    reader.write(header.subarray(at, at + size));
    at += size;
  }
  reader.write(header.subarray(at));
  reader.end();
  return fields;
}

test('unfolded, decoded, single spaces', () => {
  const header =
    'From garbage\r\n with: more\r\nSubject: =?utf-8?Q?a_?=\r\n\t=?utf-8?Q?b?=\r\n  c\t d \r\nUnwanted: x\r\nEmpty:\r\n' +
    'Obsolete  : y\r\nJapanese: =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?B?GyRCOGwbKEI=?=\n\nBody: no';
  assert.deepEqual(textsOf(Buffer.from(header)), [
    ['subject', 'a b c d'],
    ['empty', ''],
    ['obsolete', 'y'],
    ['japanese', '日本語'],
  ]);
});

test('property: the fields of a header block, however it is cut', () => {
  const pieces = fc.constantFrom(
    'A',
    ': ',
    ':',
    'Subject',
    '\r\n',
    '\n',
    '\r',
    '\r\n ',
    '\t',
    ' x',
    '=?utf-8?q?=C3=A4?=',
    '\xe4',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), fc.array(fc.nat(5)), (list, sizes) => {
      const header = Buffer.from(list.join(''), 'latin1');
      const expected = [...new HeaderBlock(header).fields()].map(({ name, value }) => [
        foldAscii(name),
        singleSpaced(decodeWords(unfold(value))).trim(),
      ]);
      const found = textsOf(header, sizes).map(([name, text]) => [
        name,
        text.replaceAll('\r', ' ').replace(/ +/g, ' ').trim(),
      ]);
      assert.deepEqual(found, expected);
    }),
    { numRuns: runs(2000) },
  );
});

test('a field of megabytes comes in stretches of the same text', () => {
  const word = '=?utf-8?Q?gr=C3=BC=C3=9Fe?= =?utf-8?Q?_und?= text';
  for (const gap of ['\r\n ', ' ']) {
    const value = Array.from({ length: 60_000 }, () => word).join(gap);
    const header = Buffer.from(`X-Long: ${value}\r\nLast: end\r\n\r\n`);
    const [long, last] = textsOf(header, new Array(200).fill(40_000)) as [[string, string], [string, string]];
    assert.equal(long[1], Array.from({ length: 60_000 }, () => 'grüße und text').join(' '));
    assert.deepEqual(last, ['last', 'end']);
  }
});

test('a line of megabytes, field or not, is not held', () => {
  let longest = 0;
  let size = 0;
  const reader = new HeaderTextReader({
    wants: () => true,
    take: (_, text) => {
      longest = Math.max(longest, text.length);
      size += text.length;
    },
  });
  for (const start of ['no field ', 'x'.repeat(100), 'X-Field:']) {
    reader.write(Buffer.from(start));
    for (let i = 0; i < 100; i++) reader.write(Buffer.alloc(65_536, 'y'));
    reader.write(Buffer.from('\r\n'));
  }
  reader.end();
  assert.equal(size, 100 * 65_536);
  assert.ok(longest <= 65_536);
});
