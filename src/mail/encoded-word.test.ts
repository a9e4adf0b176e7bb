import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeWords } from './encoded-word.ts';

const rows: [string, string][] = [
  ['', ''],
  ['plain', 'plain'],
  // RFC 2047 §8
  ['=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>', 'Keith Moore <moore@cs.utk.edu>'],
  ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=', 'Keld Jørn Simonsen'],
  ['=?ISO-8859-1?Q?Andr=E9?= Pirard', 'André Pirard'],
  [
    '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
    'If you can read this you understand the example.',
  ],
  ['(=?ISO-8859-1?Q?a?=)', '(a)'],
  ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
  ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
  ['(=?ISO-8859-1?Q?a?=\t  =?ISO-8859-1?Q?b?=)', '(ab)'],
  ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
  ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
  // RFC 2231 §5
  ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
  // A character split between two words: forbidden, frequent
  ['=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=', 'ä'],
  ['=?utf-8?B?w6Q=?= =?UTF-8?q?=C3=B6?=', 'äö'],
  ['=?utf-8?b?w6Q?=', 'ä'],
  ['=?gb2312?B?xA==?= =?GBK?B?4w==?=', '你'],
  ['=?shift_jis?B?k/qW?= =?shift_jis?B?e4zq?=', '日本語'],
  ['=?euc-kr?Q?=C7?=\r\n\t=?ks_c_5601-1987?Q?=D1?=', '한'],
  ['=?big5?Q?=A7?= =?big5?Q?A?=', '你'],
  ['=?utf-8?B?5pel5pys6?= =?utf-8?B?Kqe?=', '日本語'],
  ['=?utf-8?B?5p?= =?utf-8?B?el5?=\t=?utf-8?B?pys?= =?utf-8?Q?=E8=AA=9E?=', '日本語'],
  ['=?utf-8?B?w6Q?= =?utf-8?Q?b?= =?utf-8?B?w6Q?=', 'äbä'],
  // Where a charset has state each word begins in the initial one (RFC 2047 §3)
  ['=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?B?GyRCOGwbKEI=?=', '日本語'],
  ['=?ISO-2022-JP?B?GyRCRnxLXA==?= =?ISO-2022-JP?Q?abc?=', '日本abc'],
  ['=?iso-2022-jp?B?GyRCGyhC?= =?iso-2022-jp?B?GyRCRnwbKEI=?=', '日'],
  ['=?iso-2022-kr?Q?=1B$)C=0EGQ=0F?= =?iso-2022-kr?Q?=0EGQ?=\r\n =?iso-2022-kr?Q?GQ?=', '한한GQ'],
  ['=?iso-2022-cn?Q?=1B$)A=0EDc?= =?iso-2022-cn?Q?=1B$)A=0EDc=0F?=', '你你'],
  ['=?hz-gb-2312?Q?~{Dc?= =?hz-gb-2312?Q?~{Dc~}?=', '你你'],
  ['=?utf-7?Q?+ZeVnLA?= =?utf-7?Q?+ip4-?= =?utf-7?Q?abc?=', '日本語abc'],
  // Korean beyond KS X 1001
  ['=?ks_c_5601-1987?B?jGM=?=', '똠'],
  // Broken words stay as they are
  ['=?utf-8?q?a', '=?utf-8?q?a'],
  ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
  ['=?utf-8?q?a =?utf-8?q?b?=', '=?utf-8?q?a b'],
  ['=??q?a?=', '=??q?a?='],
  ['=?utf-8?q?=ZZ=4?=', '=ZZ=4'],
  ['a =? b ?= c', 'a =? b ?= c'],
  ['=?utf-8?q?a?b?=', 'a?b'],
  ['=?utf-8?q??=', ''],
  ['=?utf-8?q?a b?=', 'a b'],
  ['x=?utf-8?q?a?=y', 'xay'],
  // Unknown charsets are guessed
  ['=?x-nobody?q?=C3=A4?=', 'ä'],
  ['=?x-nobody?q?=E4?=', 'ä'],
  // Raw octets: UTF-8 (RFC 6532) or windows-1252
  ['gr\xc3\xbc\xc3\x9fe', 'grüße'],
  ['gr\xfc\xdfe', 'grüße'],
  ['\xc3\xa4 =?utf-8?q?=C3=B6?= \xc3\xbc', 'ä ö ü'],
];

test('encoded words', () => {
  for (const [text, expected] of rows) {
    assert.equal(decodeWords(text), expected, text);
    assert.equal(decodeWords(Buffer.from(text, 'latin1')), expected, text);
  }
});

test('property: what is encoded is read back, however it is split', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.integer({ min: 1, max: 40 }),
      (text, size) => {
        const octets = Buffer.from(text.toWellFormed());
        const words: string[] = [];
        for (let at = 0; at < octets.length; at += size) {
          const piece = octets.subarray(at, at + size);
          const isB = words.length % 2 === 0;
          const q = [...piece].map((c) => `=${c.toString(16).padStart(2, '0')}`).join('');
          words.push(isB ? `=?utf-8?B?${piece.toString('base64')}?=` : `=?utf-8?Q?${q}?=`);
        }
        assert.equal(decodeWords(words.join('\r\n ')), octets.toString().replace(/^\ufeff/, ''));
      },
    ),
  );
});

test('property: nothing throws', () => {
  const pieces = fc.constantFrom(
    '=?',
    '?=',
    '?',
    '=',
    'utf-8',
    'q',
    'b',
    ' ',
    '\xe4',
    '*',
    '_',
    'A=41',
    '\0',
  );
  fc.assert(fc.property(fc.array(pieces), (list) => typeof decodeWords(list.join('')) === 'string'));
});
