/**
 * Content-Transfer-Encoding (RFC 2045 §6): its names, and decoding of whole bodies.
 *
 * Promises: decoding never fails and never reads an octet twice. Base64 skips what is not of its alphabet and goes
 * on after padding in the middle (joined pieces are common); quoted-printable leaves a broken `=` sequence as it
 * stands and drops white space at line ends, which transport may have added (RFC 2045 §6.7 rule 3), as long as it is no more
 * than MAX_BLANKS. Line ends of decoded text stay as they are: BINARY sends them so (RFC 3516 §4.4). Leaves to others: charsets.
 */
import { EMPTY } from '../base/bytes.ts';

export type TransferEncoding = 'identity' | 'base64' | 'quoted-printable' | 'unknown';

/**
 * A field that is absent means 7bit (RFC 2045 §6.1); uuencode and its like are unknown: BINARY answers UNKNOWN-CTE.
 */
export function transferEncodingOf(name: string | undefined): TransferEncoding {
  if (name === undefined) return 'identity';
  switch (name.toLowerCase()) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
    // Names seen in the wild for the same thing.
    case '7-bit':
    case '8-bit':
    case 'none':
      return 'identity';
    case 'base64':
      return 'base64';
    case 'quoted-printable':
      return 'quoted-printable';
    default:
      return 'unknown';
  }
}

/** The decoded octets; undefined when nobody knows how. Identity gives the same buffer back. */
export function decodeTransfer(bytes: Buffer, encoding: TransferEncoding): Buffer | undefined {
  switch (encoding) {
    case 'identity':
      return bytes;
    case 'base64':
      return decodeBase64(bytes);
    case 'quoted-printable':
      return decodeQuotedPrintable(bytes);
    default:
      return undefined;
  }
}

const PAD = 0x3d;

/** Value of each octet in base64, 64 for what is skipped. */
const BASE64_VALUE = new Uint8Array(256).fill(64);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
for (let i = 0; i < ALPHABET.length; i++) BASE64_VALUE[ALPHABET.charCodeAt(i)] = i;

export function decodeBase64(bytes: Uint8Array): Buffer {
  const decoder = new Base64Reader();
  const out = Buffer.allocUnsafe(Math.ceil((bytes.length * 3) / 4) + 2);
  return out.subarray(0, decoder.end(out, decoder.read(bytes, out)));
}

/** Base64 in pieces; holds less than one group. */
export class Base64Reader {
  #bits = 0;
  #held = 0;

  /** `out` has room for three octets for every four and two more; returns how many were written. */
  read(bytes: Uint8Array, out: Buffer): number {
    let size = 0;
    let bits = this.#bits;
    let held = this.#held;
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i] as number;
      const value = BASE64_VALUE[c] as number;
      if (value < 64) {
        bits = (bits << 6) | value;
        if (++held === 4) {
          out[size++] = bits >> 16;
          out[size++] = bits >> 8;
          out[size++] = bits;
          held = 0;
          bits = 0;
        }
      } else if (c === PAD && held > 0) {
        size = flushBase64(out, size, bits, held);
        held = 0;
        bits = 0;
      }
    }
    this.#bits = bits;
    this.#held = held;
    return size;
  }

  /** Writes the last group at `at`; returns where it ends. */
  end(out: Buffer, at: number): number {
    const size = flushBase64(out, at, this.#bits, this.#held);
    this.#bits = 0;
    this.#held = 0;
    return size;
  }
}

/** Writes the whole octets of an unfinished group of 2 or 3 letters; a single letter holds none. */
function flushBase64(out: Buffer, at: number, bits: number, held: number): number {
  if (held === 2) out[at++] = bits >> 4;
  else if (held === 3) {
    out[at++] = bits >> 10;
    out[at++] = bits >> 2;
  }
  return at;
}

const EQUALS = 0x3d;
const SP = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;

/** White space at a line end that transport has added; more is text, so that no decoder has to hold it. */
const MAX_BLANKS = 1000;

export function decodeQuotedPrintable(bytes: Uint8Array): Buffer {
  return quotedPrintable(bytes, bytes.length, false);
}

/**
 * Quoted-printable in pieces; holds what the next octets decide: white space, and a `=` with what follows it.
 */
export class QuotedPrintableReader {
  #held: Buffer = EMPTY;
  /** The white space before the piece is more than MAX_BLANKS. */
  #isAfterBlanks = false;

  read(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const to = decidedEnd(bytes);
    const out = quotedPrintable(bytes, to, this.#isAfterBlanks);
    const blanks = blanksBefore(bytes, to);
    this.#isAfterBlanks = blanks > MAX_BLANKS || (this.#isAfterBlanks && blanks === to);
    // A copy: the chunk may be a large buffer, kept alive by a few octets.
    this.#held = Buffer.from(bytes.subarray(to));
    return out;
  }

  end(): Buffer {
    const out = quotedPrintable(this.#held, this.#held.length, this.#isAfterBlanks);
    this.#held = EMPTY;
    this.#isAfterBlanks = false;
    return out;
  }
}

/** Decodes `bytes[0..to)`, looking at what follows only to see what the last octets mean. */
function quotedPrintable(bytes: Uint8Array, to: number, isAfterBlanks: boolean): Buffer {
  const out = Buffer.allocUnsafe(to);
  let size = 0;
  /** Size of the output without the white space at its end: where a line end is written. */
  let solid = isAfterBlanks ? -MAX_BLANKS - 1 : 0;
  for (let i = 0; i < to; i++) {
    const c = bytes[i] as number;
    if (c === LF || (c === CR && bytes[i + 1] === LF)) {
      if (size - solid <= MAX_BLANKS) size = solid;
      out[size++] = c;
      if (c === CR) out[size++] = bytes[++i] as number;
      solid = size;
    } else if (c === EQUALS) {
      const soft = softBreak(bytes, i + 1);
      if (soft > 0) {
        i = soft - 1;
        solid = size;
        continue;
      }
      const high = hexValue(bytes[i + 1]);
      const low = hexValue(bytes[i + 2]);
      if (high >= 0 && low >= 0) {
        out[size++] = high * 16 + low;
        i += 2;
      } else out[size++] = c;
      solid = size;
    } else {
      out[size++] = c;
      if (c !== SP && c !== TAB) solid = size;
    }
  }
  return out.subarray(0, size);
}

/**
 * Where reading goes on after `=`, blanks and a line end (or the end of the body); 0 when that is not what follows.
 */
function softBreak(bytes: Uint8Array, from: number): number {
  let i = from;
  const limit = Math.min(bytes.length, from + MAX_BLANKS);
  while (i < limit && isBlank(bytes[i])) i++;
  if (i === bytes.length) return i;
  if (bytes[i] === LF) return i + 1;
  if (bytes[i] === CR && bytes[i + 1] === LF) return i + 2;
  return 0;
}

/** Up to where the octets mean the same whatever comes next. */
function decidedEnd(bytes: Uint8Array): number {
  const end = bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
  const blanks = blanksBefore(bytes, end);
  if (blanks > MAX_BLANKS) return end;
  const from = end - blanks;
  if (bytes[from - 1] === EQUALS) return from - 1;
  return from === bytes.length && bytes[from - 2] === EQUALS ? from - 2 : from;
}

/** How much white space ends at `to`; it is not counted beyond MAX_BLANKS. */
function blanksBefore(bytes: Uint8Array, to: number): number {
  let from = to;
  while (from > 0 && isBlank(bytes[from - 1]) && to - from <= MAX_BLANKS) from--;
  return to - from;
}

function isBlank(c: number | undefined): boolean {
  return c === SP || c === TAB;
}

/** -1 for what is no hexadecimal digit; lower case is accepted (RFC 2045 §6.7 note). */
export function hexValue(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const folded = c | 0x20;
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : -1;
}
