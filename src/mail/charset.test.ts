import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCharset, decodeUnlabelled, knownCharset } from './charset.ts';

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
});
