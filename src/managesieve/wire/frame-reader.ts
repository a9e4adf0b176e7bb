/**
 * Octets to frames: a line of words, with the literals that stand in it (RFC 5804 §1.2, §4). Pure: no socket, no session, no
 * command is known here.
 *
 * A frame ends with its line, however wrong it is, so that what follows is read as what it is. What is too large is counted and
 * thrown away, up to a bound beyond which there is no going on. Octets are looked at once, however they drip in.
 */
import { CR, LF } from '../../base/bytes.ts';

export type Word =
  | { readonly kind: 'string'; readonly bytes: Buffer }
  | { readonly kind: 'number'; readonly value: number }
  /** An atom, as a command's name is. */
  | { readonly kind: 'atom'; readonly text: string };

export type Frame =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  /** `words` before the fault. */
  | { readonly kind: 'fault'; readonly fault: Fault; readonly words: readonly Word[] };

/** `too-long`: nobody knows where the next command begins. `too-large`: a literal; it was read to its end. */
export interface Fault {
  readonly kind: 'syntax' | 'too-large' | 'too-long';
  readonly text: string;
}

export interface FrameLimits {
  /** Without literals. */
  readonly lineBytes: number;
  /** All literals of a frame together. */
  readonly literalBytes: number;
  /** Of literals that are too large. */
  readonly discardBytes: number;
}

const MAX_WORDS = 8;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const SPACE = 0x20;

export class FrameReader {
  #limits: FrameLimits;
  #bytes = Buffer.allocUnsafe(1024);
  #from = 0;
  #to = 0;
  /** Where the word at hand begins; how far it was looked at. */
  #at = 0;
  #words: Word[] = [];
  #fault: Fault | undefined;
  /** Octets of the line, and of its literals. */
  #lineBytes = 0;
  #literalBytes = 0;
  /** Of a literal that is thrown away. */
  #discarding = 0;
  #discarded = 0;
  /** Octets of a literal that are to come. */
  #literal: number | undefined;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  setLimits(limits: FrameLimits): void {
    this.#limits = limits;
  }

  push(bytes: Buffer): void {
    const length = this.#to - this.#from;
    if (this.#bytes.length - this.#to < bytes.length) {
      const room = length + bytes.length;
      const larger = room > this.#bytes.length ? Buffer.allocUnsafe(2 * room) : this.#bytes;
      this.#bytes.copy(larger, 0, this.#from, this.#to);
      this.#bytes = larger;
      this.#at -= this.#from;
      this.#from = 0;
      this.#to = length;
    }
    bytes.copy(this.#bytes, this.#to);
    this.#to += bytes.length;
  }

  /** Undefined: no whole frame is there yet. */
  take(): Frame | undefined {
    for (;;) {
      if (this.#fault?.kind === 'too-long') return this.#end();
      if (this.#discarding > 0 && !this.#discard()) return undefined;
      if (this.#literal !== undefined && !this.#takeLiteral()) return undefined;
      const step = this.#takeWord();
      if (step === 'more') return undefined;
      if (step === 'end') return this.#end();
    }
  }

  /** What nobody has read yet: somebody else goes on from here. */
  takeUnread(): Buffer {
    const unread = Buffer.from(this.#bytes.subarray(this.#from, this.#to));
    this.drop();
    return unread;
  }

  drop(): void {
    this.#bytes = Buffer.allocUnsafe(1024);
    this.#from = 0;
    this.#to = 0;
    this.#at = 0;
    this.#begin();
  }

  #end(): Frame {
    const words = this.#words;
    const fault = this.#fault;
    this.#begin();
    return fault === undefined ? { kind: 'words', words } : { kind: 'fault', fault, words };
  }

  #begin(): void {
    this.#words = [];
    this.#fault = undefined;
    this.#lineBytes = 0;
    this.#literalBytes = 0;
    this.#discarded = 0;
    this.#discarding = 0;
    this.#literal = undefined;
  }

  #takeWord(): 'more' | 'again' | 'end' {
    const bytes = this.#bytes;
    while (this.#from < this.#to && bytes[this.#from] === SPACE) this.#use(1);
    this.#at = Math.max(this.#at, this.#from);
    const first = bytes[this.#from];
    if (this.#from === this.#to) return this.#waitForMore(0);
    if (first === LF) return this.#lineEnds(1);
    if (first === CR) {
      if (this.#from + 1 === this.#to) return this.#waitForMore(1);
      if (bytes[this.#from + 1] === LF) return this.#lineEnds(2);
      return this.#skip(1, 'a carriage return within a line');
    }
    if (first === QUOTE) return this.#takeQuoted();
    if (first === BRACE) return this.#takeBrace();
    return this.#takeAtom();
  }

  /** A line that never ends must not fill memory. */
  #waitForMore(pending: number): 'more' | 'end' {
    if (this.#lineBytes + pending <= this.#limits.lineBytes) return 'more';
    this.#fault = { kind: 'too-long', text: `a line can have at most ${this.#limits.lineBytes} octets` };
    return 'end';
  }

  #lineEnds(octets: number): 'end' {
    this.#use(octets);
    return 'end';
  }

  #takeQuoted(): 'more' | 'again' | 'end' {
    const bytes = this.#bytes;
    let at = Math.max(this.#at, this.#from + 1);
    for (; at < this.#to; at++) {
      const octet = bytes[at];
      if (octet === BACKSLASH) {
        if (at + 1 === this.#to) break;
        at++;
      } else if (octet === QUOTE) {
        const text = unescaped(bytes.subarray(this.#from + 1, at));
        this.#use(at + 1 - this.#from);
        return this.#add({ kind: 'string', bytes: text });
      } else if (octet === LF || octet === CR) {
        return this.#skip(at - this.#from, 'a string in quotes ends on its line');
      }
    }
    this.#at = at;
    return this.#waitForMore(this.#to - this.#from);
  }

  /** `{5+}` and `{5}`: whoever waits for leave to send a literal waits for ever (RFC 5804 §4, literal-c2s). */
  #takeBrace(): 'more' | 'again' | 'end' {
    const lf = this.#bytes.indexOf(LF, this.#at);
    if (lf < 0 || lf >= this.#to) {
      this.#at = this.#to;
      return this.#waitForMore(this.#to - this.#from);
    }
    const text = this.#bytes.toString('latin1', this.#from, Math.min(lf, this.#from + 32)).trimEnd();
    const size = /^\{(\d{1,15})\+?\}$/.exec(text)?.[1];
    if (size === undefined) return this.#skip(lf - this.#from, `"${text}" is no literal`);
    this.#use(lf + 1 - this.#from);
    this.#begunLiteral(Number(size));
    return this.#fault?.kind === 'too-long' ? 'end' : 'again';
  }

  #begunLiteral(size: number): void {
    const { literalBytes, discardBytes } = this.#limits;
    this.#literalBytes += size;
    if (this.#literalBytes <= literalBytes) {
      this.#literal = size;
      return;
    }
    const text = `a script can have at most ${literalBytes} octets`;
    const isTooMuch = this.#discarded + size > discardBytes;
    this.#fault ??= { kind: 'too-large', text };
    if (isTooMuch) this.#fault = { kind: 'too-long', text };
    this.#discarding = size;
    this.#discarded += size;
  }

  /** False: more is to come. */
  #discard(): boolean {
    const some = Math.min(this.#discarding, this.#to - this.#from);
    this.#from += some;
    this.#discarding -= some;
    return this.#discarding === 0;
  }

  #takeLiteral(): boolean {
    const size = this.#literal as number;
    if (this.#to - this.#from < size) return false;
    const bytes = Buffer.from(this.#bytes.subarray(this.#from, this.#from + size));
    this.#from += size;
    this.#literal = undefined;
    this.#add({ kind: 'string', bytes });
    return true;
  }

  #takeAtom(): 'more' | 'again' | 'end' {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < this.#to && isAtomOctet(bytes[at] as number)) at++;
    this.#at = at;
    if (at === this.#to) return this.#waitForMore(at - this.#from);
    if (at === this.#from) return this.#skip(1, 'this is neither a word nor a string');
    const text = bytes.toString('latin1', this.#from, at);
    this.#use(at - this.#from);
    if (/^\d+$/.test(text) && this.#words.length > 0)
      return this.#add({ kind: 'number', value: Number(text) });
    return this.#add({ kind: 'atom', text });
  }

  #skip(octets: number, text: string): 'again' {
    this.#fault ??= { kind: 'syntax', text };
    this.#use(octets);
    return 'again';
  }

  #add(word: Word): 'again' {
    if (this.#words.length < MAX_WORDS) this.#words.push(word);
    else this.#fault ??= { kind: 'syntax', text: 'too many words' };
    return 'again';
  }

  #use(octets: number): void {
    this.#from += octets;
    this.#lineBytes += octets;
    this.#at = this.#from;
  }
}

/** Letters, digits and what names of commands and mechanisms have. */
function isAtomOctet(octet: number): boolean {
  return octet > SPACE && octet < 0x7f && octet !== QUOTE && octet !== BRACE && octet !== BACKSLASH;
}

function unescaped(bytes: Buffer): Buffer {
  if (!bytes.includes(BACKSLASH)) return Buffer.from(bytes);
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH && at + 1 < bytes.length) at++;
    out[length++] = bytes[at] as number;
  }
  return out.subarray(0, length);
}
