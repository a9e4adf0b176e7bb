/**
 * A header to ASCII while it passes by, field for field (`field.ts`); the blank line and all behind it stay.
 *
 * Promises: the same octets however the header is cut; no more than MAX_FIELD_BYTES and the piece at hand in memory: of a
 * field that is longer nothing is known but that it is text, which is converted in stretches where it is not ASCII.
 */
import { CR, EMPTY, LF, SP } from '../../base/bytes.ts';
import { isPlainHeader } from '../traits.ts';
import { downgradeField, downgradeStretch } from './field.ts';

/** A list of many hundreds of recipients, and some ten milliseconds at worst. */
export const MAX_FIELD_BYTES = 32 * 1024;
const TAB = 0x09;

export class HeaderDowngrader {
  /** The field that is not over yet, and where its last line begins. */
  #held: Buffer = EMPTY;
  #lineStart = 0;
  #isOver = false;
  /** What is held goes on with a field that was too long; how its last stretch ended. */
  #isStretch = false;
  #isMidLine = false;
  #isAfterWord = false;

  write(piece: Buffer, out: Buffer[]): void {
    if (this.#isOver) {
      if (piece.length > 0) out.push(piece);
      return;
    }
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    let start = 0;
    let at = this.#lineStart;
    while (at < bytes.length) {
      if (at > start && !isBlank(bytes[at])) {
        this.#flush(bytes.subarray(start, at), out);
        start = at;
      }
      const lf = bytes.indexOf(LF, at);
      if (lf < 0) break;
      if (at === start && !this.#isStretch && isBlankLine(bytes, at, lf)) {
        this.#isOver = true;
        this.#held = EMPTY;
        out.push(bytes.subarray(at));
        return;
      }
      at = lf + 1;
      start = this.#shorten(bytes, start, at, out);
    }
    start = this.#shorten(bytes, start, bytes.length, out);
    // A copy: the caller's buffer may be a large one, kept alive by a few octets.
    this.#held = Buffer.from(bytes.subarray(start));
    this.#lineStart = Math.max(0, at - start);
  }

  /** The header ends here, whether its blank line has come or not. */
  end(out: Buffer[]): void {
    if (this.#held.length > 0) this.#flush(this.#held, out);
    this.#held = EMPTY;
    this.#isOver = true;
  }

  #flush(field: Buffer, out: Buffer[]): void {
    if (this.#isStretch) this.#stretch(field, out);
    else out.push(downgradeField(field));
    this.#isStretch = false;
  }

  /** Sends what a field has too much; returns where the rest begins. */
  #shorten(bytes: Buffer, from: number, to: number, out: Buffer[]): number {
    let start = from;
    while (to - start > MAX_FIELD_BYTES) {
      const cut = cutPoint(bytes, start, start + MAX_FIELD_BYTES);
      this.#stretch(bytes.subarray(start, cut), out);
      this.#isStretch = true;
      start = cut;
    }
    return start;
  }

  #stretch(octets: Buffer, out: Buffer[]): void {
    let sent = octets;
    if (!this.#isStretch) sent = downgradeField(octets, true);
    else if (!isPlainHeader(octets)) {
      // Joined to what went before, a line could be longer than lines may be.
      const fold = this.#isMidLine ? (isBlank(octets[0]) ? '\r\n' : '\r\n ') : '';
      sent = Buffer.from(fold + downgradeStretch(octets, this.#isAfterWord), 'latin1');
    }
    this.#isMidLine = sent.at(-1) !== LF;
    this.#isAfterWord = /\?=\r*\n?$/.test(sent.toString('latin1', Math.max(0, sent.length - 10)));
    out.push(sent);
  }
}

/** Behind a line end if there is one, else before white space, else anywhere but inside a character. */
function cutPoint(bytes: Buffer, start: number, limit: number): number {
  const lf = bytes.lastIndexOf(LF, limit - 1);
  if (lf >= start) return lf + 1;
  for (let at = limit; at > start; at--) if (isBlank(bytes[at])) return at;
  let cut = limit;
  while (cut > limit - 4 && ((bytes[cut] as number) & 0xc0) === 0x80) cut--;
  return cut;
}

/** With any number of CRs before its LF, since POP3 sends that as one line end. */
function isBlankLine(bytes: Buffer, at: number, lf: number): boolean {
  for (let i = at; i < lf; i++) if (bytes[i] !== CR) return false;
  return true;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SP || octet === TAB;
}
