/** Header fields in every form: the examples of the RFC, and what mail has besides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderForm, headerForm } from './header-forms.ts';
import { CONVENIENCE, headerPropertyOf } from './header-property.ts';

const form = (value: string, as: HeaderForm) => headerForm(Buffer.from(value, 'utf8'), as);
const octets = (value: string, as: HeaderForm) => headerForm(Buffer.from(value, 'latin1'), as);

test('Raw is what stands behind the colon (RFC 8621 §4.1.2.1)', () => {
  assert.equal(form(' Räksmörgås\r\n\tagain', 'Raw'), ' Räksmörgås\r\n\tagain');
  assert.equal(octets(' a\xff\xfeb\0c', 'Raw'), ' a\ufffd\ufffdbc');
});

test('Text is decoded where encoded words may stand (RFC 8621 §4.1.2.2)', () => {
  const cases: readonly (readonly [string, string])[] = [
    [' Hello', 'Hello'],
    ['   folded\r\n line ', 'folded line '],
    [' =?utf-8?Q?R=C3=A4ka?=', 'Räka'],
    [' =?utf-8?B?UsOk?= =?utf-8?B?a2E=?= and more', 'Räka and more'],
    [' =?utf-8?Q?a?=\r\n =?utf-8?Q?b?=', 'ab'],
    [' =?utf-8?B?w?= =?utf-8?B?6Q==?=', 'ä'],
    [' x=?utf-8?Q?a?=', 'x=?utf-8?Q?a?='],
    [' =?utf-8?Q?a?=y z', '=?utf-8?Q?a?=y z'],
    [' =?utf-8?Q?a?==?utf-8?Q?b?=', '=?utf-8?Q?a?==?utf-8?Q?b?='],
    [' =?x-nobody-knows?Q?a?=', '=?x-nobody-knows?Q?a?='],
    [' =?utf-8?Q?a=00=07b=0D=0Ac?=', 'abc'],
    [' e\u0301', 'é'],
    [' =?utf-8?Q?e=CC=81?=', 'é'],
    [' =?utf-8?Q?broken', '=?utf-8?Q?broken'],
    ['', ''],
  ];
  for (const [value, expected] of cases) assert.equal(form(value, 'Text'), expected, JSON.stringify(value));
  assert.equal(octets(' K\xf6ln', 'Text'), 'Köln');
});

const FRIENDS =
  ' "  James Smythe" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;';
const JAMES = { name: 'James Smythe', email: 'james@example.com' };
const JANE = { name: null, email: 'jane@example.com' };
const JOHN = { name: 'John Smîth', email: 'john@example.com' };

test('Addresses and GroupedAddresses are those of the RFC (§4.1.2.3, §4.1.2.4)', () => {
  assert.deepEqual(form(FRIENDS, 'Addresses'), [JAMES, JANE, JOHN]);
  assert.deepEqual(form(FRIENDS, 'GroupedAddresses'), [
    { name: null, addresses: [JAMES] },
    { name: 'Friends', addresses: [JANE, JOHN] },
  ]);
  const cases: readonly (readonly [string, unknown])[] = [
    [' undisclosed-recipients:;', []],
    ['', []],
    [' jane@example.com (Jane "J" Doe)', [{ name: 'Jane "J" Doe', email: 'jane@example.com' }]],
    [' "=?utf-8?Q?in_quotes?=" <a@example.com>', [{ name: 'in quotes', email: 'a@example.com' }]],
    [' "a b"@example.com', [{ name: null, email: '"a b"@example.com' }]],
    [' "a\\"b"@example.com', [{ name: null, email: '"a\\"b"@example.com' }]],
    [' jane', [{ name: null, email: 'jane' }]],
    [' "Doe, Jane" <jane@example.com>', [{ name: 'Doe, Jane', email: 'jane@example.com' }]],
    [' åsa@example.com', [{ name: null, email: 'åsa@example.com' }]],
  ];
  for (const [value, expected] of cases) assert.deepEqual(form(value, 'Addresses'), expected, value);
  assert.deepEqual(form(' a: b@example.com; , c@example.com, d@example.com, e:;', 'GroupedAddresses'), [
    { name: 'a', addresses: [{ name: null, email: 'b@example.com' }] },
    {
      name: null,
      addresses: [
        { name: null, email: 'c@example.com' },
        { name: null, email: 'd@example.com' },
      ],
    },
    { name: 'e', addresses: [] },
  ]);
});

test('MessageIds, Date and URLs (RFC 8621 §4.1.2.5 to §4.1.2.7)', () => {
  assert.deepEqual(form(' <a@b> (note)\r\n <c@d>', 'MessageIds'), ['a@b', 'c@d']);
  assert.equal(form(' nothing here', 'MessageIds'), null);
  assert.equal(form(' Tue, 10 Jul 2018 11:03:11 +1000', 'Date'), '2018-07-10T11:03:11+10:00');
  assert.equal(form(' Tue, 10 Jul 2018 01:03:11 GMT (so)', 'Date'), '2018-07-10T01:03:11Z');
  assert.equal(form(' 1 Jan 1970 00:00:00 -0330', 'Date'), '1970-01-01T00:00:00-03:30');
  assert.equal(form(' 31 Dec 9999 23:59:59 +0000', 'Date'), '9999-12-31T23:59:59Z');
  assert.equal(form(' yesterday', 'Date'), null);
  const list = ' <mailto:partytime@lists.example.com> (by <mail>),\r\n <https://example.com/a\r\n b>';
  assert.deepEqual(form(list, 'URLs'), ['mailto:partytime@lists.example.com', 'https://example.com/ab']);
  assert.equal(form(' NO (posting not allowed)', 'URLs'), null);
});

test('properties of header fields and the forms they may have (RFC 8621 §4.1.3)', () => {
  const read = (property: string) => {
    const found = headerPropertyOf(property);
    return typeof found === 'object' ? `${found.name} ${found.form}${found.isAll ? ' all' : ''}` : found;
  };
  assert.equal(read('header:subject'), 'subject Raw');
  assert.equal(read('header:Resent-To:asAddresses:all'), 'Resent-To Addresses all');
  assert.equal(read('header:X-What:all'), 'X-What Raw all');
  assert.equal(read('header:X-What:asURLs'), 'X-What URLs');
  assert.equal(read('header:List-Id:asText'), 'List-Id Text');
  for (const none of [
    'header:',
    'header:a b',
    'header:a:all:asText',
    'header:a:asNothing',
    'header:a::all',
    'Header:a',
  ])
    assert.equal(read(none), undefined, none);
  for (const forbidden of [
    'header:From:asDate',
    'header:subject:asAddresses',
    'header:Received:asText',
    'header:LIST-POST:asText',
    'header:Date:asText:all',
    'header:Message-ID:asAddresses',
  ])
    assert.equal(read(forbidden), 'forbidden', forbidden);
  for (const { name, form: its } of CONVENIENCE.values())
    assert.equal(read(`header:${name}:as${its}`), `${name} ${its}`);
});
