/**
 * Encoded words of RFC 2047 in unfolded header text: `=?charset*language?B|Q?text?=`.
 *
 * Promises: gives Unicode text; words that are broken stay as they are; white space between two encoded words goes,
 * all other stays (§6.2). Neighbours of one charset are decoded together, since many senders split a character between two
 * words though §5 forbids it; but each by itself where a charset has state, since each begins in the initial one (§3). Words
 * longer than the 75 letters of §2 are read: many write them. Octets that belong to no encoded word are UTF-8 (RFC 6532) or, when they are not valid, windows-1252.
 * Linear. Leaves to others: where encoded words may stand; people put them into quoted strings, and mean them.
 */
import { latin1 } from '../base/bytes.ts';
import { charsetNamed } from './charset/names.ts';
import { decodeCharset, decodeUnlabelled } from './charset.ts';
import { decodeBase64, hexValue } from './transfer-encoding.ts';

/** Decodes header text given as octets (or their latin1 string). Fold first: see `unfold`. */
export function decodeWords(value: Uint8Array | string): string {
  const text = typeof value === 'string' ? value : latin1(value);
  let at = text.indexOf('=?');
  if (at < 0) return decodePlain(text);
  let out = '';
  let plainFrom = 0;
  let run: Run | undefined;
  while (at >= 0) {
    const word = readWord(text, at);
    if (word === undefined) {
      at = text.indexOf('=?', at + 1);
      continue;
    }
    const isAdjacent = run !== undefined && isBlankBetween(text, plainFrom, at);
    if (run !== undefined && isAdjacent && isJoined(run.charset, word.charset)) run.words.push(word);
    else {
      if (run !== undefined) out += decodeRun(run);
      if (!isAdjacent) out += decodePlain(text.slice(plainFrom, at));
      run = { charset: word.charset, words: [word] };
    }
    plainFrom = word.end;
    at = text.indexOf('=?', plainFrom);
  }
  if (run !== undefined) out += decodeRun(run);
  return out + decodePlain(text.slice(plainFrom));
}

/** The encoded words in text given as the latin1 string of its octets, as `decodeWords` sees them, in order. */
export function* findWords(text: string): Generator<FoundWord> {
  let at = text.indexOf('=?');
  while (at >= 0) {
    const word = readWord(text, at);
    if (word !== undefined) yield { start: at, ...word };
    at = text.indexOf('=?', word?.end ?? at + 1);
  }
}

export interface FoundWord extends Word {
  readonly start: number;
}

interface Run {
  readonly charset: string;
  readonly words: Word[];
}

interface Word {
  /** In lower case, without a language. */
  readonly charset: string;
  /** Decoded. */
  readonly octets: Buffer;
  /** As it was written in B. */
  readonly base64: string | undefined;
  readonly end: number;
}

const QUESTION = 0x3f;
const EQUALS = 0x3d;
const UNDERSCORE = 0x5f;

/** No charset name with its language tag is longer. Bounds the search for `?`, hence all of it is linear. */
const MAX_CHARSET_LENGTH = 64;
/** Longer words are not decoded: nobody writes them, and each costs a search for its end. */
const MAX_WORD_LENGTH = 16 * 1024;

/** The encoded word at `at`, where `=?` stands, or undefined when it is none. */
function readWord(text: string, at: number): Word | undefined {
  const charsetEnd = tokenEnd(text, at + 2, MAX_CHARSET_LENGTH);
  if (charsetEnd === at + 2 || text.charCodeAt(charsetEnd) !== QUESTION) return undefined;
  const encoding = text.charCodeAt(charsetEnd + 1) | 0x20;
  if ((encoding !== 0x62 && encoding !== 0x71) || text.charCodeAt(charsetEnd + 2) !== QUESTION)
    return undefined;
  const from = charsetEnd + 3;
  const end = textEnd(text, from);
  if (end < 0) return undefined;
  const encoded = text.slice(from, end);
  // RFC 2231 §5: a language may follow the charset.
  const charset = text
    .slice(at + 2, charsetEnd)
    .replace(/\*.*$/, '')
    .toLowerCase();
  const isB = encoding === 0x62;
  const octets = isB ? decodeBase64(Buffer.from(encoded, 'latin1')) : decodeQ(encoded);
  return { charset, octets, base64: isB ? encoded : undefined, end: end + 2 };
}

/** Past the letters a token may have. */
function tokenEnd(text: string, from: number, max: number): number {
  const limit = Math.min(text.length, from + max);
  let i = from;
  while (i < limit) {
    const c = text.charCodeAt(i);
    if (c <= 0x20 || c >= 0x7f || c === QUESTION || c === EQUALS) break;
    i++;
  }
  return i;
}

/**
 * Where the closing `?=` stands, or -1. A `?` inside and spaces (both forbidden, both met in Q) do not end the
 * word.
 */
function textEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + MAX_WORD_LENGTH);
  for (let i = from; i + 1 < limit; i++) {
    const c = text.charCodeAt(i);
    if (c === QUESTION && text.charCodeAt(i + 1) === EQUALS) return i;
    // Another word starts here: the first one was never closed. (`=?=` is padding and the end.)
    if (c === EQUALS && text.charCodeAt(i + 1) === QUESTION && text.charCodeAt(i + 2) !== EQUALS) return -1;
  }
  return -1;
}

/** RFC 2047 §4.2: `_` is a space in any charset, `=XX` an octet; a broken `=` stays. */
function decodeQ(text: string): Buffer {
  const out = Buffer.allocUnsafe(text.length);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === UNDERSCORE) out[size++] = 0x20;
    else if (c === EQUALS && i + 2 < text.length) {
      const high = hexValue(text.charCodeAt(i + 1));
      const low = hexValue(text.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        out[size++] = high * 16 + low;
        i += 2;
      } else out[size++] = c;
    } else out[size++] = c;
  }
  return out.subarray(0, size);
}

/** Whether a character may begin in one word and end in the next. */
function isJoined(before: string, after: string): boolean {
  const charset = charsetNamed(after);
  if (charset === undefined) return before === after;
  return !charset.hasState && (before === after || charsetNamed(before) === charset);
}

function decodeRun({ charset, words }: Run): string {
  const [first] = words;
  return decodeCharset(words.length === 1 && first !== undefined ? first.octets : octetsOf(words), charset);
}

/** Some senders cut the base64 itself where it suits them: a group of letters that is not whole goes on in the next word. */
function octetsOf(words: readonly Word[]): Buffer {
  const pieces: Buffer[] = [];
  let open = '';
  let letters = 0;
  for (const { octets, base64 } of words) {
    if (open !== '' && base64 === undefined) pieces.push(decodeBase64(Buffer.from(open, 'latin1')));
    if (base64 === undefined) {
      open = '';
      letters = 0;
      pieces.push(octets);
      continue;
    }
    open += base64;
    letters += base64.replace(/[^A-Za-z0-9+/]+/g, '').length;
    if (letters % 4 !== 0 && !base64.endsWith('=')) continue;
    pieces.push(open === base64 ? octets : decodeBase64(Buffer.from(open, 'latin1')));
    open = '';
    letters = 0;
  }
  if (open !== '') pieces.push(decodeBase64(Buffer.from(open, 'latin1')));
  return Buffer.concat(pieces);
}

function decodePlain(text: string): string {
  // Only octets above 127 need a guess; header text seldom has one.
  return isPlain(text) ? text : decodeUnlabelled(Buffer.from(text, 'latin1'));
}

function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}

function isBlankBetween(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c !== 0x20 && c !== 0x09 && c !== 0x0d && c !== 0x0a) return false;
  }
  return true;
}
