import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { charsetDecoder, decodeCharset, decodeUnlabelled, knownCharset } from './charset.ts';

const rows: [string, string, string][] = [
  ['us-ascii', 'abc', 'abc'],
  ['US-ASCII', '\xc3\xa4', 'ä'],
  ['utf-8', '\xc3\xa4', 'ä'],
  ['UTF8', '\xef\xbb\xbfa', 'a'],
  ['"utf-8"', '\xc3\xa4', 'ä'],
  ['utf-8', '\xff', '\ufffd'],
  ['iso-8859-1', '\xe4', 'ä'],
  ['ISO_8859-1', '\xe4', 'ä'],
  ['latin1', '\x80', '€'],
  ['iso-8859-15', '\xa4', '€'],
  ['cp1252', '\x80', '€'],
  ['windows1251', '\xcf', 'П'],
  ['x-cp1251', '\xcf', 'П'],
  ['koi8-r', '\xf0', 'П'],
  ['gb2312', '\xc4\xe3', '你'],
  ['x-gbk', '\xc4\xe3', '你'],
  ['cp936', '\xc4\xe3', '你'],
  ['big5', '\xa7\x41', '你'],
  ['shift_jis', '\x93\xfa', '日'],
  ['cp932', '\x93\xfa', '日'],
  ['iso-2022-jp', '\x1b$BF|\x1b(B', '日'],
  ['iso-2022-jp-ms', '\x1b$BF|\x1b(B', '日'],
  ['euc-kr', '\xc7\xd1', '한'],
  ['ks_c_5601-1987', '\xc7\xd1', '한'],
  ['iso-2022-kr', '\x1b$)C\x0eGQ\x0f!', '한!'],
  ['hz-gb-2312', '~{Dc~}~~!', '你~!'],
  ['tis-620', '\xa1', 'ก'],
  ['utf-16', '\xfe\xff\x00a', 'a'],
  ['utf-16le', 'a\x00', 'a'],
  // RFC 2152
  ['utf-7', 'Hi Mom -+Jjo--!', 'Hi Mom -☺-!'],
  ['utf-7', 'A+ImIDkQ.', 'A≢Α.'],
  ['unicode-1-1-utf-7', '1 +- 1 = 2', '1 + 1 = 2'],
  ['utf-7', '+2D3eAA-', '😀'],
  ['utf-7', '+2D0-', '\ufffd'],
  // Windows-949, under every name of the Korean standard
  ...['ks_c_5601-1987', 'euc-kr', 'cp949', 'ms949', 'UHC', 'windows-949', 'ksc5601'].map(
    (name): [string, string, string] => [name, '\x8cc \xc7\xd1 \xb0\xfe', '똠 한 괆'],
  ),
  ['big5-hkscs', '\x87@\xa7A', '䏰你'],
  ['MS950', '\xa7A\xf9\xd6', '你碁'],
  ['gb-18030', '\xc4\xe3\x810\x810', '你\x80'],
  ['win-1251', '\xcf', 'П'],
  ['ms1251', '\xcf', 'П'],
  ['mac-roman', '\x8a', 'ä'],
  ['mac-ce', '\x8a', 'ä'],
  ['cp850', '\x84', 'ä'],
  ['cp437', '\x84', 'ä'],
  ['iso2022jp', '\x1b$BF|\x1b(B', '日'],
  ['utf16', '\xff\xfea\x00', 'a'],
  ['utf-16', '\x00a\x00 \x00b', 'a b'],
  ['utf-16be', '\x00a', 'a'],
  ['utf-32', '\x00\x00\xfe\xff\x00\x00\x00a', 'a'],
  ['euc-tw', '\xa4\x40a \xc4\xe3\x8e\xa2\xa1\xa1', '\ufffd@a 中乂'],
  ['x-unknown', '\xe4', 'ä'],
  ['no-such-charset', '\xc3\xa4', 'ä'],
  ['no-such-charset', '\xe4', 'ä'],
  ['', '\xe4', 'ä'],
];

test('charsets by the names mail uses', () => {
  for (const [label, octets, expected] of rows) {
    assert.equal(decodeCharset(Buffer.from(octets, 'latin1'), label), expected, `${label} ${expected}`);
  }
});

/** RFC 1468, 1554, 2237, 1557, 1922, JIS X 0213. */
const ESCAPED: [string, string, string][] = [
  ['iso-2022-jp', '\x1b$B\x1b(B', ''],
  ['iso-2022-jp', '\x1b$BF|K\\\x1b(B\x1b$B8l\x1b(B', '日本語'],
  ['iso-2022-jp', '\x1b$BF|\x1b(B\x1b$B\x1b(B\x1b(J\x1b(Babc', '日abc'],
  ['iso-2022-jp', '\x1b$@F|\x1b(J\\~\x1b(Bx', '日¥‾x'],
  ['iso-2022-jp', '\x1b&@\x1b$BF|\x1b(B', '日'],
  ['iso-2022-jp', '\x1b(I1\x1b(B', 'ｱ'],
  ['iso-2022-jp', '\x0e1\x0fa', 'ｱa'],
  ['cp50221', '\xb1a', 'ｱa'],
  ['iso-2022-jp-ms', '\x1b$B-!|q\x1b(B', '①ⅰ'],
  // A line begins in ASCII; a blank among wide characters is one.
  ['iso-2022-jp', '\x1b$BF|\r\nF|\x1b$BF| F|\x1b(B', '日\r\nF|日 日'],
  ['iso-2022-jp', '\x1b$BF', '\ufffd'],
  ['iso-2022-jp', '\x1b$BF|K\x1b(Ba', '日\ufffda'],
  ['iso-2022-jp', 'a\x1b', 'a\ufffd'],
  ['iso-2022-jp', 'a\x1b!bc\x1b\x7fd', 'ac\x7fd'],
  ['iso-2022-jp-1', '\x1b$(D0!\x1b(B', '丂'],
  ['iso-2022-jp-2', '\x1b$ADc\x1b$(CGQ\x1b(B', '你한'],
  ['iso-2022-jp-2', '\x1b.A\x1bNi\x1b.F\x1bNea', 'éεa'],
  ['iso-2022-jp-3', '\x1b$(O-!F|$w\x1b$(P!!\x1b(B', '①日か\u309a𠂉'],
  ['iso-2022-jp-2004', '\x1b$(Q.!\x1b(B', '俱'],
  ['iso-2022-kr', '\x1b$)C\x0eGQ\x0f\r\n\x0eGQ\x0f', '한\r\n한'],
  ['iso-2022-kr', '\x0eGQ\r\nGQ', '한\r\nGQ'],
  ['iso-2022-cn', '\x1b$)A\x0eDc\x0f\x1b$)G\x0eDO\x0f', '你孓'],
  ['iso-2022-cn', '\x1b$)G\x0eDO\x0f', '孓'],
  ['iso-2022-cn', '\x1b$*H\x1bN!!a', '乂a'],
  ['iso-2022-cn-ext', '\x1b$)E\x0eDc\x0f\x1b$+I\x1bO!!', '你\ufffd'],
  ['hz', 'a~{Dc\nb~{Dc~}~~~\nc', 'a你\nb你~c'],
  ['utf-7', '+ZeVnLIqe-+ZeVnLIqe', '日本語日本語'],
];

test('charsets that switch by escapes and shifts', () => {
  for (const [label, octets, expected] of ESCAPED)
    assert.equal(decodeCharset(Buffer.from(octets, 'latin1'), label), expected, `${label} ${expected}`);
});

test('a text in pieces is the same text', () => {
  const samples = fc.constantFrom(
    ...[...rows, ...ESCAPED].map(([label, octets]): [string, string] => [label, octets]),
    ['utf-8', 'a\u20ac'] as [string, string],
    ['no-such-charset', 'gr\xc3\xbc\xc3\x9fe\r\ngr\xfc\xdfe\r\ngr\xc3\xbc\xc3\x9fe'] as [string, string],
  );
  fc.assert(
    fc.property(
      samples,
      fc.array(fc.nat(3)),
      fc.integer({ min: 1, max: 30 }),
      ([label, one], sizes, times) => {
        const octets = Buffer.from(one.repeat(times), 'latin1');
        const decoder = charsetDecoder(label);
        let text = '';
        let at = 0;
        for (const size of sizes) {
          text += decoder.write(octets.subarray(at, at + size));
          at += size;
        }
        text += decoder.write(octets.subarray(at)) + decoder.end();
        assert.equal(text, decodeCharset(octets, label), label);
      },
    ),
    { numRuns: runs(3000) },
  );
});

test('property: nothing throws, whatever the charset and the octets', () => {
  const labels = fc.constantFrom(...[...rows, ...ESCAPED].map(([label]) => label));
  const signs = [
    '\x1b',
    '$',
    '(',
    ')',
    '*',
    '.',
    'A',
    'B',
    'C',
    'G',
    'H',
    'N',
    'O',
    '\x0e',
    '\x0f',
    '~',
    '{',
    '}',
    '+',
    '-',
    '\n',
    '\xff',
  ];
  fc.assert(
    fc.property(labels, fc.array(fc.constantFrom(...signs)), (label, list) => {
      const octets = Buffer.from(list.join(''), 'latin1');
      const decoder = charsetDecoder(label);
      assert.equal(decoder.write(octets) + decoder.end(), decodeCharset(octets, label));
    }),
    { numRuns: runs(3000) },
  );
});

test('which charsets SEARCH takes (RFC 9051 §6.4.4)', () => {
  for (const label of [
    'UTF-8',
    'us-ascii',
    'ISO-8859-1',
    'utf-7',
    'ISO-2022-KR',
    'windows-1252',
    'GB18030',
  ]) {
    assert.ok(knownCharset(label), label);
  }
  for (const label of ['no-such-charset', 'x-user-defined', 'utf-9', 'replacement', 'u'.repeat(1000)]) {
    assert.ok(!knownCharset(label), label);
  }
});

test('text without a label', () => {
  assert.equal(decodeUnlabelled(Buffer.from('äö')), 'äö');
  assert.equal(decodeUnlabelled(Buffer.from([0x93, 0x61, 0x94])), '“a”');
  // Each line for itself.
  assert.equal(decodeUnlabelled(Buffer.from('a\nä\n\xc3\xa4\nb', 'latin1')), 'a\nä\nä\nb');
});
