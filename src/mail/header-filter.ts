/**
 * The fields of a header whose name is (or is not) among some, while the header passes by in pieces of any size: HEADER.FIELDS
 * and HEADER.FIELDS.NOT (RFC 9051 §6.4.5.1).
 *
 * Promises: the same octets however the header is cut; whole fields as they stand and in their order, and the blank line when the
 * header has one. Lines that are no field (`header.ts`) belong to neither answer. What is given are parts of what came in; no more
 * than a field's name is held. No limit on fields or their length; linear.
 */
import { CR, EMPTY, LF, latin1 } from '../base/bytes.ts';
import { colonOf, foldAscii, isBlank, isBlankLine, lineEnd, MAX_NAME, nameEnd } from './header.ts';

export class HeaderFilter {
  readonly #names: ReadonlySet<string>;
  readonly #longest: number;
  readonly #isNot: boolean;
  #held: Buffer = EMPTY;
  #isLineStart = true;
  /** Some line has come: one that begins with white space goes on with it. */
  #hasLine = false;
  #isWanted = false;
  #isOver = false;

  constructor(names: readonly string[], isNot: boolean) {
    this.#names = new Set(names.map(foldAscii));
    this.#longest = names.reduce((longest, name) => Math.max(longest, name.length), 0);
    this.#isNot = isNot;
  }

  write(piece: Buffer): Buffer[] {
    return this.#isOver ? [] : this.#read(piece, false);
  }

  /** A header that lies in one piece. */
  whole(header: Buffer): Buffer[] {
    return this.#read(header, true);
  }

  /** The header ends here, whether its blank line has come or not. */
  end(): Buffer[] {
    const out = this.#isOver ? [] : this.#read(EMPTY, true);
    this.#isOver = true;
    return out;
  }

  #read(piece: Buffer, isLast: boolean): Buffer[] {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    const out: Buffer[] = [];
    let from = 0;
    let at = 0;
    // What is wanted from `from` on is given in one piece, as far as it goes.
    const give = (to: number): void => {
      if (to > from) out.push(bytes.subarray(from, to));
    };
    while (at < bytes.length) {
      if (this.#isLineStart) {
        if (!isLast && !this.#isTold(bytes, at)) break;
        const wasWanted = this.#isWanted;
        if (isBlankLine(bytes, at, bytes.length)) {
          if (wasWanted) give(at);
          out.push(bytes.subarray(at, lineEnd(bytes, at, bytes.length)));
          this.#isOver = true;
          this.#held = EMPTY;
          return out;
        }
        this.#beginLine(bytes, at);
        if (wasWanted && !this.#isWanted) give(at);
        if (!wasWanted) from = at;
      }
      at = lineEnd(bytes, at, bytes.length);
      this.#isLineStart = bytes[at - 1] === LF;
    }
    if (this.#isWanted) give(at);
    // A copy: the caller's buffer may be a large one, kept alive by a few octets.
    this.#held = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
    return out;
  }

  /** Whether enough of the line has come to tell what it is. */
  #isTold(bytes: Buffer, at: number): boolean {
    if (bytes[at] === CR && at + 1 === bytes.length) return false;
    if (isBlank(bytes[at] as number)) return true;
    const limit = at + MAX_NAME + 1;
    if (bytes.length >= limit) return true;
    const lf = bytes.indexOf(LF, at);
    return lf >= 0 || colonOf(bytes, at, bytes.length) >= 0;
  }

  #beginLine(bytes: Buffer, at: number): void {
    const goesOn = this.#hasLine && isContinuation(bytes[at] as number);
    this.#hasLine = true;
    if (goesOn) return;
    const colon = colonOf(bytes, at, bytes.length);
    if (colon < 0) {
      this.#isWanted = false;
      return;
    }
    const end = nameEnd(bytes, at, colon);
    const isListed = end - at <= this.#longest && this.#names.has(foldAscii(latin1(bytes, at, end)));
    this.#isWanted = isListed !== this.#isNot;
  }
}

function isContinuation(c: number): boolean {
  return c === 0x20 || c === 0x09;
}
