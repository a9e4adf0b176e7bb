/**
 * The comparators (RFC 4790, RFC 5051): a text becomes a key, and two texts are equal, ordered and found in each other as their keys
 * are. The keys of i;octet and i;ascii-casemap are octets, one character each, so that `?` matches one of them (RFC 5228 §2.7.1);
 * those of i;unicode-casemap are characters.
 */
import { isAscii } from 'node:buffer';
import { casemapped } from '../../mail/collation.ts';
import type { Steps } from '../run/steps.ts';

export interface Comparator {
  readonly name: string;
  /** i;ascii-numeric has no substrings (RFC 4790 §9.1). */
  readonly hasSubstrings: boolean;
  /** Of `matches`: keys are octets, not characters. */
  readonly isOctets: boolean;
  readonly ignoresCase: boolean;
  key(text: string): string;
  /** Negative, 0 or positive, of two keys. */
  order(a: string, b: string): number;
}

const OCTET: Comparator = {
  name: 'i;octet',
  hasSubstrings: true,
  isOctets: true,
  ignoresCase: false,
  key: octetsOf,
  order: byCode,
};

const ASCII_CASEMAP: Comparator = {
  name: 'i;ascii-casemap',
  hasSubstrings: true,
  isOctets: true,
  ignoresCase: true,
  key: (text) => upperAscii(octetsOf(text)),
  order: byCode,
};

const UNICODE_CASEMAP: Comparator = {
  name: 'i;unicode-casemap',
  hasSubstrings: true,
  isOctets: false,
  ignoresCase: true,
  key: casemapped,
  order: (a, b) => byCode(octetsOf(a), octetsOf(b)),
};

/** Digits at the beginning count; without any, it is more than all numbers (RFC 4790 §9.1.1). */
const ASCII_NUMERIC: Comparator = {
  name: 'i;ascii-numeric',
  hasSubstrings: false,
  isOctets: true,
  ignoresCase: false,
  key: (text) => /^0*([0-9]+)/.exec(text)?.[1] ?? '',
  order: (a, b) => {
    if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
    return a.length - b.length || byCode(a, b);
  },
};

export const COMPARATORS: ReadonlyMap<string, Comparator> = new Map(
  [OCTET, ASCII_CASEMAP, UNICODE_CASEMAP, ASCII_NUMERIC].map((comparator) => [comparator.name, comparator]),
);

/** RFC 5228 §2.7.3. */
export const DEFAULT_COMPARATOR = 'i;ascii-casemap';
/** Known without a require (RFC 5228 §2.7.3). */
export const BASE_COMPARATORS: readonly string[] = [OCTET.name, ASCII_CASEMAP.name];

/** What is turned into a key between two chances for others, in characters. */
const TURN = 64 * 1024;

/** The key of a text of any length, in turns. */
export function* keyInTurns(comparator: Comparator, text: string): Steps<string> {
  if (text.length <= TURN || comparator.name === 'i;ascii-numeric') return comparator.key(text);
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = endOfTurn(text, at + TURN);
    pieces.push(comparator.key(text.slice(at, end)));
    at = end;
    yield undefined;
  }
  return pieces.join('');
}

/** Before a character that stands by itself, if there is one in sight: no other may be cut from what it is composed with. */
function endOfTurn(text: string, from: number): number {
  for (let at = from; at < Math.min(from + 256, text.length); at++) if (text.charCodeAt(at) < 0x80) return at;
  const isInPair = (text.charCodeAt(from) & 0xfc00) === 0xdc00;
  return Math.min(text.length, isInPair ? from + 1 : from);
}

/** UTF-8, one character for each octet. */
export function octetsOf(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function textOfOctets(octets: string): string {
  const bytes = Buffer.from(octets, 'latin1');
  return isAscii(bytes) ? octets : bytes.toString('utf8');
}

/** Of octets: letters beyond ASCII stay as they are. */
function upperAscii(octets: string): string {
  if (/^[\0-\x7f]*$/.test(octets)) return octets.toUpperCase();
  const bytes = Buffer.from(octets, 'latin1');
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] as number;
    if (c >= 0x61 && c <= 0x7a) bytes[i] = c - 0x20;
  }
  return bytes.toString('latin1');
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
