/**
 * Lines as they may leave (RFC 5321 §2.3.8, RFC 5322 §2.1.1): each ends in CRLF, and neither a CR nor an LF stands anywhere else,
 * since the next server may take one for the end of a line, or of a message. Programs write bare LFs, so they are made right;
 * what is longer than a line may be, and NUL, is for others to have been careful about, and only seen here.
 *
 * Pure; the same octets however the message is cut. A piece in which nothing is wrong is given on as it is.
 */
import { isAscii } from 'node:buffer';
import { CR, EMPTY, LF } from '../base/bytes.ts';

/** Without its end. */
export const MAX_LINE_BYTES = 998;
const CRLF = Buffer.from('\r\n');

export class LineEnds {
  /** The last octet was a CR, which is held back: what it is depends on what comes. */
  #endsInCr = false;
  #lineBytes = 0;
  #isEightBit = false;
  #hasLongLine = false;
  #hasNul = false;

  get isEightBit(): boolean {
    return this.#isEightBit;
  }

  get hasLongLine(): boolean {
    return this.#hasLongLine;
  }

  get hasNul(): boolean {
    return this.#hasNul;
  }

  write(piece: Buffer): Buffer {
    this.#isEightBit ||= !isAscii(piece);
    this.#hasNul ||= piece.includes(0);
    return this.#isRight(piece) ? piece : this.#mended(piece);
  }

  /** The message is over: its last line ends too. */
  end(): Buffer {
    const isOpen = this.#endsInCr || this.#lineBytes > 0;
    this.#endsInCr = false;
    this.#endLine();
    return isOpen ? CRLF : EMPTY;
  }

  /** Found with `indexOf`; counts its lines, when it is. */
  #isRight(piece: Buffer): boolean {
    if (this.#endsInCr) return false;
    let lineBytes = this.#lineBytes;
    let longest = 0;
    let at = 0;
    for (let cr = piece.indexOf(CR); ; cr = piece.indexOf(CR, at)) {
      const lf = piece.indexOf(LF, at);
      if (cr < 0 && lf < 0) break;
      if (cr < 0 || lf !== cr + 1) return false;
      longest = Math.max(longest, lineBytes + cr - at);
      lineBytes = 0;
      at = lf + 1;
    }
    this.#lineBytes = lineBytes + piece.length - at;
    this.#hasLongLine ||= Math.max(longest, this.#lineBytes) > MAX_LINE_BYTES;
    return true;
  }

  /** Octet by octet: what is wrong may be wrong everywhere. */
  #mended(piece: Buffer): Buffer {
    const out = Buffer.allocUnsafe(2 * piece.length + 2);
    let length = 0;
    const endLine = (): void => {
      out[length++] = CR;
      out[length++] = LF;
      this.#endLine();
    };
    for (const octet of piece) {
      const wasCr = this.#endsInCr;
      this.#endsInCr = octet === CR;
      if (wasCr) endLine();
      if (octet === CR || (octet === LF && wasCr)) continue;
      if (octet === LF) endLine();
      else {
        out[length++] = octet;
        if (++this.#lineBytes > MAX_LINE_BYTES) this.#hasLongLine = true;
      }
    }
    return out.subarray(0, length);
  }

  #endLine(): void {
    this.#lineBytes = 0;
  }
}
