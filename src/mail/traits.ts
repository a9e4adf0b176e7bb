/**
 * What one look at a message says about its octets, kept as a few bits beside it. A protocol that must send whole lines
 * with CRLF, and headers in ASCII to some (POP3, SMTP), knows from them, without reading the message, whether its octets
 * can go out as they are and how many there will be.
 *
 * Promises: the same bits however the message is cut; time linear, four octets at a step while nothing but text comes;
 * no memory. A bit that is off is always a safe answer: it means "read it and see". Old records have no newer bits.
 */
import { isAscii } from 'node:buffer';
import { CR, LF } from '../base/bytes.ts';

export const TRAIT = Object.freeze({
  /** Every line end is CRLF, no other CR or LF, no NUL. Without it the next two are off, too: nobody looked further. */
  CleanLines: 1,
  /** There is a blank line, so the header has an end. */
  HeaderEnd: 2,
  /** The last line has its line end (so has the last of no lines). */
  LastLineEnd: 4,
  /** No header has a NUL or an octet above 127: neither the message's own nor that of a part or a message inside. */
  PlainHeaders: 8,
  /** No NUL anywhere. */
  NoNul: 16,
  /** There is an attachment, as `attachment.ts` says. Messages of version 0.1 get it when their facts are computed anew. */
  HasAttachment: 32,
  /** When it was delivered, the account had had no mail from its author, and had not written there. */
  FirstContact: 64,
  /** With `FirstContact`: the author bore the name of somebody else, whom the account has written to. */
  Namesake: 128,
});

/** What delivery finds out, and the octets do not tell again. */
export const TRAITS_OF_DELIVERY = TRAIT.FirstContact | TRAIT.Namesake;

/** What `PlainHeaders` asks of one header. */
export function isPlainHeader(header: Buffer): boolean {
  return isAscii(header) && !header.includes(0);
}

/** The traits of the same message with header fields, whole lines with CRLF, in front. */
export function withPrefix(traits: number, prefix: Buffer): number {
  if (isPlainHeader(prefix)) return traits;
  const lost = prefix.includes(0) ? TRAIT.PlainHeaders | TRAIT.NoNul | TRAIT.CleanLines : TRAIT.PlainHeaders;
  return traits & ~lost;
}

/** Octets below 14: CR, LF and NUL are among them, what texts are made of is not. */
const BELOW_14 = 0x0e0e_0e0e;
const HIGH_BITS = 0x8080_8080 | 0;

/** Index of the next word with an octet below 14, or the number of words. */
function nextLow(words: Int32Array, from: number): number {
  const count = words.length;
  let i = from;
  while (i < count) {
    const word = words[i] as number;
    if ((((word - BELOW_14) | 0) & ~word & HIGH_BITS) !== 0) return i;
    i++;
  }
  return count;
}

export class TraitScanner {
  #isClean = true;
  #hasNul = false;
  #hasBlankLine = false;
  /** The last octet of the piece before was a CR: LF must come. */
  #owesLf = false;
  /** Offset of the line that is open, counted from the start of the message. */
  #lineStart = 0;
  #base = 0;

  write(piece: Buffer): void {
    if (this.#isClean) this.#lines(piece);
    if (!this.#isClean && !this.#hasNul) this.#hasNul = piece.includes(0);
  }

  end(): number {
    const noNul = this.#hasNul ? 0 : TRAIT.NoNul;
    if (!this.#isClean || this.#owesLf) return noNul;
    const blank = this.#hasBlankLine ? TRAIT.HeaderEnd : 0;
    return noNul | TRAIT.CleanLines | blank | (this.#lineStart === this.#base ? TRAIT.LastLineEnd : 0);
  }

  #lines(piece: Buffer): void {
    let at = 0;
    if (this.#owesLf && piece.length > 0) at = this.#finishPair(piece);
    // A view of whole words begins at a multiple of four of the memory, not of the piece.
    const wordsFrom = Math.min(piece.length, at + ((4 - ((piece.byteOffset + at) & 3)) & 3));
    at = this.#octets(piece, at, wordsFrom);
    const count = (piece.length - wordsFrom) >> 2;
    if (count > 0) {
      const words = new Int32Array(piece.buffer, piece.byteOffset + wordsFrom, count);
      for (let i = nextLow(words, 0); i < count && this.#isClean; i = nextLow(words, i + 1)) {
        const from = wordsFrom + 4 * i;
        at = this.#octets(piece, Math.max(at, from), from + 4);
      }
    }
    this.#octets(piece, Math.max(at, wordsFrom + 4 * count), piece.length);
    this.#base += piece.length;
  }

  /** Returns where the next look begins: behind a pair that reaches over `to`. */
  #octets(piece: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      const octet = piece[at] as number;
      if (octet === CR) {
        if (at + 1 === piece.length) this.#owesLf = true;
        else if (piece[at + 1] === LF) {
          this.#endLine(at);
          at++;
        } else this.#isClean = false;
      } else if (octet === LF || octet === 0) this.#isClean = false;
      at++;
    }
    return at;
  }

  #finishPair(piece: Buffer): number {
    this.#owesLf = false;
    if (piece[0] === LF) this.#endLine(-1);
    else this.#isClean = false;
    return 1;
  }

  #endLine(cr: number): void {
    const at = this.#base + cr;
    if (at === this.#lineStart) this.#hasBlankLine = true;
    this.#lineStart = at + 2;
  }
}
