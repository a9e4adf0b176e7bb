/**
 * Content-Transfer-Encoding (RFC 2045 §6): its names, and decoding of whole bodies.
 *
 * Promises: decoding never fails and never reads an octet twice. Base64 skips what is not of its alphabet and goes
 * on after padding in the middle (joined pieces are common); quoted-printable leaves a broken `=` sequence as it
 * stands and drops white space at line ends, which transport may have added (RFC 2045 §6.7 rule 3). Line ends of
 * decoded text stay as they are: BINARY sends them so (RFC 3516 §4.4). Leaves to others: charsets.
 */

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
  const out = Buffer.allocUnsafe(Math.ceil((bytes.length * 3) / 4));
  let size = 0;
  let bits = 0;
  let held = 0;
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
  return out.subarray(0, flushBase64(out, size, bits, held));
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

export function decodeQuotedPrintable(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  /** Size of the output without the white space at its end: where a line end is written. */
  let solid = 0;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] as number;
    if (c === LF || (c === CR && bytes[i + 1] === LF)) {
      size = solid;
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
  // Added blanks are few; a bound keeps "= = = =" linear.
  const limit = Math.min(bytes.length, from + 1000);
  while (i < limit && (bytes[i] === SP || bytes[i] === TAB)) i++;
  if (i === bytes.length) return i;
  if (bytes[i] === LF) return i + 1;
  if (bytes[i] === CR && bytes[i + 1] === LF) return i + 2;
  return 0;
}

/** -1 for what is no hexadecimal digit; lower case is accepted (RFC 2045 §6.7 note). */
export function hexValue(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const folded = c | 0x20;
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : -1;
}
