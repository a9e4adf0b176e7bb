/**
 * Address lists of RFC 5322 §3.4 and §4.4: mailboxes, groups, source routes, comments, and the broken lists people
 * send.
 *
 * Promises: never throws, reads each octet once, gives at most MAX_ADDRESSES entries, keeps octets as they are
 * (latin1 strings in and out: encoded words and 8-bit names are not decoded here). Groups come as IMAP's ENVELOPE
 * wants them (RFC 9051 §7.5.2): a start marker has only `mailbox`, the group's name; an end marker has nothing. A
 * group that is never closed gets its end marker, so markers always pair. Leaves to others: whether an address is
 * any good.
 *
 * What cannot be read as an address becomes one with an empty host: what was there stays visible to the person.
 */

import { latin1 } from '../base/bytes.ts';

export interface Address {
  readonly name?: string;
  /** Source route, RFC 5322 §4.4 `obs-route` without its colon. */
  readonly adl?: string;
  readonly mailbox?: string;
  readonly host?: string;
}

export const MAX_ADDRESSES = 1000;
/** Of a value longer than this, the rest is not looked at. */
const MAX_VALUE_LENGTH = 1024 * 1024;
const MAX_DOMAIN_LENGTH = 255;

export function parseAddressList(value: Uint8Array | string): Address[] {
  if (typeof value === 'string') return new AddressReader(value).list();
  return new AddressReader(latin1(value)).list();
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

/** 1 ends a word and means something, 2 is white space or a control and ends it too, 0 belongs to it. */
const CLASS = new Uint8Array(256);
for (let c = 0; c <= 0x20; c++) CLASS[c] = 2;
CLASS[0x7f] = 2;
for (const c of [QUOTE, OPEN, COMMA, COLON, SEMICOLON, LESS, GREATER, AT]) CLASS[c] = 1;

class AddressReader {
  readonly #text: string;
  readonly #end: number;
  readonly #out: Address[] = [];
  #at = 0;
  #inGroup = false;
  /** Once a quote or comment is seen to lack its end no later one can have it: looking again would cost O(n^2). */
  #hasOpenQuote = false;
  /** The words since the last separator, with single spaces. */
  #phrase = '';
  /** The last of them, dots and what touches them joined: the local part if an `@` follows. */
  #local = '';
  #localStart = 0;
  #isLocalQuoted = false;
  #endsWithDot = false;
  /** The text of the last comment: the old place of the name (RFC 5322 §A.6.3 warns of it, many still do it). */
  #comment = '';

  constructor(text: string) {
    this.#text = text;
    this.#end = Math.min(text.length, MAX_VALUE_LENGTH);
  }

  list(): Address[] {
    let stop = this.#words();
    while (this.#out.length < MAX_ADDRESSES) {
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
    this.#closeGroup();
    return this.#out;
  }

  #nextEntry(): number {
    this.#comment = '';
    return this.#words();
  }

  /** `name <@route:local@host>`; the `<` is read. Returns what ended the words behind it. */
  #angleAddress(): number {
    let name = this.#phrase;
    const before = this.#comment;
    this.#comment = '';
    const adl = this.#route();
    let stop = this.#words();
    while (stop === LESS && this.#phrase === '') stop = this.#words();
    let mailbox = this.#localPart();
    let host = '';
    for (let isFirst = true; stop === AT; isFirst = false) {
      // `<a@b@c>`: only the last part can be a host.
      if (!isFirst) mailbox = `${mailbox}@${host}`;
      host = this.#domain();
      stop = this.#words();
    }
    while (stop === COLON || stop === LESS) stop = this.#words();
    if (stop === GREATER) {
      stop = this.#words();
      if (name === '' && stop !== AT && stop !== LESS) name = this.#phrase;
    }
    if (name === '') name = this.#comment === '' ? before : this.#comment;
    this.#push(name, adl, mailbox, host);
    return this.#afterAddress(stop);
  }

  /** `local@host`, maybe with a comment for a name; the `@` is read. */
  #bareAddress(): number {
    const name = this.#phrase.slice(0, this.#localStart).trimEnd();
    const mailbox = this.#localPart();
    const host = this.#domain();
    const stop = this.#words();
    if (stop === LESS && this.#phrase === '') {
      // `a@b <a@b>`: an address used as the name of one, unquoted.
      this.#phrase = `${name === '' ? '' : `${name} `}${mailbox}@${host}`;
      return LESS;
    }
    this.#push(name === '' ? this.#comment : name, undefined, mailbox, host);
    return this.#afterAddress(stop);
  }

  /** Behind an address only a separator or the start of the next one means anything. */
  #afterAddress(stop: number): number {
    if (stop === LESS || stop === AT) {
      this.#comment = '';
      return stop;
    }
    if (stop === SEMICOLON) this.#closeGroup();
    if (stop === END) {
      this.#phrase = '';
      return END;
    }
    return this.#nextEntry();
  }

  /** Words that no address follows: one is taken for a local part, several for a name. */
  #wordsOnly(): void {
    if (this.#phrase === '') return;
    if (this.#localStart === 0) this.#push(this.#comment, undefined, this.#localPart(), '');
    else this.#push(this.#phrase, undefined, '', '');
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
    this.#isLocalQuoted = false;
    this.#endsWithDot = false;
    let hasGap = false;
    while (this.#at < this.#end) {
      const start = this.#at;
      const c = this.#text.charCodeAt(start);
      const kind = CLASS[c & 0xff] as number;
      if (kind === 0 || (c === QUOTE && this.#hasOpenQuote)) {
        this.#at = this.#wordEnd(start + 1);
        this.#addWord(this.#text.slice(start, this.#at), hasGap, false);
        hasGap = false;
      } else if (c === QUOTE) {
        const word = this.#quoted();
        if (word === undefined) continue;
        this.#addWord(word, hasGap, true);
        hasGap = false;
      } else if (kind === 2 || c === OPEN) {
        hasGap = true;
        if (c === OPEN) this.#comment = this.#readComment();
        else this.#at++;
      } else {
        this.#at++;
        return c;
      }
    }
    return END;
  }

  #addWord(word: string, hasGap: boolean, isQuoted: boolean): void {
    const isFirst = this.#phrase === '';
    // Obsolete local parts have white space around their dots (RFC 5322 §4.4); names have it behind a dot.
    if (!hasGap || this.#endsWithDot || (!isQuoted && word.charCodeAt(0) === DOT)) this.#local += word;
    else {
      this.#local = word;
      this.#localStart = isFirst ? 0 : this.#phrase.length;
      this.#isLocalQuoted = false;
    }
    if (isQuoted) this.#isLocalQuoted = true;
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
    let depth = 1;
    let i = from;
    for (; i < this.#end; i++) {
      const c = this.#text.charCodeAt(i);
      if (c === BACKSLASH) i++;
      else if (c === OPEN) depth++;
      else if (c === CLOSE && --depth === 0) break;
    }
    this.#at = Math.min(i + 1, this.#end);
    return unquote(this.#text.slice(from, Math.min(i, this.#end))).trim();
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

  /** As `local-part` wants it: a quoted one that is no dot-atom keeps its quotes, so `mailbox@host` is an address. */
  #localPart(): string {
    if (!this.#isLocalQuoted || /^[^\x00-\x20"(),:;<>@[\\\]\x7f]+$/.test(this.#local)) return this.#local;
    return `"${this.#local.replace(/["\\]/g, '\\$&')}"`;
  }
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
