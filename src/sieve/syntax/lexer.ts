/**
 * The tokens of a script (RFC 5228 §8.1): white space and comments go, escapes and dot-stuffing are undone.
 *
 * Promises: goes forward, each character is read once or twice; throws nothing but `ScriptError`. A line may end with LF alone,
 * as scripts do that come from a file; in a string it is CRLF then, as the grammar has it, so that what a script says does not
 * depend on the way it came. Leaves to others: what the words mean.
 */
import { type Place, ScriptError } from './fault.ts';

export type Token =
  | { readonly kind: 'identifier'; readonly name: string; readonly place: Place }
  | { readonly kind: 'tag'; readonly name: string; readonly place: Place }
  | { readonly kind: 'number'; readonly value: number; readonly place: Place }
  | { readonly kind: 'string'; readonly text: string; readonly place: Place }
  | { readonly kind: 'sign'; readonly sign: string; readonly place: Place }
  | { readonly kind: 'end'; readonly place: Place };

/** RFC 5228 §2.4.1 asks for 31 bits at least. */
export const MAX_NUMBER = 2 ** 32 - 1;
const MAX_WORD = 256;

const SPACE = /(?:[ \t]|\r?\n)+/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /([0-9]+)([A-Za-z_][A-Za-z0-9_]*)?/y;
const MULTI_LINE = /text:[ \t]*(?:#[^\r\n\0]*)?\r?\n/iy;
const SIGNS = ';{}[](),';
const SCALE: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export class Lexer {
  readonly #text: string;
  #at = 0;
  /** The line at hand, where it begins, and the LF that ends it. */
  #line = 1;
  #lineStart = 0;
  #lineFeed: number;

  constructor(text: string) {
    // A mark at the beginning is how some editors say UTF-8.
    this.#text = text;
    if (text.charCodeAt(0) === 0xfeff) this.#at = this.#lineStart = 1;
    this.#lineFeed = this.#feedFrom(0);
  }

  next(): Token {
    this.#skipBlanks();
    const place = this.#place();
    const c = this.#text.charAt(this.#at);
    if (c === '') return { kind: 'end', place };
    if (SIGNS.includes(c)) {
      this.#at++;
      return { kind: 'sign', sign: c, place };
    }
    if (c === '"') return { kind: 'string', text: this.#quoted(place), place };
    if (c === ':') {
      this.#at++;
      const name = this.#take(WORD)?.[0];
      if (name === undefined) throw new ScriptError('a tag is missing behind the colon', place);
      return { kind: 'tag', name: foldWord(name, place), place };
    }
    const number = this.#take(NUMBER);
    if (number !== undefined) return { kind: 'number', value: numberOf(number, place), place };
    if (this.#take(MULTI_LINE) !== undefined) return { kind: 'string', text: this.#multiLine(place), place };
    const word = this.#take(WORD)?.[0];
    if (word === undefined) throw new ScriptError(`unexpected ${shown(this.#text, this.#at)}`, place);
    return { kind: 'identifier', name: foldWord(word, place), place };
  }

  #skipBlanks(): void {
    for (;;) {
      this.#take(SPACE);
      const c = this.#text.charAt(this.#at);
      if (c === '#') this.#at = this.#lineEnd(this.#at);
      else if (c === '/' && this.#text.charAt(this.#at + 1) === '*') {
        const end = this.#text.indexOf('*/', this.#at + 2);
        if (end < 0) throw new ScriptError('the comment is never closed with */', this.#place());
        this.#at = end + 2;
      } else return;
    }
  }

  #quoted(place: Place): string {
    let out = '';
    let from = ++this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === 0x22) {
        out += this.#text.slice(from, this.#at++);
        return withCrlf(out, place);
      }
      if (c !== 0x5c) continue;
      // What a backslash stands before stands for itself; only the quote and the backslash need it.
      out += this.#text.slice(from, this.#at++);
      from = this.#at;
    }
    throw new ScriptError('the string is never closed with "', place);
  }

  /** Lines up to one that is a single dot; a dot in front of another one goes (RFC 5228 §2.4.2). */
  #multiLine(place: Place): string {
    const lines: string[] = [];
    while (this.#at < this.#text.length) {
      const end = this.#lineEnd(this.#at);
      const line = this.#text.slice(this.#at, end);
      const isLast = end >= this.#text.length;
      this.#at = Math.min(this.#text.length, end + (this.#text.charAt(end) === '\r' ? 2 : 1));
      if (line === '.') return withCrlf(lines.join(''), place);
      if (isLast) break;
      lines.push(line.startsWith('..') ? line.slice(1) : line, '\r\n');
    }
    throw new ScriptError('the text: is never closed by a line with a single dot', place);
  }

  /** Where the line end begins, or the text ends. */
  #lineEnd(from: number): number {
    const lf = this.#text.indexOf('\n', from);
    if (lf < 0) return this.#text.length;
    return lf > from && this.#text.charAt(lf - 1) === '\r' ? lf - 1 : lf;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  #place(): Place {
    while (this.#lineFeed < this.#at) {
      this.#line++;
      this.#lineStart = this.#lineFeed + 1;
      this.#lineFeed = this.#feedFrom(this.#lineStart);
    }
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #feedFrom(at: number): number {
    const lf = this.#text.indexOf('\n', at);
    return lf < 0 ? this.#text.length : lf;
  }
}

/** Line ends inside strings are CRLF; what the grammar forbids there is an error. */
function withCrlf(text: string, place: Place): string {
  if (text.includes('\0')) throw new ScriptError('a NUL in a string', place);
  if (!/[\r\n]/.test(text)) return text;
  const whole = text.replace(/\r?\n/g, '\r\n');
  if (/\r(?!\n)/.test(whole)) throw new ScriptError('a CR without its LF in a string', place);
  return whole;
}

function foldWord(word: string, place: Place): string {
  if (word.length > MAX_WORD) throw new ScriptError(`a word of more than ${MAX_WORD} letters`, place);
  return word.toLowerCase();
}

function numberOf([whole, digits = '', quantifier]: RegExpExecArray, place: Place): number {
  const scale = quantifier === undefined ? 1 : SCALE[quantifier.toLowerCase()];
  if (scale === undefined)
    throw new ScriptError(
      `"${whole.slice(0, 40)}" is no number; only K, M or G may follow the digits`,
      place,
    );
  const value = Number(digits) * scale;
  if (value > MAX_NUMBER) throw new ScriptError(`the number is larger than ${MAX_NUMBER}`, place);
  return value;
}

function shown(text: string, at: number): string {
  const code = text.codePointAt(at) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return code > 0x20 && code < 0x7f ? `"${String.fromCodePoint(code)}"` : name;
}
