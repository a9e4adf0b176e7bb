/**
 * Message ids in Message-ID, In-Reply-To and References, as threads compare them (RFC 5256 §3, RFC 5322 §3.6.4 and §4.5.4).
 *
 * Promises: an id comes with its angle brackets, without the white space that folding left, and without quotes around its
 * left side that change nothing: `<"a"@b>` and `<a@b>` are one. Case counts. Between ids anything may stand: comments, phrases,
 * commas. Where a field has no bracket at all, words with an `@` are ids, since some senders forget the brackets. Bounded and
 * linear, whatever the field is.
 */

/** RFC 5322 §2.1.1 allows lines of 998; a longer id serves no purpose but filling indexes. */
const MAX_ID_LENGTH = 998;
/** Of a longer field the rest is not looked at. */
const MAX_FIELD_LENGTH = 256 * 1024;

/** The ids in a field, as an unfolded text with one octet a char, in order and at most `max`. */
export function messageIds(text: string, max: number): string[] {
  const field = text.length > MAX_FIELD_LENGTH ? text.slice(0, MAX_FIELD_LENGTH) : text;
  const out: string[] = [];
  let at = field.indexOf('<');
  if (at < 0) return bareIds(field, max);
  while (at >= 0 && out.length < max) {
    const end = idEnd(field, at);
    if (end < 0) break;
    const id = end - at < MAX_ID_LENGTH ? normalized(field.slice(at + 1, end)) : '';
    if (id !== '') out.push(`<${id}>`);
    at = field.indexOf('<', end);
  }
  return out;
}

/** Where the `>` of the id at `at` stands, or -1. One in quotes is a part of the id, when the quotes are closed in time. */
function idEnd(text: string, at: number): number {
  if (text.charAt(at + 1) === '"') {
    const close = quoteEnd(text, at + 1);
    if (close > 0) return text.indexOf('>', close);
  }
  return text.indexOf('>', at);
}

function quoteEnd(text: string, quote: number): number {
  const limit = Math.min(text.length, quote + MAX_ID_LENGTH);
  for (let i = quote + 1; i < limit; i++) {
    const c = text.charAt(i);
    if (c === '\\') i++;
    else if (c === '"') return i;
  }
  return -1;
}

function normalized(id: string): string {
  const whole = /[\s]/.test(id) ? id.replace(/[\s]+/g, '') : id;
  if (!whole.startsWith('"')) return whole;
  const close = quoteEnd(whole, 0);
  return close < 0 ? whole : whole.slice(1, close).replace(/\\(.)/gs, '$1') + whole.slice(close + 1);
}

function bareIds(text: string, max: number): string[] {
  if (!text.includes('@')) return [];
  const out: string[] = [];
  for (const word of text.split(/[\s,;]+/)) {
    if (out.length === max) break;
    if (word.length < MAX_ID_LENGTH && /^[^\s@"()[\]:]+@[^\s@"():]+$/.test(word)) out.push(`<${word}>`);
  }
  return out;
}

/** Octets of a hash of an id. */
export const ID_HASH_BYTES = 8;

/**
 * Sixty-four bits of a message id, for indexes: two ids that meet in one are a matter of luck, at a million ids of one in ten
 * million. Whoever makes two meet on purpose has achieved what naming the id in References does as well, so the mixing is
 * fast, not secret. Stored: it never changes.
 */
export function hashId(id: string, out: Buffer, at: number): void {
  let a = 0x9e3779b9 ^ id.length;
  let b = 0x85ebca6b + id.length;
  for (let i = 0; i < id.length; i++) {
    const c = id.charCodeAt(i);
    a = Math.imul(a ^ c, 0x27d4eb2f);
    a ^= a >>> 15;
    b = Math.imul(b ^ c, 0x165667b1);
    b = (b << 13) | (b >>> 19);
  }
  out.writeUInt32LE(mixed(a ^ (b >>> 7)), at);
  out.writeUInt32LE(mixed(b ^ Math.imul(a, 0xc2b2ae35)), at + 4);
}

function mixed(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
