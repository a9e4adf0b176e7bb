/**
 * `date` of SEARCH and `date-time` of APPEND (RFC 9051 §9). Both are checked against the calendar: a message filed
 * under 31 February would be found under another day by every client.
 */
import { DIGIT } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';

/** A day of the calendar, without time or zone (RFC 9051 §6.4.4 compares dates that way). */
export interface CalendarDay {
  readonly year: number;
  /** 1 .. 12 */
  readonly month: number;
  readonly day: number;
}

/** An instant, with the zone the client wrote it in. */
export interface DateTime {
  /** Since 1970 in UTC. */
  readonly seconds: number;
  /** East of Greenwich. */
  readonly zoneMinutes: number;
}

const DQUOTE = 0x22;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** `date-text / DQUOTE date-text DQUOTE`. */
export function date(c: Cursor): CalendarDay {
  const isQuoted = c.maybeByte(DQUOTE);
  const day = digits(c, 1, 2, 'a day of the month');
  const result = monthAndYear(c, day);
  if (isQuoted) c.expectByte(DQUOTE, 'the closing quote of a date');
  return result;
}

export function dateTime(c: Cursor): DateTime {
  return maybeDateTime(c) ?? c.fail('a quoted date and time');
}

/** Undefined when no quote stands here: in APPEND an argument in quotes can only be the date. */
export function maybeDateTime(c: Cursor): DateTime | undefined {
  if (!c.maybeByte(DQUOTE)) return undefined;
  // date-day-fixed has a space before a single digit; clients that leave it out are understood.
  c.maybeByte(0x20);
  const { year, month, day } = monthAndYear(c, digits(c, 1, 2, 'a day of the month'));
  c.expectByte(0x20, 'a space before the time');
  const hour = below(c, 24, 'an hour');
  c.expectByte(0x3a, ':');
  const minute = below(c, 60, 'a minute');
  c.expectByte(0x3a, ':');
  // A leap second is the last second of its minute.
  const second = Math.min(59, below(c, 61, 'a second'));
  c.expectByte(0x20, 'a space before the zone');
  const zoneMinutes = zone(c);
  c.expectByte(DQUOTE, 'the closing quote of a date');
  // Not Date.UTC: it takes the years below 100 for those of the last century.
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day) / 1000;
  return { seconds: midnight + hour * 3600 + (minute - zoneMinutes) * 60 + second, zoneMinutes };
}

function monthAndYear(c: Cursor, day: number): CalendarDay {
  c.expectByte(0x2d, '-');
  const index = MONTHS.findIndex((name) => c.maybePrefix(name));
  if (index < 0) c.fail('the name of a month');
  c.expectByte(0x2d, '-');
  const year = digits(c, 4, 4, 'a year of four digits');
  const month = index + 1;
  if (year < 1 || day < 1 || day > daysIn(year, month)) throw new SyntaxFault('There is no such day');
  return { year, month, day };
}

function zone(c: Cursor): number {
  const isEast = c.maybeByte(0x2b);
  if (!isEast) c.expectByte(0x2d, '+ or -');
  const hhmm = digits(c, 4, 4, 'a zone of four digits');
  const minutes = Math.floor(hhmm / 100) * 60 + (hhmm % 100);
  if (hhmm % 100 >= 60 || minutes >= 24 * 60) throw new SyntaxFault('There is no such time zone');
  // -0000 is +0000: a negative zero would not compare as equal.
  return isEast || minutes === 0 ? minutes : -minutes;
}

function below(c: Cursor, bound: number, expected: string): number {
  const value = digits(c, 2, 2, expected);
  if (value >= bound) throw new SyntaxFault('There is no such time of day');
  return value;
}

function digits(c: Cursor, least: number, most: number, expected: string): number {
  const mark = c.mark();
  const text = c.run(DIGIT);
  if (text.length >= least && text.length <= most) return Number(text);
  c.reset(mark);
  return c.fail(expected);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
