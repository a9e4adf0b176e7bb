import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { date, dateTime } from './date.ts';
import { faultOf, parseAll } from './testing.ts';

const DATES: readonly (readonly [string, number, number, number])[] = [
  ['1-Jan-2024', 2024, 1, 1],
  ['01-JAN-2024', 2024, 1, 1],
  ['"29-feb-2024"', 2024, 2, 29],
  ['31-Dec-9999', 9999, 12, 31],
  ['1-Jan-0001', 1, 1, 1],
];

const NO_DATES: readonly (readonly [string, string])[] = [
  ['29-Feb-2023', 'BAD There is no such day'],
  ['29-Feb-1900', 'BAD There is no such day'],
  ['31-Apr-2024', 'BAD There is no such day'],
  ['0-Jan-2024', 'BAD There is no such day'],
  ['1-Jan-0000', 'BAD There is no such day'],
  ['1-Foo-2024', 'BAD Expected the name of a month at octet 7 of the command'],
  ['1-Jan-24', 'BAD Expected a year of four digits at octet 11 of the command'],
  ['001-Jan-2024', 'BAD Expected a day of the month at octet 5 of the command'],
  ['"1-Jan-2024', 'BAD Expected the closing quote of a date at the end of the command'],
  ['', 'BAD Expected a day of the month at the end of the command'],
];

const TIMES: readonly (readonly [input: string, iso: string, zoneMinutes: number])[] = [
  ['"17-Jul-1996 02:44:25 -0700"', '1996-07-17T09:44:25.000Z', -420],
  ['" 1-Jan-2024 00:00:00 +0000"', '2024-01-01T00:00:00.000Z', 0],
  ['"1-Jan-2024 00:00:00 -0000"', '2024-01-01T00:00:00.000Z', 0],
  ['"01-Jan-2024 05:30:00 +0530"', '2024-01-01T00:00:00.000Z', 330],
  ['"31-Dec-2016 23:59:60 +0000"', '2016-12-31T23:59:59.000Z', 0],
  ['"01-Jan-0050 00:00:00 +0000"', '0050-01-01T00:00:00.000Z', 0],
];

const NO_TIMES: readonly (readonly [string, string])[] = [
  ['"01-Jan-2024 24:00:00 +0000"', 'BAD There is no such time of day'],
  ['"01-Jan-2024 00:60:00 +0000"', 'BAD There is no such time of day'],
  ['"01-Jan-2024 00:00:00 +2400"', 'BAD There is no such time zone'],
  ['"01-Jan-2024 00:00:00 +0060"', 'BAD There is no such time zone'],
  ['"01-Jan-2024 00:00:00 UTC"', 'BAD Expected + or - at octet 27 of the command'],
  ['"01-Jan-2024"', 'BAD Expected a space before the time instead of " at octet 17 of the command'],
  ['01-Jan-2024', 'BAD Expected a quoted date and time at octet 5 of the command'],
];

describe('date and date-time', () => {
  for (const [input, year, month, day] of DATES) {
    it(`${input} is a day`, () => assert.deepEqual(parseAll(input, date), { year, month, day }));
  }
  for (const [input, message] of NO_DATES) {
    it(`${JSON.stringify(input)} is none`, () => assert.equal(faultOf(input, date), message));
  }
  for (const [input, iso, zoneMinutes] of TIMES) {
    it(`${input} is an instant`, () => {
      const parsed = parseAll(input, dateTime);
      assert.equal(new Date(parsed.seconds * 1000).toISOString(), iso);
      assert.equal(parsed.zoneMinutes, zoneMinutes);
    });
  }
  for (const [input, message] of NO_TIMES) {
    it(`${input} is none`, () => assert.equal(faultOf(input, dateTime), message));
  }
});
