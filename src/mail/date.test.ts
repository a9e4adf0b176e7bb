import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatRfc5322, internalDate, parseDateTime } from './date.ts';

const utc = (text: string) => Date.parse(text) / 1000;

test('dates that are read', () => {
  const rows: [string, number][] = [
    // RFC 5322 §A.1.1, §A.5, §A.6.2
    ['Fri, 21 Nov 1997 09:55:06 -0600', utc('1997-11-21T15:55:06Z')],
    [
      'Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)',
      utc('1969-02-14T03:02:00Z'),
    ],
    ['21 Nov 97 09:55:06 GMT', utc('1997-11-21T09:55:06Z')],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', utc('1997-11-21T15:55:06Z')],
    // RFC 9051 §8
    ['Wed, 17 Jul 1996 02:23:25 -0700 (PDT)', utc('1996-07-17T09:23:25Z')],
    // Years: RFC 5322 §4.3
    ['1 Jan 49 00:00:00 +0000', utc('2049-01-01T00:00:00Z')],
    ['1 Jan 50 00:00:00 +0000', utc('1950-01-01T00:00:00Z')],
    ['1 Jan 103 00:00:00 +0000', utc('2003-01-01T00:00:00Z')],
    // Zones
    ['1 Jan 2024 00:00:00 EST', utc('2024-01-01T05:00:00Z')],
    ['1 Jan 2024 00:00:00 PDT', utc('2024-01-01T07:00:00Z')],
    ['1 Jan 2024 00:00:00 Z', utc('2024-01-01T00:00:00Z')],
    ['1 Jan 2024 00:00:00 A', utc('2024-01-01T00:00:00Z')],
    ['1 Jan 2024 00:00:00', utc('2024-01-01T00:00:00Z')],
    ['1 Jan 2024 00:00:00 +05:30', utc('2023-12-31T18:30:00Z')],
    ['1 Jan 2024 00:00:00 +02', utc('2023-12-31T22:00:00Z')],
    ['1 Jan 2024 00:00:00 GMT+0200', utc('2023-12-31T22:00:00Z')],
    ['1 Jan 2024 00:00:00 -0000', utc('2024-01-01T00:00:00Z')],
    ['1 Jan 2024 00:00:00 +9999', utc('2024-01-01T00:00:00Z')],
    // What else is met
    ['Monday, 3 June 2024 10:00:00 +0200', utc('2024-06-03T08:00:00Z')],
    ['3 Jun 2024', utc('2024-06-03T00:00:00Z')],
    ['Mon Jun  3 10:00:00 2024', utc('2024-06-03T10:00:00Z')],
    ['Mon Jun  3 10:00:00 EST 2024', utc('2024-06-03T15:00:00Z')],
    ['Jun 3, 2024 10:00 PM', utc('2024-06-03T22:00:00Z')],
    ['Jun 3, 2024 12:00 am', utc('2024-06-03T00:00:00Z')],
    ['2024-06-03T10:00:00Z', utc('2024-06-03T10:00:00Z')],
    ['2024-06-03 10:00:00.123 +0200', utc('2024-06-03T08:00:00Z')],
    [' 7-Jul-1996 02:44:25 -0700', utc('1996-07-07T09:44:25Z')],
    ['"17-Jul-1996 02:44:25 -0700"', utc('1996-07-17T09:44:25Z')],
    ['Mon,3 Jun 2024 10:00:00 +0200', utc('2024-06-03T08:00:00Z')],
    ['Sat, 31 Dec 2016 23:59:60 +0000', utc('2017-01-01T00:00:00Z')],
    ['29 Feb 2024 00:00 +0000', utc('2024-02-29T00:00:00Z')],
    ['(a (nested) comment) 1 Jan 1970 00:00:00 +0000', 0],
    ['31 Dec 1969 23:59:59 +0000', -1],
  ];
  for (const [text, seconds] of rows) assert.equal(parseDateTime(text)?.seconds, seconds, text);
});

test('what is no date', () => {
  const rows = [
    '',
    'x',
    'Mon',
    '1',
    '1 Jan',
    '1 Xyz 2024',
    '32 Jan 2024',
    '30 Feb 2024',
    '29 Feb 2023',
    '0 Jan 2024',
    '1 Jan 2024 24:00',
    '1 Jan 2024 10:60',
    '1 Jan 2024 10:00:61',
    '1 Jan 0024',
    '1 Jan 20245',
    '2024-13-01',
    '(1 Jan 2024',
    `${'('.repeat(100_000)}1 Jan 2024`,
    '999999999999999999999 Jan 2024',
  ];
  for (const text of rows) assert.equal(parseDateTime(text), undefined, text.slice(0, 40));
});

test('the day as written, whatever the zone (SENTON, RFC 9051 §6.4.4)', () => {
  assert.deepEqual(parseDateTime('31 Dec 2023 23:30:00 -0500'), {
    seconds: utc('2024-01-01T04:30:00Z'),
    localYear: 2023,
    localMonth: 12,
    localDay: 31,
    zoneMinutes: -300,
  });
});

test('dates that are written', () => {
  assert.equal(formatRfc5322(utc('1996-07-17T02:23:25Z')), 'Wed, 17 Jul 1996 02:23:25 +0000');
  assert.equal(formatRfc5322(0), 'Thu, 1 Jan 1970 00:00:00 +0000');
  assert.equal(internalDate(utc('1996-07-17T02:44:25Z')), '"17-Jul-1996 02:44:25 +0000"');
  assert.equal(internalDate(utc('1996-07-07T02:44:25Z')), '" 7-Jul-1996 02:44:25 +0000"');
});

test('property: what is written is read back; nothing throws', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000_000, max: 8_000_000_000 }), (seconds) => {
      assert.equal(parseDateTime(formatRfc5322(seconds))?.seconds, seconds);
      assert.equal(parseDateTime(internalDate(seconds))?.seconds, seconds);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const date = parseDateTime(text);
      assert.ok(date === undefined || Number.isSafeInteger(date.seconds));
    }),
  );
});
