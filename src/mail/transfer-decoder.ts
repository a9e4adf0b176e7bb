/**
 * Decoding a body that comes in pieces: what `decodeTransfer` does to a whole one, for bodies too large to hold.
 *
 * Promises: the pieces joined are exactly `decodeTransfer` of the input joined, however it was cut. Holds at most one
 * unfinished group (base64) or the current line (quoted-printable).
 */
import { EMPTY, LF } from '../base/bytes.ts';
import { decodeBase64, decodeQuotedPrintable, type TransferEncoding } from './transfer-encoding.ts';

export interface TransferDecoder {
  write(chunk: Buffer): Buffer;
  end(): Buffer;
}

/** Undefined when nobody knows how. */
export function transferDecoder(encoding: TransferEncoding): TransferDecoder | undefined {
  switch (encoding) {
    case 'identity':
      return { write: (chunk) => chunk, end: () => EMPTY };
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    default:
      return undefined;
  }
}

const PAD = 0x3d;

class Base64Decoder implements TransferDecoder {
  /** Letters of a group whose rest has not come. */
  #held: Buffer = EMPTY;

  write(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const cut = groupStart(bytes);
    // A copy: the chunk may be a large buffer, kept alive by a few octets.
    this.#held = cut === bytes.length ? EMPTY : Buffer.from(bytes.subarray(cut));
    return decodeBase64(bytes.subarray(0, cut));
  }

  end(): Buffer {
    const last = decodeBase64(this.#held);
    this.#held = EMPTY;
    return last;
  }
}

/** Where the last group begins that is not complete; everything before it decodes by itself. */
function groupStart(bytes: Buffer): number {
  let letters = 0;
  let start = 0;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] as number;
    if (isLetter(c)) {
      if (letters === 0) start = i;
      letters = (letters + 1) & 3;
    } else if (c === PAD) letters = 0;
  }
  return letters === 0 ? bytes.length : start;
}

function isLetter(c: number): boolean {
  const folded = c | 0x20;
  return (folded >= 0x61 && folded <= 0x7a) || (c >= 0x2f && c <= 0x39) || c === 0x2b;
}

class QuotedPrintableDecoder implements TransferDecoder {
  #held: Buffer[] = [];

  write(chunk: Buffer): Buffer {
    const lineEnd = chunk.lastIndexOf(LF);
    if (lineEnd < 0) {
      if (chunk.length > 0) this.#held.push(Buffer.from(chunk));
      return EMPTY;
    }
    const lines = chunk.subarray(0, lineEnd + 1);
    const whole = this.#held.length === 0 ? lines : Buffer.concat([...this.#held, lines]);
    this.#held = lineEnd + 1 === chunk.length ? [] : [Buffer.from(chunk.subarray(lineEnd + 1))];
    return decodeQuotedPrintable(whole);
  }

  end(): Buffer {
    const last = decodeQuotedPrintable(Buffer.concat(this.#held));
    this.#held = [];
    return last;
  }
}
