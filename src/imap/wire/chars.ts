/**
 * The character classes of RFC 9051 §9 as one table of bits, so that every class is one lookup per octet.
 *
 * 8-bit octets belong to no class here: the productions that take UTF-8 say so themselves.
 */

/** ATOM-CHAR. */
export const ATOM = 1;
/** ASTRING-CHAR = ATOM-CHAR / resp-specials. */
export const ASTRING = 2;
/** `tag`: ASTRING-CHAR except "+". */
export const TAG = 4;
/** list-char = ATOM-CHAR / list-wildcards / resp-specials. */
export const LIST = 8;
export const DIGIT = 16;
/** base64-char and its padding; where the padding may stand is checked by the reader. */
export const BASE64 = 32;
/** tagged-ext-label, and the names of FETCH attributes, which are of the same letters. */
export const LABEL = 64;
/** What may stand in a quoted string without a backslash: TEXT-CHAR except quoted-specials (so no CR, LF, NUL). */
export const QUOTED = 128;

export const CLASS: Readonly<Uint8Array> = buildClasses();

export function isTagByte(byte: number): boolean {
  return ((CLASS[byte] as number) & TAG) !== 0;
}

function buildClasses(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (bits: number, chars: string) => {
    for (const char of chars) table[char.charCodeAt(0)] = (table[char.charCodeAt(0)] as number) | bits;
  };
  for (let c = 1; c < 0x80; c++) {
    const char = String.fromCharCode(c);
    if (!'\r\n"\\'.includes(char)) add(QUOTED, char);
    if (c <= 0x20 || c === 0x7f) continue;
    if (!'(){%*"\\]'.includes(char)) add(ATOM | ASTRING | TAG | LIST, char);
  }
  add(ASTRING | TAG | LIST, ']');
  add(LIST, '%*');
  table[0x2b] = (table[0x2b] as number) & ~TAG;
  const digits = '0123456789';
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  add(DIGIT | BASE64 | LABEL, digits);
  add(BASE64 | LABEL, letters);
  add(BASE64, '+/=');
  add(LABEL, '-_.:');
  return table;
}
