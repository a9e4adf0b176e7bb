import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { type Address, MAX_ADDRESSES, parseAddressList } from './address.ts';

const at = (name: string | undefined, mailbox: string, host: string, adl?: string): Address => ({
  ...(name !== undefined && { name }),
  ...(adl !== undefined && { adl }),
  mailbox,
  host,
});
const open = (mailbox: string): Address => ({ mailbox });
const close: Address = {};

const rows: [string, Address[]][] = [
  ['', []],
  [' , ;', []],
  // RFC 5322 §A.1
  ['John Doe <jdoe@machine.example>', [at('John Doe', 'jdoe', 'machine.example')]],
  ['"Joe Q. Public" <john.q.public@example.com>', [at('Joe Q. Public', 'john.q.public', 'example.com')]],
  [
    'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
    [at('Mary Smith', 'mary', 'x.test'), at(undefined, 'jdoe', 'example.org'), at('Who?', 'one', 'y.test')],
  ],
  [
    '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    [at(undefined, 'boss', 'nil.test'), at('Giant; "Big" Box', 'sysservices', 'example.net')],
  ],
  [
    'A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;',
    [
      open('A Group'),
      at('Ed Jones', 'joe', 'where.test'),
      at(undefined, 'joe', 'where.test'),
      at('John', 'jdoe', 'one.test'),
      close,
    ],
  ],
  ['Undisclosed recipients:;', [open('Undisclosed recipients'), close]],
  // RFC 5322 §A.5
  ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', [at('Pete', 'pete', 'silly.test')]],
  [
    "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)",
    [
      open('A Group'),
      at('Chris Jones', 'c', 'public.example'),
      at(undefined, 'joe', 'example.org'),
      at('John', 'jdoe', 'one.test'),
      close,
    ],
  ],
  // RFC 5322 §A.6.1, §A.6.3
  ['Joe Q. Public <john.q.public@example.com>', [at('Joe Q. Public', 'john.q.public', 'example.com')]],
  [
    'Mary Smith <@node.test:mary@example.net>, , jdoe@test   . example',
    [at('Mary Smith', 'mary', 'example.net', '@node.test'), at(undefined, 'jdoe', 'test.example')],
  ],
  ['<@a.test , @b.test:c@d.test>', [at(undefined, 'c', 'd.test', '@a.test,@b.test')]],
  ['John Doe <jdoe@machine(comment).  example>', [at('John Doe', 'jdoe', 'machine.example')]],
  ['john . doe @ example.org', [at(undefined, 'john.doe', 'example.org')]],
  // The old way to write names
  ['jdoe@example.org (John Doe)', [at('John Doe', 'jdoe', 'example.org')]],
  ['(John (Jack) Doe) jdoe@example.org', [at('John (Jack) Doe', 'jdoe', 'example.org')]],
  ['<jdoe@example.org> (John Doe)', [at('John Doe', 'jdoe', 'example.org')]],
  ['<jdoe@example.org> John Doe', [at('John Doe', 'jdoe', 'example.org')]],
  // Quoting
  ['"a@b" <c@d>', [at('a@b', 'c', 'd')]],
  ['"a" "b"c <d@e>', [at('a bc', 'd', 'e')]],
  ['"" <a@b>', [at(undefined, 'a', 'b')]],
  ['"john doe"@example.org', [at(undefined, 'john doe', 'example.org')]],
  ['John <"john doe"@example.org>', [at('John', 'john doe', 'example.org')]],
  ['John "john doe"@example.org', [at('John', 'john doe', 'example.org')]],
  ['<"john@doe"@example.org>', [at(undefined, 'john@doe', 'example.org')]],
  ['<"john>doe"@example.org>', [at(undefined, 'john>doe', 'example.org')]],
  ['<"john, doe" (c) . "x y"@example.org>', [at('c', 'john, doe.x y', 'example.org')]],
  ['first."last name"@example.org', [at(undefined, 'first.last name', 'example.org')]],
  ['""@example.org', [at(undefined, '', 'example.org')]],
  ['<@r.test:"john doe"@example.org>', [at(undefined, 'john doe', 'example.org', '@r.test')]],
  ['G: "john doe"@example.org;', [open('G'), at(undefined, 'john doe', 'example.org'), close]],
  ['"john.doe"@example.org', [at(undefined, 'john.doe', 'example.org')]],
  ['"a\\"b"@example.org', [at(undefined, 'a"b', 'example.org')]],
  ['"folded\r\n name" <a@b>', [at('folded name', 'a', 'b')]],
  ['a@[192.0.2.1]', [at(undefined, 'a', '[192.0.2.1]')]],
  ['<a@[IPv6:2001:db8::1]>', [at(undefined, 'a', '[IPv6:2001:db8::1]')]],
  ['=?utf-8?q?J=C3=B6rg?= <j@example.org>', [at('=?utf-8?q?J=C3=B6rg?=', 'j', 'example.org')]],
  ['J\xc3\xb6rg <j\xc3\xb6rg@example.org>', [at('J\xc3\xb6rg', 'j\xc3\xb6rg', 'example.org')]],
  // Broken, and what a person wants to see all the same
  ['root', [at(undefined, 'root', '')]],
  ['John Doe', [at('John Doe', '', '')]],
  ['<>', [at(undefined, '', '')]],
  ['<john>', [at(undefined, 'john', '')]],
  ['@example.org', [at(undefined, '', 'example.org')]],
  ['<@example.org>', [at(undefined, '', 'example.org')]],
  ['a@', [at(undefined, 'a', '')]],
  ['a@b c@d', [at(undefined, 'a', 'b'), at(undefined, 'c', 'd')]],
  ['a@b; c@d', [at(undefined, 'a', 'b'), at(undefined, 'c', 'd')]],
  ['a@b <a@b>', [at('a@b', 'a', 'b')]],
  ['John a@b <c@d>', [at('John a@b', 'c', 'd')]],
  ['John Doe john@example.org', [at('John Doe', 'john', 'example.org')]],
  ['John <a@b', [at('John', 'a', 'b')]],
  ['John <a@b, c@d', [at('John', 'a', 'b'), at(undefined, 'c', 'd')]],
  ['John a@b>', [at('John', 'a', 'b')]],
  ['<<a@b>>', [at(undefined, 'a', 'b')]],
  ['<a@b,c@d>', [at(undefined, 'a', 'b'), at(undefined, 'c', 'd')]],
  ['John <a@b, c@d>, e@f', [at('John', 'a', 'b'), at(undefined, 'c', 'd'), at(undefined, 'e', 'f')]],
  ['< <a@b> >, c@d', [at(undefined, 'a', 'b'), at(undefined, 'c', 'd')]],
  ['<a@b> name <c@d>', [at(undefined, 'a', 'b'), at('name', 'c', 'd')]],
  ['<(c > d) a@b>', [at('c > d', 'a', 'b')]],
  // No part of what cannot be read is an address: it may be somebody else's
  ...[
    '<shop:news@example.com>',
    'Shop <shop:news@example.com>',
    '<toni _salazar@example.com>',
    '"Toni S." <toni _salazar@example.com> (Toni)',
    '<mailto:news@example.com>',
    '<http://example.com/news@example.com>',
    '<Doe,John@example.com>',
    '<a;b@example.com>',
    '<a@b@c>',
    '<a@b c>',
    '<a@b:25>',
    '<a@b.c> @d',
    '<a b>',
    'a@b@c',
    'a@b:25',
    'john@example com',
    'jdoe@example.org John Doe',
    '<@a.test a@b>',
    '<a@b "c">',
    'x <y <toni _salazar@example.com>',
  ].map((text): [string, Address[]] => [text, [at(text, '', '')]]),
  ['c@d, <a b@c>, e@f', [at(undefined, 'c', 'd'), at('<a b@c>', '', ''), at(undefined, 'e', 'f')]],
  ['c@d <a b@c>; e@f', [at('c@d <a b@c>', '', ''), at(undefined, 'e', 'f')]],
  ['<c@d> <a\r\n\tb@c>, e@f', [at(undefined, 'c', 'd'), at('<a\tb@c>', '', ''), at(undefined, 'e', 'f')]],
  ['G: <a b@c>, d@e;', [open('G'), at('<a b@c>', '', ''), at(undefined, 'd', 'e'), close]],
  ['G: <x:y@c>; d@e', [open('G'), at('<x:y@c>', '', ''), close, at(undefined, 'd', 'e')]],
  // Encoded words with signs that may not be in them
  ['=?utf-8?Q?Doe,_John?= <a@b>', [at('=?utf-8?Q?Doe,_John?=', 'a', 'b')]],
  [
    '=?utf-8?Q?Doe_(J)_<x@y>?= =?utf-8?q?"?= <a@b>, c@d',
    [at('=?utf-8?Q?Doe_(J)_<x@y>?= =?utf-8?q?"?=', 'a', 'b'), at(undefined, 'c', 'd')],
  ],
  ['=?utf-8?Q?Doe, John <a@b>', [at(undefined, '=?utf-8?Q?Doe', ''), at('John', 'a', 'b')]],
  ['"open quote <a@b>', [at('"open quote', 'a', 'b')]],
  ['a@b (open comment', [at('open comment', 'a', 'b')]],
  ['Group: a@b, c@d', [open('Group'), at(undefined, 'a', 'b'), at(undefined, 'c', 'd'), close]],
  ['A: B: a@b;', [open('A'), at(undefined, 'B', ''), at(undefined, 'a', 'b'), close]],
  [':;', [open(''), close]],
  ['Doe, John <j@d>', [at(undefined, 'Doe', ''), at('John', 'j', 'd')]],
];

test('address lists', () => {
  for (const [text, expected] of rows) assert.deepEqual(parseAddressList(text), expected, text);
});

test('bytes and their latin1 string mean the same', () => {
  for (const [text, expected] of rows) {
    assert.deepEqual(parseAddressList(Buffer.from(text, 'latin1')), expected, text);
  }
});

test('all of them, up to a limit', () => {
  assert.equal(parseAddressList('a@b,'.repeat(100_000)).length, 100_000);
  assert.equal(parseAddressList('a@b,'.repeat(200_000)).length, MAX_ADDRESSES);
  const group = parseAddressList(`G: ${'a@b,'.repeat(200_000)}`);
  assert.deepEqual(group.at(-1), close);
});

test('reading is linear, whatever is not closed', () => {
  const signs = [
    '<',
    '<a ',
    '<a@',
    '<"',
    '<(',
    '(',
    '"',
    '=?a?q?',
    '=?a?q?,',
    '<@a,',
    '<a@b:',
    'a@b@',
    'a@b c ',
    '<a@b,',
  ];
  const started = performance.now();
  for (const sign of signs) parseAddressList(sign.repeat(Math.ceil(300_000 / sign.length)));
  // Some hundred milliseconds; with the square of the octets it would be minutes.
  assert.ok(performance.now() - started < 10_000);
});

test('property: never throws, markers pair, at most so many', () => {
  const signs = fc.constantFrom(
    '<',
    '>',
    '@',
    ',',
    ';',
    ':',
    '"',
    '\\',
    '(',
    ')',
    '[',
    ']',
    '.',
    ' ',
    'a',
    '\r\n ',
    '\xe4',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 40 }), (list) => {
      let isOpen = false;
      for (const address of parseAddressList(list.join(''))) {
        if (address.host !== undefined) {
          assert.notEqual(address.mailbox, undefined);
          continue;
        }
        assert.equal(address.mailbox === undefined, isOpen);
        isOpen = !isOpen;
      }
      assert.ok(!isOpen);
    }),
    { numRuns: runs(5000) },
  );
});
