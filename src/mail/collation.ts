/**
 * The collation i;unicode-casemap (RFC 5051) as octets: two texts are in the order of the collation when their keys are in the
 * order of their octets, so that a store, an index and a sort need nothing but memcmp.
 *
 * Promises: title case by the simple mapping of each character, then full decomposition, as UTF-8; linear. A key is cut
 * at MAX_KEY_BYTES, at a character: texts that differ only behind it are the same to a sort.
 */
import { Buffer } from 'node:buffer';

export const MAX_KEY_BYTES = 512;

/** Letters whose title case is not their upper case: the digraphs of Croatian, and Greek vowels with an iota below. */
const TITLE_CASE: ReadonlyMap<string, string> = new Map(titleCases());

function* titleCases(): Generator<readonly [letter: string, title: string]> {
  for (const row of ['\u01c4\u01c5\u01c6', '\u01c7\u01c8\u01c9', '\u01ca\u01cb\u01cc', '\u01f1\u01f2\u01f3'])
    for (const letter of row) yield [letter, row.charAt(1)];
  for (const first of [0x1f80, 0x1f90, 0x1fa0])
    for (let code = first; code < first + 8; code++)
      yield [String.fromCharCode(code), String.fromCharCode(code + 8)];
  for (const code of [0x1fb3, 0x1fc3, 0x1ff3])
    yield [String.fromCharCode(code), String.fromCharCode(code + 9)];
}

const IS_ASCII = /^[\x00-\x7f]*$/;

export function casemapKey(text: string): Buffer {
  const cut = text.length > MAX_KEY_BYTES ? text.slice(0, MAX_KEY_BYTES) : text;
  return cutKey(Buffer.from(casemapped(cut)));
}

/** Any text, cut as a key is, an octet a character. */
export function cutOctets(text: string): string {
  return cutKey(Buffer.from(text)).toString('latin1');
}

function cutKey(key: Buffer): Buffer {
  return key.length > MAX_KEY_BYTES ? key.subarray(0, characterStart(key, MAX_KEY_BYTES)) : key;
}

/** The same key, an octet a character. */
export function casemapOctets(text: string): string {
  // Most texts are ASCII, of which the key is the upper case.
  if (text.length <= MAX_KEY_BYTES && IS_ASCII.test(text)) return text.toUpperCase();
  return casemapKey(text).toString('latin1');
}

/** Runs of letters whose title case is not their upper case as the platform has it, and of pairs, which may be no letters at all. */
const APART =
  /([\u00df\u0149\u01c4-\u01cc\u01f0-\u01f3\u0390\u03b0\u0587\u10d0-\u10ff\u1e96-\u1e9a\u1f50-\u1fff\ufb00-\ufb17\ud800-\udfff]+)/;

/** The text in title case, decomposed; lone surrogates become what UTF-8 has for them. */
export function casemapped(text: string): string {
  if (IS_ASCII.test(text)) return text.toUpperCase();
  if (!APART.test(text)) return text.toUpperCase().normalize('NFKD');
  // Every second piece is such a run.
  const pieces = text.split(APART);
  return pieces
    .map((piece, i) => (i % 2 === 0 ? piece.toUpperCase() : titleCased(piece)))
    .join('')
    .normalize('NFKD');
}

function titleCased(letters: string): string {
  let out = '';
  for (const character of letters.toWellFormed()) out += titleCase(character);
  return out;
}

function titleCase(character: string): string {
  const title = TITLE_CASE.get(character);
  if (title !== undefined) return title;
  // Georgian has capitals, which are no title case.
  if (character >= '\u10d0' && character <= '\u10ff') return character;
  const upper = character.toUpperCase();
  // Longer ones are no simple mappings: a sharp s stays what it is.
  return upper.length === character.length ? upper : character;
}

/** The start of the character that reaches over `at`, or `at`. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && ((bytes[start] as number) & 0xc0) === 0x80) start--;
  return start;
}
