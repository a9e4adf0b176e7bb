/**
 * The words of an address list, and the places that are made of them: comments, domains, source routes, angle brackets (RFC 5322
 * §3.2, §3.4, §4.4).
 *
 * Promises: never throws; goes forward, so that who reads on and on comes to the end; what is not closed is looked for once. Words
 * come without quotes and escapes, comments and line ends. Leaves to `address.ts`: what the signs between them mean.
 */

/** Of a value longer than this, the rest is not looked at. */
const MAX_VALUE_LENGTH = 1024 * 1024;
const MAX_DOMAIN_LENGTH = 255;

/** The signs at which words end, and what stands for the end of the text. */
export const END = 0;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const GREATER = 0x3e;
export const AT = 0x40;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const DOT = 0x2e;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const QUESTION = 0x3f;

/** In a phrase no comma, quote or parenthesis may be in one (RFC 2047 §5 (3)), but many write them so. */
const ENCODED_WORD = /=\?[^?\s]{1,64}\?[bq]\?[^?\s]*\?=/iy;

/** 1 ends a word and means something, 2 is white space or a control and ends it too, 0 belongs to it. */
const CLASS = new Uint8Array(256);
for (let c = 0; c <= 0x20; c++) CLASS[c] = 2;
CLASS[0x7f] = 2;
for (const c of [QUOTE, OPEN, COMMA, COLON, SEMICOLON, LESS, GREATER, AT]) CLASS[c] = 1;

export class AddressWords {
  readonly text: string;
  at = 0;
  /** Nothing is read from here on: the end of the text, or of the angle brackets at hand. */
  end: number;
  /** The words that were read last, with single spaces. */
  phrase = '';
  /** The last of them, dots and what touches them joined: the local part if an `@` follows. */
  local = '';
  /** Where in the phrase it begins. */
  localStart = 0;
  /** Where in the text the words begin. */
  wordsStart = 0;
  /** The text of the last comment: the old place of the name (RFC 5322 §A.6.3 warns of it, many still do it). */
  comment = '';
  #endsWithDot = false;
  /** Once a quote is seen to lack its end no later one can have it: looking again would cost O(n^2). */
  #hasOpenQuote = false;

  constructor(text: string) {
    this.text = text;
    this.end = Math.min(text.length, MAX_VALUE_LENGTH);
  }

  /** Reads words up to a sign that ends them, which is consumed and returned. */
  next(): number {
    this.phrase = '';
    this.local = '';
    this.localStart = 0;
    this.#endsWithDot = false;
    this.wordsStart = -1;
    let hasGap = false;
    while (this.at < this.end) {
      const start = this.at;
      const c = this.text.charCodeAt(start);
      const kind = CLASS[c & 0xff] as number;
      if (kind === 0 || (c === QUOTE && this.#hasOpenQuote)) {
        if (this.wordsStart < 0) this.wordsStart = start;
        this.at = this.#wordEnd(c === EQUALS ? this.#encodedWordEnd(start) : start + 1);
        this.#addWord(this.text.slice(start, this.at), hasGap, false);
        hasGap = false;
      } else if (c === QUOTE) {
        const word = this.#quoted();
        if (word === undefined) continue;
        if (this.wordsStart < 0) this.wordsStart = start;
        this.#addWord(word, hasGap, true);
        hasGap = false;
      } else if (kind === 2 || c === OPEN) {
        hasGap = true;
        if (c === OPEN) this.comment = this.#readComment();
        else this.at++;
      } else {
        this.at++;
        if (this.wordsStart < 0) this.wordsStart = start;
        return c;
      }
    }
    return END;
  }

  /** Behind the encoded word at `at`, or behind one octet. */
  #encodedWordEnd(at: number): number {
    if (this.text.charCodeAt(at + 1) !== QUESTION) return at + 1;
    ENCODED_WORD.lastIndex = at;
    const end = ENCODED_WORD.test(this.text) ? ENCODED_WORD.lastIndex : at + 1;
    return Math.min(end, this.end);
  }

  #addWord(word: string, hasGap: boolean, isQuoted: boolean): void {
    const isFirst = this.phrase === '';
    // Obsolete local parts have white space around their dots (RFC 5322 §4.4); names have it behind a dot.
    if (!hasGap || this.#endsWithDot || (!isQuoted && word.charCodeAt(0) === DOT)) this.local += word;
    else {
      this.local = word;
      this.localStart = isFirst ? 0 : this.phrase.length;
    }
    this.#endsWithDot = !isQuoted && word.charCodeAt(word.length - 1) === DOT;
    this.phrase = isFirst ? word : this.phrase + (hasGap ? ` ${word}` : word);
  }

  #wordEnd(from: number): number {
    let i = from;
    while (i < this.end && CLASS[this.text.charCodeAt(i) & 0xff] === 0) i++;
    return i;
  }

  /** The content of the quoted string at the cursor, or undefined when it has no end: then `"` is an octet. */
  #quoted(): string | undefined {
    const from = this.at + 1;
    const end = closing(this.text, from, this.end);
    if (end < 0) {
      this.#hasOpenQuote = true;
      return undefined;
    }
    this.at = end + 1;
    return unquote(this.text.slice(from, end));
  }

  #readComment(): string {
    const from = this.at + 1;
    const end = this.#skipComment();
    return unquote(this.text.slice(from, end)).trim();
  }

  /** Goes behind the comment at the cursor; returns where its text ends. */
  #skipComment(): number {
    let depth = 1;
    let i = this.at + 1;
    for (; i < this.end; i++) {
      const c = this.text.charCodeAt(i);
      if (c === BACKSLASH) i++;
      else if (c === OPEN) depth++;
      else if (c === CLOSE && --depth === 0) break;
    }
    this.at = Math.min(i + 1, this.end);
    return Math.min(i, this.end);
  }

  /** `@a,@b:` before the local part; the cursor stays when there is none. */
  route(): string | undefined {
    let i = this.at;
    while (i < this.end && CLASS[this.text.charCodeAt(i)] === 2) i++;
    if (this.text.charCodeAt(i) !== AT) return undefined;
    const start = this.at;
    let route = '';
    for (;;) {
      const stop = this.next();
      if (stop === AT) route += `${route === '' ? '' : ','}@${this.domain()}`;
      else if (stop === COLON) return route;
      else if (stop !== COMMA) break;
    }
    // No colon: not a route. `<@host>` is an address without a local part.
    this.at = start;
    return undefined;
  }

  /** A dot-atom or literal, white space and comments inside left out. */
  domain(): string {
    let host = '';
    let endsWithDot = true;
    while (this.at < this.end) {
      const start = this.at;
      const c = this.text.charCodeAt(start);
      if (CLASS[c & 0xff] === 2) this.at++;
      else if (c === OPEN) this.comment = this.#readComment();
      else if (c === BRACKET && host === '') return this.#domainLiteral();
      else {
        const end = this.#wordEnd(start);
        if (end === start || (!endsWithDot && c !== DOT)) break;
        host += this.text.slice(start, end);
        endsWithDot = this.text.charCodeAt(end - 1) === DOT;
        this.at = end;
      }
    }
    return host;
  }

  /** `[...]` with its brackets. No literal is longer than a domain may be, so the search for `]` is short. */
  #domainLiteral(): string {
    const start = this.at;
    const limit = Math.min(start + MAX_DOMAIN_LENGTH, this.end);
    let end = start;
    while (end < limit && this.text.charAt(end) !== ']' && this.text.charAt(end) !== '>') end++;
    if (end === limit || this.text.charAt(end) === '>') this.at = this.#wordEnd(start);
    else this.at = end + 1;
    return unquote(this.text.slice(start, this.at));
  }

  /** Where the `>` stands that closes, or -1 when there is none before the next `<`. Takes further `<` along. */
  angleEnd(): number {
    while (this.at < this.end && isSkippedAhead(this.text.charCodeAt(this.at))) this.at++;
    const start = this.at;
    let close = -1;
    while (close < 0 && this.at < this.end) {
      const c = this.text.charCodeAt(this.at);
      if (c === GREATER) close = this.at;
      else if (c === LESS) break;
      else if (c === OPEN) this.#skipComment();
      else if (c !== QUOTE || this.#hasOpenQuote || this.#quoted() === undefined) this.at++;
    }
    this.at = start;
    return close;
  }
}

function isSkippedAhead(c: number): boolean {
  return c === LESS || CLASS[c & 0xff] === 2;
}

/** Where the quote that closes stands, or -1. */
function closing(text: string, from: number, end: number): number {
  for (let i = from; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) i++;
    else if (c === QUOTE) return i;
  }
  return -1;
}

/** Quoted pairs and line ends taken out. */
function unquote(text: string): string {
  return /[\\\r\n]/.test(text) ? text.replace(/\\([\s\S])|[\r\n]+/g, '$1') : text;
}
