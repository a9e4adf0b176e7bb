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
import { AddressWords, AT, COLON, COMMA, END, GREATER, LESS, SEMICOLON } from './address-words.ts';

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

export function parseAddressList(value: Uint8Array | string): Address[] {
  const reader = new AddressReader(typeof value === 'string' ? value : latin1(value));
  return reader.take(MAX_ADDRESSES, true);
}

/** The same list piece by piece, each a millisecond's work at most; who needs no more stops asking. */
export class AddressBatches {
  readonly #reader: AddressReader;
  #left = MAX_ADDRESSES;

  constructor(value: Uint8Array) {
    this.#reader = new AddressReader(latin1(value));
  }

  get isOver(): boolean {
    return this.#left <= 0 || this.#reader.isOver;
  }

  next(): readonly Address[] {
    this.#left -= BATCH;
    return this.#reader.take(BATCH, this.#left <= 0);
  }
}

/** True for the markers that open and close a group. */
export function isGroupMarker(address: Address): boolean {
  return address.host === undefined;
}

class AddressReader {
  readonly #words: AddressWords;
  #out: Address[] = [];
  /** What ended the words that were read last; undefined before the first. */
  #stop: number | undefined;
  #inGroup = false;
  #entryStart = 0;

  constructor(text: string) {
    this.#words = new AddressWords(text);
  }

  get isOver(): boolean {
    return this.#stop === END && this.#words.phrase === '';
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
    this.#words.comment = '';
    this.#entryStart = this.#words.at;
    return this.#words.next();
  }

  /** `name <@route:local@host>`; the `<` is read. Returns what ended the words behind it. */
  #angleAddress(): number {
    let name = this.#words.phrase;
    const before = this.#words.comment;
    this.#words.comment = '';
    const wholeEnd = this.#words.end;
    const close = this.#words.angleEnd();
    if (close >= 0) this.#words.end = close;
    const inside = this.#inAngles(close >= 0);
    if (close >= 0) {
      this.#words.end = wholeEnd;
      this.#words.at = close + 1;
    }
    if (inside === undefined) return this.#asItStands();
    let { stop } = inside;
    if (close >= 0) {
      stop = this.#words.next();
      while (stop === GREATER && this.#words.phrase === '') stop = this.#words.next();
      if (stop === AT && this.#words.phrase === '') return this.#asItStands();
      if (name === '' && stop !== AT && stop !== LESS) name = this.#words.phrase;
    }
    if (name === '') name = this.#words.comment === '' ? before : this.#words.comment;
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
    for (let adl = this.#words.route(); ; adl = undefined) {
      let stop = this.#words.next();
      // `<a b>`, `<a b@c>`: not one word.
      if (this.#words.localStart > 0) return undefined;
      const mailbox = this.#words.local;
      let host = '';
      if (stop === AT) {
        host = this.#words.domain();
        stop = this.#words.next();
        if (this.#words.phrase !== '') return undefined;
      } else if (mailbox !== '' && found.length > 0) return undefined;
      const isEmpty = host === '' && mailbox === '';
      if (!isEmpty || found.length === 0) found.push({ adl, mailbox, host });
      if (stop === END || (!isClosed && (stop === COMMA || stop === SEMICOLON))) return { found, stop };
      if (stop !== COMMA || host === '') return undefined;
    }
  }

  /** `local@host`, maybe with a comment for a name; the `@` is read. */
  #bareAddress(): number {
    const name = this.#words.phrase.slice(0, this.#words.localStart).trimEnd();
    const mailbox = this.#words.local;
    const host = this.#words.domain();
    const stop = this.#words.next();
    const isNext = stop === LESS || stop === AT;
    if (stop === LESS && this.#words.phrase === '') {
      // `a@b <a@b>`: an address used as the name of one, unquoted.
      this.#words.phrase = `${name === '' ? '' : `${name} `}${mailbox}@${host}`;
      return LESS;
    }
    // `a@b@c`, `a@b:25`, `a@b c`: where would the address end?
    if (this.#words.phrase === '' ? stop === AT || stop === COLON : !isNext) return this.#asItStands(stop);
    this.#push(name === '' ? this.#words.comment : name, undefined, mailbox, host);
    return this.#afterAddress(stop);
  }

  /** Behind an address only a separator or the start of the next one means anything. */
  #afterAddress(stop: number): number {
    if (stop === LESS || stop === AT) {
      this.#words.comment = '';
      this.#entryStart = this.#words.wordsStart;
      return stop;
    }
    return this.#afterEntry(stop);
  }

  #afterEntry(stop: number): number {
    if (stop === SEMICOLON) this.#closeGroup();
    if (stop === END) {
      this.#words.phrase = '';
      return END;
    }
    return this.#nextEntry();
  }

  /** The entry up to its separator, `stop` being what was read last, is a name. */
  #asItStands(stop = LESS): number {
    let last = stop;
    while (last !== COMMA && last !== SEMICOLON && last !== END) {
      last = this.#words.next();
      const close = last === LESS ? this.#words.angleEnd() : -1;
      if (close >= 0) this.#words.at = close + 1;
    }
    const end = last === END ? this.#words.at : this.#words.at - 1;
    const text = this.#words.text
      .slice(this.#entryStart, end)
      .replace(/[\r\n]+/g, '')
      .trim();
    this.#push(text, undefined, '', '');
    return this.#afterEntry(last);
  }

  /** Words that no address follows: one is taken for a local part, several for a name. */
  #wordsOnly(): void {
    if (this.#words.phrase === '') return;
    const phrase = this.#words.phrase;
    this.#words.phrase = '';
    if (this.#words.localStart === 0) this.#push(this.#words.comment, undefined, this.#words.local, '');
    else this.#push(phrase, undefined, '', '');
  }

  #push(name: string, adl: string | undefined, mailbox: string, host: string): void {
    this.#out.push({ ...(name !== '' && { name }), ...(adl !== undefined && { adl }), mailbox, host });
  }

  #openGroup(): void {
    this.#inGroup = true;
    this.#out.push({ mailbox: this.#words.phrase });
  }

  #closeGroup(): void {
    if (!this.#inGroup) return;
    this.#inGroup = false;
    this.#out.push({});
  }
}

/** An address without its name. */
interface Place {
  readonly adl: string | undefined;
  readonly mailbox: string;
  readonly host: string;
}
