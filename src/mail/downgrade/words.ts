/**
 * Octets to encoded words (RFC 2047 §2, §4): `=?utf-8?Q?Gr=C3=BC=C3=9Fe?=`.
 *
 * Promises: ASCII that may stand in a phrase, a comment and in plain text, since it uses only what the strictest of them
 * allows (§5 (3)); no word longer than MAX_WORD_LENGTH unless its charset forbids to cut it; no character cut in two
 * (§5); every octet comes back when it is decoded. Octets that are not UTF-8 are `unknown-8bit` (RFC 1428): whatever
 * they meant is still there, and nothing is claimed.
 */
import { isUtf8 } from 'node:buffer';

export const UTF_8 = 'utf-8';
export const UNKNOWN_8BIT = 'unknown-8bit';

/** A line with an encoded word may have 76 letters (RFC 2047 §2): this leaves room for the name of the field. */
const MAX_WORD_LENGTH = 64;

/** 1 stands for itself in Q (RFC 2047 §5 (3)), 0 is written with three letters. A blank is `_`. */
const PLAIN = new Uint8Array(256);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/ ')
  PLAIN[c.charCodeAt(0)] = 1;

export function charsetOf(octets: Uint8Array): string {
  return isUtf8(octets) ? UTF_8 : UNKNOWN_8BIT;
}

/** One or more words, one blank between them; Q while a person could read it without a program, else B. */
export function encodeWords(octets: Buffer, charset = charsetOf(octets)): string {
  const end = octets.length;
  const isQ = quotedLength(octets, 0, end) <= 1.8 * end;
  const word = (from: number, to: number): string =>
    `=?${charset}?${isQ ? 'Q' : 'B'}?${isQ ? quoted(octets, from, to) : octets.toString('base64', from, to)}?=`;
  // In another charset (a word that somebody else wrote) nobody here knows where a character ends.
  if (charset !== UTF_8 && charset !== UNKNOWN_8BIT) return word(0, end);
  const room = MAX_WORD_LENGTH - charset.length - '=??Q??='.length;
  const capacity = isQ ? room : 3 * Math.floor(room / 4);
  const words: string[] = [];
  let start = 0;
  let size = 0;
  for (let at = 0; at < end; ) {
    const next = charset === UTF_8 ? characterEnd(octets, at) : at + 1;
    const cost = isQ ? quotedLength(octets, at, next) : next - at;
    if (size + cost > capacity) {
      words.push(word(start, at));
      start = at;
      size = 0;
    }
    size += cost;
    at = next;
  }
  words.push(word(start, end));
  return words.join(' ');
}

function characterEnd(octets: Buffer, at: number): number {
  let next = at + 1;
  while (next < octets.length && ((octets[next] as number) & 0xc0) === 0x80) next++;
  return next;
}

function quotedLength(octets: Buffer, from: number, to: number): number {
  let length = 0;
  for (let i = from; i < to; i++) length += PLAIN[octets[i] as number] === 1 ? 1 : 3;
  return length;
}

function quoted(octets: Buffer, from: number, to: number): string {
  let out = '';
  for (let i = from; i < to; i++) {
    const c = octets[i] as number;
    if (c === 0x20) out += '_';
    else if (PLAIN[c] === 1) out += String.fromCharCode(c);
    else out += `=${c.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
