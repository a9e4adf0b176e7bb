/**
 * Counts the Received fields of a message as it comes (RFC 5321 §6.3): one that has a hundred goes in a circle. Pure; the same
 * however the message is cut, and holds a few octets of a line.
 */
import { EMPTY, LF } from '../base/bytes.ts';
import { foldAscii } from '../mail/header.ts';

const FIELD = 'received:';
/** Of a line, as much as tells; blanks may stand before the colon (RFC 5322 §4.5). */
const TELLING_BYTES = 24;
const CR = 0x0d;
/** `r`, in both cases. */
const FIRST_LETTER = 0x72;

export class HopCounter {
  #count = 0;
  #start: Buffer = EMPTY;
  #isOver = false;

  get count(): number {
    return this.#count;
  }

  write(piece: Buffer): void {
    for (let at = 0; at < piece.length && !this.#isOver; ) {
      const lf = piece.indexOf(LF, at);
      const end = lf < 0 ? piece.length : lf;
      const isWhole = lf >= 0 && this.#start.length === 0;
      // Nearly every line is told by its first letter.
      if (!isWhole || mayTell(piece, at, end)) {
        const room = TELLING_BYTES - this.#start.length;
        if (room > 0)
          this.#start = Buffer.concat([this.#start, piece.subarray(at, Math.min(end, at + room))]);
        if (lf < 0) return;
        this.#line();
      }
      at = lf + 1;
    }
  }

  #line(): void {
    const line = this.#start;
    this.#start = EMPTY;
    if (line.length === 0 || (line.length === 1 && line[0] === CR)) this.#isOver = true;
    else if (
      foldAscii(line.toString('latin1'))
        .replace(/[ \t]+:/, ':')
        .startsWith(FIELD)
    )
      this.#count++;
  }
}

/** A line that ends the header, or begins as the field does. */
function mayTell(piece: Buffer, at: number, end: number): boolean {
  const first = piece[at] as number;
  return end === at || first === CR || (first | 0x20) === FIRST_LETTER;
}
