/**
 * Address lists of RFC 5322 §3.4 and §4.4: mailboxes, groups, source routes, comments, and the broken lists people
 * send.
 *
 * Promises: never throws, reads each octet a few times at most, gives at most MAX_ADDRESSES entries, keeps octets as they are
 * (latin1 strings in and out: encoded words and 8-bit names are not decoded here). Local parts come without the quotes and
 * escapes of quoted strings. Groups come as IMAP's ENVELOPE wants them (RFC 9051 §7.5.2): a start marker has only `mailbox`, the
 * group's name; an end marker has nothing. A group that is never closed gets its end marker, so markers always pair. Leaves to
 * others: whether an address is any good.
 *
 * What is no address but a single word or a name becomes an entry with an empty host. An entry that is neither (`<shop:news@b>`,
 * `<a c@b>`, `a@b@c`) is never taken apart into what would be somebody else's address: all of it, as it stands, becomes the name of one
 * without an address, so that a person sees it and nobody answers to it.
 */

import { latin1 } from '../base/bytes.ts';

export interface Address {
  readonly name?: string;
  /** Source route, RFC 5322 §4.4 `obs-route` without its colon. */
  readonly adl?: string;
  readonly mailbox?: string;
  readonly host?: string;
}

/** More do not fit into an ENVELOPE, however short they are. */
export const MAX_ADDRESSES = 128 * 1024;
const BATCH = 512;
/** Of a value longer than this, the rest is not looked at. */
const MAX_VALUE_LENGTH = 1024 * 1024;
const MAX_DOMAIN_LENGTH = 255;

export function parseAddressList(value: Uint8Array | string): Address[] {
  const reader = new AddressReader(typeof value === 'string' ? value : latin1(value));
  return reader.take(MAX_ADDRESSES, true);
}

/** The same list piece by piece, each a millisecond's work at most; who needs no more stops asking. */
export function* addressBatches(value: Uint8Array): Generator<readonly Address[]> {
  const reader = new AddressReader(latin1(value));
  for (let left = MAX_ADDRESSES; left > 0 && !reader.isOver; left -= BATCH)
    yield reader.take(BATCH, left <= BATCH);
}

/** True for the markers that open and close a group. */
export function isGroupMarker(address: Address): boolean {
  return address.host === undefined;
}

const END = 0;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const DOT = 0x2e;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const GREATER = 0x3e;
const AT = 0x40;
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

class AddressReader {
  readonly #text: string;
  /** Nothing is read from here on: the end of the text, or of the angle brackets at hand. */
  #end: number;
  #out: Address[] = [];
  /** What ended the words that were read last; undefined before the first. */
  #stop: number | undefined;
  #at = 0;
  #inGroup = false;
  /** Once a quote or comment is seen to lack its end no later one can have it: looking again would cost O(n^2). */
  #hasOpenQuote = false;
  /** The words since the last separator, with single spaces. */
  #phrase = '';
  /** The last of them, dots and what touches them joined: the local part if an `@` follows. */
  #local = '';
  #localStart = 0;
  #endsWithDot = false;
  /** Where in the text the words begin, and the entry they belong to. */
  #wordsStart = 0;
  #entryStart = 0;
  /** The text of the last comment: the old place of the name (RFC 5322 §A.6.3 warns of it, many still do it). */
  #comment = '';

  constructor(text: string) {
    this.#text = text;
    this.#end = Math.min(text.length, MAX_VALUE_LENGTH);
  }

  get isOver(): boolean {
    return this.#stop === END && this.#phrase === '';
  }

  /** Some `count` entries more, or all that are left; the last ones that are wanted end with groups closed. */
  take(count: number, isLast: boolean): Address[] {
    this.#out = [];
    let stop = this.#stop ?? this.#nextEntry();
    while (this.#out.length < count) {
      if (stop === LESS) stop = this.#angleAddress();
      else if (stop === AT) stop = this.#bareAddress();
      else {
        if (stop === COLON && !this.#inGroup) this.#openGroup();
        else this.#wordsOnly();
        if (stop === SEMICOLON) this.#closeGroup();
        if (stop === END) break;
        stop = this.#nextEntry();
      }
    }
    this.#stop = stop;
    if (isLast || this.isOver) this.#closeGroup();
    return this.#out;
  }

  #nextEntry(): number {
    this.#comment = '';
    this.#entryStart = this.#at;
    return this.#words();
  }

  /** `name <@route:local@host>`; the `<` is read. Returns what ended the words behind it. */
  #angleAddress(): number {
    let name = this.#phrase;
    const before = this.#comment;
    this.#comment = '';
    const wholeEnd = this.#end;
    const close = this.#angleEnd();
    if (close >= 0) this.#end = close;
    const inside = this.#inAngles(close >= 0);
    if (close >= 0) {
      this.#end = wholeEnd;
      this.#at = close + 1;
    }
    if (inside === undefined) return this.#asItStands();
    let { stop } = inside;
    if (close >= 0) {
      stop = this.#words();
      while (stop === GREATER && this.#phrase === '') stop = this.#words();
      if (stop === AT && this.#phrase === '') return this.#asItStands();
      if (name === '' && stop !== AT && stop !== LESS) name = this.#phrase;
    }
    if (name === '') name = this.#comment === '' ? before : this.#comment;
    for (const { adl, mailbox, host } of inside.found) {
      this.#push(name, adl, mailbox, host);
      name = '';
    }
    return this.#afterAddress(stop);
  }

  /**
   * One address, or several with commas between, up to where reading ends; without the bracket that closes, one up to a separator.
   * Undefined for anything else.
   */
  #inAngles(isClosed: boolean): { found: Place[]; stop: number } | undefined {
    const found: Place[] = [];
    for (let adl = this.#route(); ; adl = undefined) {
      let stop = this.#words();
      // `<a b>`, `<a b@c>`: not one word.
      if (this.#localStart > 0) return undefined;
      const mailbox = this.#local;
      let host = '';
      if (stop === AT) {
        host = this.#domain();
        stop = this.#words();
        if (this.#phrase !== '') return undefined;
      } else if (mailbox !== '' && found.length > 0) return undefined;
      const isEmpty = host === '' && mailbox === '';
      if (!isEmpty || found.length === 0) found.push({ adl, mailbox, host });
      if (stop === END || (!isClosed && (stop === COMMA || stop === SEMICOLON))) return { found, stop };
      if (stop !== COMMA || host === '') return undefined;
    }
  }

  /** Where the `>` stands that closes, or -1 when there is none before the next `<`. Takes further `<` along. */
  #angleEnd(): number {
    while (this.#at < this.#end && isSkippedAhead(this.#text.charCodeAt(this.#at))) this.#at++;
    const start = this.#at;
    let close = -1;
    while (close < 0 && this.#at < this.#end) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === GREATER) close = this.#at;
      else if (c === LESS) break;
      else if (c === OPEN) this.#skipComment();
      else if (c !== QUOTE || this.#hasOpenQuote || this.#quoted() === undefined) this.#at++;
    }
    this.#at = start;
    return close;
  }

  /** `local@host`, maybe with a comment for a name; the `@` is read. */
  #bareAddress(): number {
    const name = this.#phrase.slice(0, this.#localStart).trimEnd();
    const mailbox = this.#local;
    const host = this.#domain();
    const stop = this.#words();
    const isNext = stop === LESS || stop === AT;
    if (stop === LESS && this.#phrase === '') {
      // `a@b <a@b>`: an address used as the name of one, unquoted.
      this.#phrase = `${name === '' ? '' : `${name} `}${mailbox}@${host}`;
      return LESS;
    }
    // `a@b@c`, `a@b:25`, `a@b c`: where would the address end?
    if (this.#phrase === '' ? stop === AT || stop === COLON : !isNext) return this.#asItStands(stop);
    this.#push(name === '' ? this.#comment : name, undefined, mailbox, host);
    return this.#afterAddress(stop);
  }

  /** Behind an address only a separator or the start of the next one means anything. */
  #afterAddress(stop: number): number {
    if (stop === LESS || stop === AT) {
      this.#comment = '';
      this.#entryStart = this.#wordsStart;
      return stop;
    }
    return this.#afterEntry(stop);
  }

  #afterEntry(stop: number): number {
    if (stop === SEMICOLON) this.#closeGroup();
    if (stop === END) {
      this.#phrase = '';
      return END;
    }
    return this.#nextEntry();
  }

  /** The entry up to its separator, `stop` being what was read last, is a name. */
  #asItStands(stop = LESS): number {
    let last = stop;
    while (last !== COMMA && last !== SEMICOLON && last !== END) {
      last = this.#words();
      const close = last === LESS ? this.#angleEnd() : -1;
      if (close >= 0) this.#at = close + 1;
    }
    const end = last === END ? this.#at : this.#at - 1;
    const text = this.#text
      .slice(this.#entryStart, end)
      .replace(/[\r\n]+/g, '')
      .trim();
    this.#push(text, undefined, '', '');
    return this.#afterEntry(last);
  }

  /** Words that no address follows: one is taken for a local part, several for a name. */
  #wordsOnly(): void {
    if (this.#phrase === '') return;
    const phrase = this.#phrase;
    this.#phrase = '';
    if (this.#localStart === 0) this.#push(this.#comment, undefined, this.#local, '');
    else this.#push(phrase, undefined, '', '');
  }

  #push(name: string, adl: string | undefined, mailbox: string, host: string): void {
    this.#out.push({ ...(name !== '' && { name }), ...(adl !== undefined && { adl }), mailbox, host });
  }

  #openGroup(): void {
    this.#inGroup = true;
    this.#out.push({ mailbox: this.#phrase });
  }

  #closeGroup(): void {
    if (!this.#inGroup) return;
    this.#inGroup = false;
    this.#out.push({});
  }

  /** Reads words up to a sign that ends them, which is consumed and returned. */
  #words(): number {
    this.#phrase = '';
    this.#local = '';
    this.#localStart = 0;
    this.#endsWithDot = false;
    this.#wordsStart = -1;
    let hasGap = false;
    while (this.#at < this.#end) {
      const start = this.#at;
      const c = this.#text.charCodeAt(start);
      const kind = CLASS[c & 0xff] as number;
      if (kind === 0 || (c === QUOTE && this.#hasOpenQuote)) {
        if (this.#wordsStart < 0) this.#wordsStart = start;
        this.#at = this.#wordEnd(c === EQUALS ? this.#encodedWordEnd(start) : start + 1);
        this.#addWord(this.#text.slice(start, this.#at), hasGap, false);
        hasGap = false;
      } else if (c === QUOTE) {
        const word = this.#quoted();
        if (word === undefined) continue;
        if (this.#wordsStart < 0) this.#wordsStart = start;
        this.#addWord(word, hasGap, true);
        hasGap = false;
      } else if (kind === 2 || c === OPEN) {
        hasGap = true;
        if (c === OPEN) this.#comment = this.#readComment();
        else this.#at++;
      } else {
        this.#at++;
        if (this.#wordsStart < 0) this.#wordsStart = start;
        return c;
      }
    }
    return END;
  }

  /** Behind the encoded word at `at`, or behind one octet. */
  #encodedWordEnd(at: number): number {
    if (this.#text.charCodeAt(at + 1) !== QUESTION) return at + 1;
    ENCODED_WORD.lastIndex = at;
    const end = ENCODED_WORD.test(this.#text) ? ENCODED_WORD.lastIndex : at + 1;
    return Math.min(end, this.#end);
  }

  #addWord(word: string, hasGap: boolean, isQuoted: boolean): void {
    const isFirst = this.#phrase === '';
    // Obsolete local parts have white space around their dots (RFC 5322 §4.4); names have it behind a dot.
    if (!hasGap || this.#endsWithDot || (!isQuoted && word.charCodeAt(0) === DOT)) this.#local += word;
    else {
      this.#local = word;
      this.#localStart = isFirst ? 0 : this.#phrase.length;
    }
    this.#endsWithDot = !isQuoted && word.charCodeAt(word.length - 1) === DOT;
    this.#phrase = isFirst ? word : this.#phrase + (hasGap ? ` ${word}` : word);
  }

  #wordEnd(from: number): number {
    let i = from;
    while (i < this.#end && CLASS[this.#text.charCodeAt(i) & 0xff] === 0) i++;
    return i;
  }

  /** The content of the quoted string at the cursor, or undefined when it has no end: then `"` is an octet. */
  #quoted(): string | undefined {
    const from = this.#at + 1;
    const end = closing(this.#text, from, this.#end);
    if (end < 0) {
      this.#hasOpenQuote = true;
      return undefined;
    }
    this.#at = end + 1;
    return unquote(this.#text.slice(from, end));
  }

  #readComment(): string {
    const from = this.#at + 1;
    const end = this.#skipComment();
    return unquote(this.#text.slice(from, end)).trim();
  }

  /** Goes behind the comment at the cursor; returns where its text ends. */
  #skipComment(): number {
    let depth = 1;
    let i = this.#at + 1;
    for (; i < this.#end; i++) {
      const c = this.#text.charCodeAt(i);
      if (c === BACKSLASH) i++;
      else if (c === OPEN) depth++;
      else if (c === CLOSE && --depth === 0) break;
    }
    this.#at = Math.min(i + 1, this.#end);
    return Math.min(i, this.#end);
  }

  /** `@a,@b:` before the local part; the cursor stays when there is none. */
  #route(): string | undefined {
    let i = this.#at;
    while (i < this.#end && CLASS[this.#text.charCodeAt(i)] === 2) i++;
    if (this.#text.charCodeAt(i) !== AT) return undefined;
    const start = this.#at;
    let route = '';
    for (;;) {
      const stop = this.#words();
      if (stop === AT) route += `${route === '' ? '' : ','}@${this.#domain()}`;
      else if (stop === COLON) return route;
      else if (stop !== COMMA) break;
    }
    // No colon: not a route. `<@host>` is an address without a local part.
    this.#at = start;
    return undefined;
  }

  /** A dot-atom or literal, white space and comments inside left out. */
  #domain(): string {
    let host = '';
    let endsWithDot = true;
    while (this.#at < this.#end) {
      const start = this.#at;
      const c = this.#text.charCodeAt(start);
      if (CLASS[c & 0xff] === 2) this.#at++;
      else if (c === OPEN) this.#comment = this.#readComment();
      else if (c === BRACKET && host === '') return this.#domainLiteral();
      else {
        const end = this.#wordEnd(start);
        if (end === start || (!endsWithDot && c !== DOT)) break;
        host += this.#text.slice(start, end);
        endsWithDot = this.#text.charCodeAt(end - 1) === DOT;
        this.#at = end;
      }
    }
    return host;
  }

  /** `[...]` with its brackets. No literal is longer than a domain may be, so the search for `]` is short. */
  #domainLiteral(): string {
    const start = this.#at;
    const limit = Math.min(start + MAX_DOMAIN_LENGTH, this.#end);
    let end = start;
    while (end < limit && this.#text.charAt(end) !== ']' && this.#text.charAt(end) !== '>') end++;
    if (end === limit || this.#text.charAt(end) === '>') this.#at = this.#wordEnd(start);
    else this.#at = end + 1;
    return unquote(this.#text.slice(start, this.#at));
  }
}

/** An address without its name. */
interface Place {
  readonly adl: string | undefined;
  readonly mailbox: string;
  readonly host: string;
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
