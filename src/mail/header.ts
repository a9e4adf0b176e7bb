/**
 * A header block as offsets into its bytes: which fields there are and where, without making a string of any.
 *
 * Promises: the bytes are never changed; a field is a name of printable ASCII, optional white space, a colon, and
 * everything up to the next line that does not begin with white space (RFC 5322 §2.2, §4.5). A line ends with LF, a
 * CR before it belongs to the line end; a bare CR is an octet like any other, so nobody smuggles a field behind
 * one. A line that is no field (an mbox `From ` line, garbage) and its continuations stay in the block but are no
 * field. Leaves to others: what a value means. All work is linear in the block.
 *
 * Limits against header bombs: at most MAX_FIELDS fields in the first MAX_PARSED_BYTES are known to `HeaderBlock`;
 * what lies beyond keeps its bytes. `header-filter.ts` and `header-text.ts` have no such limit, since they keep nothing.
 */
import { CR, LF, latin1, startsWithFolded } from '../base/bytes.ts';

/** No line may be longer (RFC 5322 §2.1.1), so no name is. */
export const MAX_NAME = 998;
export const MAX_FIELDS = 10_000;
export const MAX_PARSED_BYTES = 1024 * 1024;

const COLON = 0x3a;
const SP = 0x20;
const TAB = 0x09;

/** Numbers per field in the flat index: nameStart, nameEnd, valueStart, end. */
const STRIDE = 4;

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export class HeaderBlock {
  readonly bytes: Buffer;
  /** Where the blank line begins that ends the header, or where looking for fields ended. */
  readonly fieldsEnd: number;
  readonly #index: number[] = [];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const limit = Math.min(bytes.length, MAX_PARSED_BYTES);
    const index = this.#index;
    let at = 0;
    while (at < limit && index.length < MAX_FIELDS * STRIDE) {
      if (isBlankLine(bytes, at, bytes.length)) break;
      const next = fieldEnd(bytes, at, bytes.length);
      const colon = colonOf(bytes, at, next);
      if (colon >= 0) index.push(at, nameEnd(bytes, at, colon), colon + 1, next);
      at = next;
    }
    this.fieldsEnd = at;
  }

  get count(): number {
    return this.#index.length / STRIDE;
  }

  /** Position of the first field of this (lower case) name at or after `from`, or -1. */
  indexOf(name: string, from = 0): number {
    const index = this.#index;
    const bytes = this.bytes;
    for (let i = from * STRIDE; i < index.length; i += STRIDE) {
      const start = index[i] as number;
      if ((index[i + 1] as number) - start === name.length && startsWithFolded(bytes, start, name))
        return i / STRIDE;
    }
    return -1;
  }

  /** Where the lines of the field at this position begin and end, and where its name ends. */
  linesAt(position: number): ByteRange & { readonly nameEnd: number } {
    const i = position * STRIDE;
    const index = this.#index;
    return { start: index[i] as number, nameEnd: index[i + 1] as number, end: index[i + 3] as number };
  }

  /** The raw value of the field at this position: folding kept, without the line end that closes it. */
  valueAt(position: number): Buffer {
    const index = this.#index;
    const start = index[position * STRIDE + 2] as number;
    let end = index[position * STRIDE + 3] as number;
    if (end > start && this.bytes[end - 1] === LF) end--;
    if (end > start && this.bytes[end - 1] === CR) end--;
    return this.bytes.subarray(start, end);
  }

  /** The raw value of the first field of this lower case name. */
  find(name: string): Buffer | undefined {
    const at = this.indexOf(name);
    return at < 0 ? undefined : this.valueAt(at);
  }

  all(name: string): Buffer[] {
    const out: Buffer[] = [];
    for (let at = this.indexOf(name); at >= 0; at = this.indexOf(name, at + 1)) out.push(this.valueAt(at));
    return out;
  }

  /** The unfolded text of the field at this position, octets as latin1. */
  textAt(position: number): string {
    return unfold(this.valueAt(position));
  }

  /** The unfolded text of the first field of this lower case name. */
  text(name: string): string | undefined {
    const at = this.indexOf(name);
    return at < 0 ? undefined : this.textAt(at);
  }

  /** Name (as written), and raw value, of every known field in order. */
  *fields(): Generator<{ name: string; value: Buffer }> {
    for (let i = 0; i < this.count; i++) {
      const start = this.#index[i * STRIDE] as number;
      yield { name: latin1(this.bytes, start, this.#index[i * STRIDE + 1]), value: this.valueAt(i) };
    }
  }
}

/**
 * Octets as latin1 with the line ends of folding taken out (RFC 5322 §2.2.3) and outer white space trimmed. The
 * white space that folding left stays as it is. A bare CR, which would split a response line for some readers,
 * becomes a space.
 */
export function unfold(value: Uint8Array): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value[start] as number)) start++;
  while (end > start && isBlank(value[end - 1] as number)) end--;
  const text = latin1(value, start, end);
  const unfolded = text.includes('\n') ? text.replace(/\r?\n/g, '') : text;
  return unfolded.includes('\r') ? unfolded.replaceAll('\r', ' ') : unfolded;
}

/** ASCII letters in lower case, every other octet as it is: `toLowerCase` would fold latin1 letters too. */
export function foldAscii(text: string): string {
  let hasCapital = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x80) return text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
    if (c >= 0x41 && c <= 0x5a) hasCapital = true;
  }
  return hasCapital ? text.toLowerCase() : text;
}

/** Past the LF that ends the line at `at`, or the end of the bytes. */
export function lineEnd(bytes: Buffer, at: number, limit: number): number {
  const lf = bytes.indexOf(LF, at);
  return lf < 0 || lf >= limit ? limit : lf + 1;
}

/** Past the last continuation line of the field that begins at `at`. */
export function fieldEnd(bytes: Buffer, at: number, limit: number): number {
  let next = lineEnd(bytes, at, limit);
  while (next < limit && (bytes[next] === SP || bytes[next] === TAB)) next = lineEnd(bytes, next, limit);
  return next;
}

export function isBlankLine(bytes: Buffer, at: number, limit: number): boolean {
  const c = bytes[at];
  return c === LF || (c === CR && at + 1 < limit && bytes[at + 1] === LF);
}

/** The colon that ends the field's name, or -1 when the line is no field. */
export function colonOf(bytes: Buffer, at: number, to: number): number {
  const limit = Math.min(to, at + MAX_NAME + 1);
  let i = at;
  for (; i < limit; i++) {
    const c = bytes[i] as number;
    if (c === COLON) return i > at ? i : -1;
    if (c <= 0x20 || c >= 0x7f) break;
  }
  if (i === at) return -1;
  // Obsolete syntax allows white space before the colon (RFC 5322 §4.5).
  while (i < limit && (bytes[i] === SP || bytes[i] === TAB)) i++;
  return i < limit && bytes[i] === COLON ? i : -1;
}

export function nameEnd(bytes: Buffer, at: number, colon: number): number {
  let end = colon;
  while (end > at && (bytes[end - 1] as number) <= SP) end--;
  return end;
}

export function isBlank(c: number): boolean {
  return c === SP || c === TAB || c === CR || c === LF;
}
