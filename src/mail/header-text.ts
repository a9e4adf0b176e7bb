/**
 * The text of header fields as a search sees it, from a header of any length that comes in pieces: encoded words decoded, lines
 * unfolded, every run of white space one space. Folding may have put any white space where one space was (RFC 5322 §2.2.3),
 * and RFC 5256 §2.1 compares subjects so.
 *
 * Promises: the same fields however the header is cut; no more than MAX_STRETCH octets and the piece at hand in memory. The text of a
 * longer field comes in stretches, cut at white space where there is some. Lines that are no field have no text. Linear.
 */
import { CR, EMPTY, LF, latin1, SP } from '../base/bytes.ts';
import { decodeWords } from './encoded-word.ts';
import { singleSpaced } from './fold.ts';
import { colonOf, fieldEnd, foldAscii, isBlankLine, nameEnd } from './header.ts';

/** A list of a thousand recipients; decoding it is a millisecond. */
const MAX_STRETCH = 64 * 1024;
const TAB = 0x09;

export interface FieldSink {
  /** Whether the text of fields of this lower case name is wanted. */
  wants(name: string): boolean;
  /** `isStart` with the first stretch of a field. */
  take(name: string, text: string, isStart: boolean): void;
}

export class HeaderTextReader {
  readonly #sink: FieldSink;
  #held: Buffer = EMPTY;
  /** The field that is not over; '' when it is none, or nobody wants it. */
  #name: string | undefined;
  #isStart = true;
  #isAfterWord = false;
  #isOver = false;

  constructor(sink: FieldSink) {
    this.#sink = sink;
  }

  write(piece: Buffer): void {
    if (!this.#isOver) this.#read(piece, false);
  }

  /** The header ends here, whether its blank line has come or not. */
  end(): void {
    if (!this.#isOver) this.#read(EMPTY, true);
    this.#isOver = true;
  }

  #read(piece: Buffer, isLast: boolean): void {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    let at = 0;
    while (at < bytes.length) {
      if (this.#name === undefined) {
        // Two octets tell whether the line is blank.
        if (bytes.length - at < 2 && bytes[at] === CR && !isLast) break;
        if (isBlankLine(bytes, at, bytes.length)) {
          this.#isOver = true;
          this.#held = EMPTY;
          return;
        }
      }
      const end = fieldEnd(bytes, at, bytes.length);
      // At the end of the piece the next one tells whether the field goes on.
      const isWhole = end < bytes.length || isLast;
      if (!isWhole && end - at <= MAX_STRETCH) break;
      at = this.#stretch(bytes, at, end, isWhole);
    }
    // A copy: the caller's buffer may be a large one, kept alive by a few octets.
    this.#held = Buffer.from(bytes.subarray(at));
  }

  /** As much of the field as may be decoded at once; returns where its rest begins. */
  #stretch(bytes: Buffer, at: number, end: number, isWhole: boolean): number {
    let from = at;
    if (this.#name === undefined) {
      const colon = colonOf(bytes, at, end);
      const name = colon < 0 ? '' : foldAscii(latin1(bytes, at, nameEnd(bytes, at, colon)));
      this.#name = name !== '' && this.#sink.wants(name) ? name : '';
      this.#isStart = true;
      this.#isAfterWord = false;
      if (colon >= 0) from = colon + 1;
    }
    if (this.#name === '') {
      if (isWhole) this.#name = undefined;
      // What comes behind a line end tells whether the field goes on.
      return isWhole ? end : withoutLineEnd(bytes, end);
    }
    const isLast = isWhole && end - from <= MAX_STRETCH;
    const to = isLast ? end : cutPoint(bytes, from, from + MAX_STRETCH);
    this.#give(this.#name, latin1(bytes, from, isLast ? withoutLineEnd(bytes, to) : to), isLast);
    if (isLast) this.#name = undefined;
    return to;
  }

  #give(name: string, octets: string, isLast: boolean): void {
    const raw = octets.includes('\n') ? octets.replace(/\r?\n/g, '') : octets;
    const isJoined = this.#isAfterWord && /^[ \t]*=\?/.test(raw);
    const text = singleSpaced(decodeWords(isJoined ? raw.trimStart() : raw));
    const from = this.#isStart && text.startsWith(' ') ? 1 : 0;
    const to = isLast && text.endsWith(' ') ? Math.max(from, text.length - 1) : text.length;
    this.#sink.take(name, text.slice(from, to), this.#isStart);
    this.#isStart = false;
    this.#isAfterWord = raw.endsWith('?=');
  }
}

/** Before white space that is not between encoded words, else before any, else anywhere but inside a character. */
function cutPoint(bytes: Buffer, from: number, limit: number): number {
  let between = -1;
  for (let at = limit; at > from; at--) {
    if (!isBlank(bytes[at])) continue;
    if (bytes[at - 1] !== 0x3d && !isBlank(bytes[at - 1])) return at;
    between = Math.max(between, at);
  }
  if (between > from) return between;
  let cut = limit;
  while (cut > limit - 4 && ((bytes[cut] as number) & 0xc0) === 0x80) cut--;
  return cut;
}

function withoutLineEnd(bytes: Buffer, end: number): number {
  let at = end;
  while (at > Math.max(0, end - 2) && (bytes[at - 1] === LF || bytes[at - 1] === CR)) at--;
  return at;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SP || octet === TAB || octet === CR || octet === LF;
}
