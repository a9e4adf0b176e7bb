import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import {
  decodedParameter,
  findParameter,
  joinContinuations,
  MAX_PARAMETERS,
  type Parameter,
  parameterOctets,
  parseParameterized,
} from './parameter.ts';

const list = (...pairs: [string, string][]): Parameter[] => pairs.map(([name, value]) => ({ name, value }));

const rows: [string, string, Parameter[]][] = [
  ['', '', []],
  ['text/plain', 'text/plain', []],
  ['text/plain; charset=us-ascii (Plain text)', 'text/plain', list(['charset', 'us-ascii'])],
  ['text/plain; charset="us-ascii"', 'text/plain', list(['charset', 'us-ascii'])],
  ['Text / HTML ; CharSet = utf-8', 'Text/HTML', list(['CharSet', 'utf-8'])],
  ['(c) text/plain (d) ; (e) a (f) = (g) b', 'text/plain', list(['a', 'b'])],
  ['multipart/mixed; boundary="a; b\\"c"', 'multipart/mixed', list(['boundary', 'a; b"c'])],
  ['multipart/mixed; boundary==_a=b?c/d', 'multipart/mixed', list(['boundary', '=_a=b?c/d'])],
  [
    'attachment; filename=my file.pdf; size=3',
    'attachment',
    list(['filename', 'my file.pdf'], ['size', '3']),
  ],
  ['attachment; filename=report (1).pdf', 'attachment', list(['filename', 'report (1).pdf'])],
  ['text/html charset=utf-8 name="x y"', 'text/html', list(['charset', 'utf-8'], ['name', 'x y'])],
  ['text/plain; a=1 b=2', 'text/plain', list(['a', '1'], ['b', '2'])],
  ['text/plain;; ;a=1;', 'text/plain', list(['a', '1'])],
  ['text/plain; a=; b=2', 'text/plain', list(['a', ''], ['b', '2'])],
  ['text/plain; a; b=2', 'text/plain', list(['b', '2'])],
  ['text/plain; =x; b=2', 'text/plain', list(['b', '2'])],
  ['text/plain; a="open; b=2', 'text/plain', list(['a', 'open; b=2'])],
  ['text/plain; a="x"b=2', 'text/plain', list(['a', 'x'], ['b', '2'])],
  ['text/plain; a=gr\xfc\xdfe', 'text/plain', list(['a', 'gr\xfc\xdfe'])],
  ['"attachment"; filename=x', 'attachment', list(['filename', 'x'])],
  ['inline', 'inline', []],
  [';a=b', '', list(['a', 'b'])],
  ['text', 'text', []],
];

test('values with parameters', () => {
  for (const [text, value, parameters] of rows)
    assert.deepEqual(parseParameterized(text), { value, parameters }, text);
});

test('continuations are joined (RFC 2231 §3, §4; RFC 9051 §7.5.2)', () => {
  const cases: [Parameter[], Parameter[]][] = [
    [list(['a', '1']), list(['a', '1'])],
    [
      list(['url*0', 'ftp://'], ['access-type', 'URL'], ['URL*1', 'cs.utk.edu']),
      list(['url', 'ftp://cs.utk.edu'], ['access-type', 'URL']),
    ],
    [list(['t*1', 'b'], ['t*0', 'a'], ['t*2', 'c']), list(['t', 'abc'])],
    [list(['t*0*', "utf-8''%41"], ['t*1', 'a b%'], ['t*2*', '%42']), list(['t*', "utf-8''%41a%20b%25%42"])],
    [list(['t*0', 'a'], ['t*1*', '%42']), list(['t*', "''a%42"])],
    [list(['t*0', 'a'], ['t*2', 'c']), list(['t', 'a'])],
    [list(['t*1', 'b']), list(['t', 'b'])],
    [list(['t*', "utf-8''%41"], ['t', 'A']), list(['t*', "utf-8''%41"], ['t', 'A'])],
    [list(['t*0', 'a'], ['t*0', 'x'], ['t*1', 'b']), list(['t', 'ab'])],
    [list(['*0', 'a'], ['t*x', 'b'], ['t*100', 'c']), list(['*0', 'a'], ['t*x', 'b'], ['t*100', 'c'])],
  ];
  for (const [raw, joined] of cases) assert.deepEqual(joinContinuations(raw), joined);
});

test('the text of a parameter', () => {
  const cases: [string, string | undefined][] = [
    ["x; filename*=utf-8''%c3%a4.pdf; filename=a.pdf", 'ä.pdf'],
    ["x; filename*=iso-8859-1'de'%e4.pdf", 'ä.pdf'],
    ["x; filename*0*=utf-8''%c3; filename*1*=%a4; filename*2=.pdf", 'ä.pdf'],
    ['x; filename*=%c3%a4', 'ä'],
    ['x; filename*=utf-8%c3', 'utf-8Ã'],
    ["x; filename*=utf-8''%", '%'],
    ['x; FileName="=?utf-8?q?=C3=A4?=.pdf"', 'ä.pdf'],
    ['x; filename="\xc3\xa4"', 'ä'],
    // Character sets with state, and characters cut between sections
    ["x; filename*=iso-2022-jp''%1B$B%1B(B%1B$BF%7CK%5C%1B(B%1B$B8l%1B(B.txt", '日本語.txt'],
    ["x; filename*0*=iso-2022-jp''%1B$BF; filename*1*=%7CK%5C%1B(B; filename*2=.txt", '日本.txt'],
    ["x; filename*0*=gb18030''%c4; filename*1*=%e3", '你'],
    ["x; filename*=ks_c_5601-1987''%8c%63", '똠'],
    ['x; filename="=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?B?GyRCOGwbKEI=?="', '日本語'],
    ['x; filename*0="=?utf-8?Q?=C3?="; filename*1=" =?utf-8?Q?=A4.pdf?="', 'ä.pdf'],
    ['x; name=a', undefined],
  ];
  for (const [text, expected] of cases) {
    assert.equal(decodedParameter(parseParameterized(text).parameters, 'filename'), expected, text);
  }
  assert.equal(findParameter(list(['A', '1'], ['a', '2']), 'a'), '1');
});

test('what steers a program comes in any form of RFC 2231', () => {
  const cases: [string, string | undefined][] = [
    ['x; boundary=abc', 'abc'],
    ['x; boundary="a b"', 'a b'],
    ["x; boundary*=us-ascii''%3Dabc", '=abc'],
    ["x; BOUNDARY*0*=us-ascii'en'%3Dabc; Boundary*1*=def", '=abcdef'],
    ["x; boundary*1*=%64ef; boundary*0*=''%3Dabc", '=abcdef'],
    ['x; boundary*0*=us-ascii\'\'%3Dabc; boundary*1=d%3D; boundary*2="e f"', '=abcd%3De f'],
    ['x; boundary*0=abc; boundary*1*=%3Ddef', 'abc=def'],
    ['x; boundary*0=abc; boundary*1=def', 'abcdef'],
    ['x; boundary*=%3Dabc', '=abc'],
    ["x; boundary*=us-ascii''other; boundary=abc", 'abc'],
    ['x; name=a', undefined],
  ];
  for (const [text, expected] of cases)
    assert.equal(parameterOctets(parseParameterized(text).parameters, 'boundary'), expected, text);
});

test('limits', () => {
  const many = parseParameterized(`x${Array.from({ length: 5000 }, (_, i) => `; p${i}=v`).join('')}`);
  assert.equal(joinContinuations(many.parameters).length, MAX_PARAMETERS);
  const sections = parseParameterized(`x${Array.from({ length: 5000 }, (_, i) => `; p*${i}=v`).join('')}`);
  assert.ok(joinContinuations(sections.parameters).length <= MAX_PARAMETERS);
});

test('property: nothing throws', () => {
  const signs = fc.constantFrom(
    'a',
    '*',
    '0',
    '1',
    '=',
    ';',
    '"',
    '\\',
    '(',
    ')',
    ' ',
    '/',
    '%',
    "'",
    '\xe4',
    'utf-8',
  );
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 40 }), (pieces) => {
      const { parameters } = parseParameterized(pieces.join(''));
      for (const { name } of joinContinuations(parameters)) decodedParameter(parameters, name);
    }),
    { numRuns: runs(3000) },
  );
});
