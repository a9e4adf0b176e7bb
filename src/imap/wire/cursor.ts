/**
 * A position in one frame, and failing with context. No I/O, no session, no production of the grammar.
 *
 * Promises: `peek` never reads past the text before the next literal, so a token cannot run across one; a failed
 * `maybe...` leaves the cursor where it was, by `mark` and `reset`; nesting is counted, so that recursive productions
 * cannot be driven into the stack's end (a line holds 64 KB of `(`). A fault says what was expected and where, and
 * shows at most one punctuation octet of what the client sent.
 */
import { ATOM, CLASS } from './chars.ts';
import { SyntaxFault } from './fault.ts';
import type { Frame, FrameLiteral, FramePart } from './frame.ts';

/** What `peek` gives where the command ends, and where a literal stands. */
export const END = -1;
export const LITERAL = -2;

/** Deeper parentheses are in no command; one level costs one call of a recursive production. */
const MAX_DEPTH = 50;
/** Marks pack part and offset into one integer; no line is this long. */
const MARK_FACTOR = 0x1_0000_0000;

/** What decides how text is read: true after ENABLE UTF8=ACCEPT or IMAP4rev2. */
export interface CursorModes {
  readonly isUtf8: boolean;
  /** True after ENABLE UIDONLY. */
  readonly uidOnly?: boolean;
}

export class Cursor {
  readonly isUtf8: boolean;
  /** There are no message numbers (RFC 9586). */
  readonly isWithoutNumbers: boolean;
  readonly #parts: readonly FramePart[];
  #part = 0;
  #text: Buffer;
  #at: number;
  #depth = 0;

  /** Behind the command's name. */
  constructor(frame: Pick<Frame, 'parts' | 'argumentsAt'>, modes: CursorModes = { isUtf8: false }) {
    this.#parts = frame.parts;
    this.#text = frame.parts[0] as Buffer;
    this.#at = frame.argumentsAt;
    this.isUtf8 = modes.isUtf8;
    this.isWithoutNumbers = modes.uidOnly === true;
  }

  /** The octet here, or END, or LITERAL. */
  peek(): number {
    const byte = this.#text[this.#at];
    if (byte !== undefined) return byte;
    return this.#part + 1 < this.#parts.length ? LITERAL : END;
  }

  /** The octet `distance` further in the same text; END when there is none. */
  peekAt(distance: number): number {
    return this.#text[this.#at + distance] ?? END;
  }

  /** True when an octet of this class (`chars.ts`) stands here. */
  isAt(classBits: number): boolean {
    const byte = this.#text[this.#at];
    return byte !== undefined && ((CLASS[byte] as number) & classBits) !== 0;
  }

  skip(count = 1): void {
    this.#at += count;
  }

  maybeByte(byte: number): boolean {
    if (this.#text[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  expectByte(byte: number, expected: string): void {
    if (!this.maybeByte(byte)) this.fail(expected);
  }

  /** The longest run of octets of this class, perhaps empty. */
  run(classBits: number): string {
    const start = this.#at;
    let at = start;
    for (; at < this.#text.length; at++) {
      if (((CLASS[this.#text[at] as number] as number) & classBits) === 0) break;
    }
    this.#at = at;
    return this.#text.toString('latin1', start, at);
  }

  /** The unread rest of the text before the next literal; for productions that look at octets themselves. */
  rest(): Buffer {
    return this.#text.subarray(this.#at);
  }

  /** `word` in capitals, compared without case; its end must be the end of an atom. */
  maybeWord(word: string): boolean {
    const end = this.#at + word.length;
    if (!this.#matches(word, end)) return false;
    const next = this.#text[end];
    if (next !== undefined && ((CLASS[next] as number) & ATOM) !== 0) return false;
    this.#at = end;
    return true;
  }

  /** As `maybeWord`, whatever follows. */
  maybePrefix(word: string): boolean {
    const end = this.#at + word.length;
    if (!this.#matches(word, end)) return false;
    this.#at = end;
    return true;
  }

  /** The literal that stands here, consumed. */
  maybeLiteral(): FrameLiteral | undefined {
    if (this.peek() !== LITERAL) return undefined;
    const literal = this.#parts[this.#part + 1] as FrameLiteral;
    this.#part += 2;
    this.#text = this.#parts[this.#part] as Buffer;
    this.#at = 0;
    return literal;
  }

  mark(): number {
    return this.#part * MARK_FACTOR + this.#at;
  }

  reset(mark: number): void {
    this.#part = Math.floor(mark / MARK_FACTOR);
    this.#text = this.#parts[this.#part] as Buffer;
    this.#at = mark % MARK_FACTOR;
  }

  /** Runs `production` one level deeper. */
  nested<T>(production: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxFault('Parentheses are nested too deeply');
    const value = production();
    this.#depth--;
    return value;
  }

  fail(expected: string): never {
    throw new SyntaxFault(`Expected ${expected} ${this.#where()}`);
  }

  #matches(word: string, end: number): boolean {
    if (end > this.#text.length) return false;
    for (let i = 0; i < word.length; i++) {
      let byte = this.#text[this.#at + i] as number;
      if (byte >= 0x61 && byte <= 0x7a) byte -= 0x20;
      if (byte !== word.charCodeAt(i)) return false;
    }
    return true;
  }

  #where(): string {
    const byte = this.peek();
    if (byte === END) return 'at the end of the command';
    let offset = this.#at;
    for (let i = 0; i < this.#part; i++) {
      const part = this.#parts[i] as FramePart;
      if (Buffer.isBuffer(part)) offset += part.length;
    }
    const place = `at octet ${offset + 1} of the command`;
    if (byte === LITERAL) return `instead of a literal ${place}`;
    if (byte === 0x20) return `instead of a space ${place}`;
    if ('()[]<>"*%{}'.includes(String.fromCharCode(byte))) {
      return `instead of ${String.fromCharCode(byte)} ${place}`;
    }
    return place;
  }
}
