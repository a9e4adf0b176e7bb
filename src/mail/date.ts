/**
 * Dates of messages: reading what mail has carried since RFC 822, writing what RFC 5322 and IMAP want.
 *
 * Promises: `parseDateTime` reads RFC 5322 §3.3 and its obsolete forms (§4.3: two and three digit years, named and
 * military zones, comments anywhere), and forgives a missing weekday, seconds or zone, a name in full ("February"),
 * and dates joined by `-` as INTERNALDATE has them. Never throws, linear, looks at MAX_DATE_LENGTH octets. Gives
 * the instant, and the day as written: SENTON and its like ignore time and zone (RFC 9051 §6.4.4). Leaves to
 * others: which date a message without one sorts by.
 */

export interface MailDate {
  /** Since 1970-01-01T00:00:00Z; negative before. */
  readonly seconds: number;
  /** The date as the sender wrote it, in the sender's zone. Months count from 1. */
  readonly localYear: number;
  readonly localMonth: number;
  readonly localDay: number;
  /** How far the sender's zone is ahead of UTC. */
  readonly zoneMinutes: number;
}

const MAX_DATE_LENGTH = 256;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTH_LETTERS = 'janfebmaraprmayjunjulaugsepoctnovdec';
const SIGNS = ':+-.';

/**
 * RFC 5322 §4.3. The military letters were defined with the wrong sign in RFC 822: their offset is unknown, hence
 * 0.
 */
const ZONES: ReadonlyMap<string, number> = new Map([
  ['edt', -4 * 60],
  ['est', -5 * 60],
  ['cdt', -5 * 60],
  ['cst', -6 * 60],
  ['mdt', -6 * 60],
  ['mst', -7 * 60],
  ['pdt', -7 * 60],
  ['pst', -8 * 60],
  ['bst', 60],
  ['cet', 60],
  ['cest', 120],
  ['met', 60],
  ['mest', 120],
  ['eet', 120],
  ['eest', 180],
  ['jst', 540],
]);

/** Reads a date; `text` may still be folded, octets as latin1. */
export function parseDateTime(text: string): MailDate | undefined {
  const cursor = new Tokens(text);
  const date = readDate(cursor);
  if (date === undefined) return undefined;
  const time = readTime(cursor);
  if (time === undefined) return undefined;
  const zoneMinutes = readZone(cursor);
  // asctime() puts the year last, with or without a zone before it.
  const year = date.year ?? fullYear(cursor.number());
  if (year === undefined || date.month < 1 || date.month > 12) return undefined;
  if (date.day < 1 || date.day > new Date(Date.UTC(year, date.month, 0)).getUTCDate()) return undefined;
  const midnight = Date.UTC(year, date.month - 1, date.day) / 1000;
  const seconds = midnight + time - zoneMinutes * 60;
  return { seconds, localYear: year, localMonth: date.month, localDay: date.day, zoneMinutes };
}

/** `Wed, 17 Jul 1996 02:23:25 +0000` */
export function formatRfc5322(seconds: number): string {
  const d = new Date(seconds * 1000);
  return `${DAYS[d.getUTCDay()]}, ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${year4(d.getUTCFullYear())} ${clock(d)} +0000`;
}

/**
 * The `date-time` of RFC 9051 §9 with its quotes, always in UTC: `" 7-Jul-1996 02:44:25 +0000"`. A listing writes a
 * hundred thousand of them, so the calendar is computed here instead of through Date objects.
 */
export function internalDate(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const time = seconds - days * 86_400;
  // Days since 1 March of year 0, in eras of 400 years: leap days come last.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + (yearOfEra >> 2) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 2 : marchMonth - 10;
  const year = yearOfEra + era * 400 + (month < 2 ? 1 : 0);
  const fixed = day < 10 ? ` ${day}` : `${day}`;
  return `"${fixed}-${MONTHS[month]}-${year > 999 ? year : year4(year)} ${timeOfDay(time)} +0000"`;
}

function timeOfDay(seconds: number): string {
  const hour = Math.floor(seconds / 3600);
  const minute = Math.floor(seconds / 60) - hour * 60;
  return `${TWO_DIGITS[hour]}:${TWO_DIGITS[minute]}:${TWO_DIGITS[seconds - hour * 3600 - minute * 60]}`;
}

const TWO_DIGITS: readonly string[] = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

interface WrittenDate {
  readonly day: number;
  readonly month: number;
  readonly year: number | undefined;
}

function readDate(cursor: Tokens): WrittenDate | undefined {
  // The weekday is decoration, and often wrong: it is skipped, not checked.
  if (cursor.isWord() && monthOf(cursor.peek()) === 0) cursor.next();
  if (cursor.isWord()) {
    const month = monthOf(cursor.next());
    const day = cursor.number();
    if (day === undefined || month === 0) return undefined;
    return { day: day.value, month, year: cursor.isTime() ? undefined : fullYear(cursor.number()) };
  }
  const first = cursor.number();
  if (first === undefined) return undefined;
  cursor.skip('-');
  if (first.digits === 4) {
    const month = cursor.number();
    cursor.skip('-');
    const day = cursor.number();
    if (month === undefined || day === undefined) return undefined;
    if (cursor.peek() === 't') cursor.next();
    return { day: day.value, month: month.value, year: fullYear(first) };
  }
  if (!cursor.isWord()) return undefined;
  const month = monthOf(cursor.next());
  cursor.skip('-');
  return { day: first.value, month, year: cursor.isTime() ? undefined : fullYear(cursor.number()) };
}

/** Seconds into the day; midnight when no time is given, undefined when it is not one. */
function readTime(cursor: Tokens): number | undefined {
  if (!cursor.isTime()) return 0;
  let hour = cursor.number()?.value ?? 0;
  cursor.next();
  const minute = cursor.number()?.value ?? 60;
  let second = 0;
  if (cursor.skip(':')) second = cursor.number()?.value ?? 61;
  if (cursor.skip('.')) cursor.number();
  const half = cursor.peek();
  if ((half === 'am' || half === 'pm') && hour >= 1 && hour <= 12) {
    cursor.next();
    hour = (hour % 12) + (half === 'pm' ? 12 : 0);
  }
  // 60 is a leap second (RFC 5322 §3.3).
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  return hour * 3600 + minute * 60 + second;
}

function readZone(cursor: Tokens): number {
  if (cursor.isWord()) {
    const name = cursor.next();
    // "GMT+0200" is written by some; the number says more than the name.
    if (name !== 'gmt' && name !== 'ut' && name !== 'utc') return ZONES.get(name) ?? 0;
  }
  const sign = cursor.peek();
  if (sign !== '+' && sign !== '-') return 0;
  cursor.next();
  const zone = cursor.number();
  if (zone === undefined) return 0;
  let minutes = zone.digits <= 2 ? zone.value * 60 : Math.trunc(zone.value / 100) * 60 + (zone.value % 100);
  if (zone.digits <= 2 && cursor.skip(':')) minutes += cursor.number()?.value ?? 0;
  if (minutes >= 24 * 60) return 0;
  return sign === '-' ? -minutes : minutes;
}

/** RFC 5322 §4.3: two digits below 50 are 20xx, from 50 on 19xx, three digits count from 1900. */
function fullYear(number: NumberToken | undefined): number | undefined {
  if (number === undefined || number.digits < 2 || number.digits > 4) return undefined;
  if (number.digits === 2) return number.value + (number.value < 50 ? 2000 : 1900);
  if (number.digits === 3) return number.value + 1900;
  // Date.UTC takes years below 100 for years of the twentieth century.
  return number.value < 100 ? undefined : number.value;
}

/** 1 to 12 by the first three letters, 0 when they are no month. */
function monthOf(word: string): number {
  if (word.length < 3) return 0;
  const at = MONTH_LETTERS.indexOf(word.slice(0, 3));
  return at >= 0 && at % 3 === 0 ? at / 3 + 1 : 0;
}

interface NumberToken {
  readonly value: number;
  readonly digits: number;
}

/**
 * Runs of digits, runs of letters (lower case) and single signs; white space, commas, comments and what else may
 * stand between them are gone. Only what is asked for is read.
 */
class Tokens {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    const end = Math.min(text.length, MAX_DATE_LENGTH);
    let depth = 0;
    for (let i = 0; i < end; ) {
      const c = text.charCodeAt(i);
      if (c === 0x5c) i += 2;
      else if (c === 0x28 || c === 0x29 || depth > 0) {
        if (c === 0x28) depth++;
        else if (c === 0x29 && depth > 0) depth--;
        i++;
      } else {
        const next = tokenEnd(text, i, end);
        if (next > i) this.#tokens.push(text.slice(i, next).toLowerCase());
        i = Math.max(next, i + 1);
      }
    }
  }

  peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  next(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  skip(sign: string): boolean {
    if (this.peek() !== sign) return false;
    this.#at++;
    return true;
  }

  isWord(): boolean {
    const c = this.peek().charCodeAt(0);
    return c >= 0x61 && c <= 0x7a;
  }

  /** True before `hh:`. */
  isTime(): boolean {
    return isDigit(this.peek().charCodeAt(0)) && this.#tokens[this.#at + 1] === ':';
  }

  number(): NumberToken | undefined {
    const token = this.peek();
    if (!isDigit(token.charCodeAt(0)) || token.length > 9) return undefined;
    this.#at++;
    return { value: Number(token), digits: token.length };
  }
}

/** Past the token at `at`; `at` itself when nothing of interest stands there. */
function tokenEnd(text: string, at: number, end: number): number {
  let i = at;
  while (i < end && isDigit(text.charCodeAt(i))) i++;
  if (i > at) return i;
  while (i < end && isLetter(text.charCodeAt(i))) i++;
  if (i > at) return i;
  return SIGNS.includes(text.charAt(at)) ? at + 1 : at;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isLetter(c: number): boolean {
  return (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
}

function clock(d: Date): string {
  return d.toISOString().slice(11, 19);
}

function year4(year: number): string {
  return String(year).padStart(4, '0');
}
