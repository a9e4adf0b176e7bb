/**
 * The mirror of the grammar: values to bytes, for all that the server says.
 *
 * A growing output buffer that never copies what it has written: when a slab is full the next one begins, and large
 * bodies are queued by reference. The invariant, and the choke point: nothing with CR, LF or NUL leaves as part of an
 * atom, a text or a quoted string, so no stored name or subject can forge a response line. Strings choose their form
 * (atom, quoted, literal) here and nowhere else. It knows where the last line ended, so a line that cannot be finished is
 * taken back whole.
 *
 * Leaves to others: what is said, in which order, and when it is sent (`sizeBytes` tells when it is time).
 */
import { Bug } from '../../base/invariant.ts';
import { SYSTEM_FLAG_BITS, SYSTEM_FLAG_NAMES } from '../../mail/flags.ts';
import { encodeModifiedUtf7 } from '../../mail/modified-utf7.ts';
import { ASTRING, CLASS, QUOTED } from './chars.ts';

const SP = 0x20;
const DQUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BACKSLASH = 0x5c;

/** A fresh writer serves one short answer; idle sessions must not hold more. */
const FIRST_SLAB_BYTES = 1024;
const MAX_SLAB_BYTES = 64 * 1024;
const SMALL_ANSWER_BYTES = 4096;
/** From here on a reference is cheaper than a copy. */
const REFERENCE_BYTES = 2048;
/** A longer quoted string makes the reader scan for its end; a literal says its length. */
const MAX_QUOTED_BYTES = 1024;
const ALL_BITS = 31;

/** The bytes of every combination of system flags, without parentheses; at index 32 + bits with `\Recent` last. */
const FLAG_BYTES: readonly Buffer[] = Object.freeze(buildFlagBytes());

export class WireWriter {
  /** True after ENABLE UTF8=ACCEPT or IMAP4rev2: UTF-8 may stand in quoted strings, and names are UTF-8. */
  isUtf8 = false;
  /** How texts for people are said; undefined: as they are written, in English (RFC 5255 §3). */
  words: ((english: string) => string) | undefined;
  #done: Buffer[] = [];
  #doneBytes = 0;
  #slab: Buffer = Buffer.allocUnsafe(FIRST_SLAB_BYTES);
  #slabBytes = FIRST_SLAB_BYTES;
  /** The slab holds what is not yet taken from here up to `#at`. */
  #from = 0;
  #at = 0;
  /** Octets of `sizeBytes` that are whole lines. */
  #wholeBytes = 0;
  #markBytes = 0;
  /** The beginning of the open line was taken. */
  #isCut = false;

  /** Octets written and not yet taken. */
  get sizeBytes(): number {
    return this.#doneBytes + this.#at - this.#from;
  }

  /** Nothing is open, here or with what was taken. */
  get isBetweenLines(): boolean {
    return !this.#isCut && this.sizeBytes === this.#wholeBytes;
  }

  /** Remembers what is written by now. */
  mark(): void {
    this.#markBytes = this.sizeBytes;
  }

  /** Whether something is here that was written after the last `mark`. */
  get isBeyondMark(): boolean {
    return this.sizeBytes > this.#markBytes;
  }

  /** Everything written since the last call, in order. The buffers are the caller's and never written again. */
  take(): Buffer[] {
    this.#close();
    const all = this.#done;
    if (this.#doneBytes > this.#wholeBytes) this.#isCut = true;
    this.#wholeBytes = 0;
    this.#markBytes = 0;
    // A session that has little to say must not keep the slab of its last long answer.
    if (this.#doneBytes < SMALL_ANSWER_BYTES) {
      this.#slabBytes = FIRST_SLAB_BYTES;
      if (this.#slab.length > SMALL_ANSWER_BYTES) this.#newSlab(FIRST_SLAB_BYTES);
    }
    this.#done = [];
    this.#doneBytes = 0;
    return all;
  }

  /** Forgets what was written since `sizeBytes` was `size`; used to take back a response whose data could not be read. */
  truncate(size: number): void {
    this.#close();
    let excess = this.#doneBytes - size;
    if (excess < 0) throw new Bug('truncate beyond what was written');
    while (excess > 0) {
      const last = this.#done.pop() as Buffer;
      excess -= last.length;
      if (excess < 0) this.#done.push(last.subarray(0, -excess));
    }
    this.#doneBytes = size;
    this.#wholeBytes = Math.min(this.#wholeBytes, size);
    this.#markBytes = Math.min(this.#markBytes, size);
  }

  /** Takes back the line that was not finished; false when its beginning was taken already. */
  dropOpenLine(): boolean {
    if (this.#isCut) return false;
    this.truncate(this.#wholeBytes);
    return true;
  }

  /** Octets as they are: stored responses, bodies. Large ones are kept by reference and must not change any more. */
  raw(bytes: Uint8Array): this {
    const count = bytes.length;
    if (count >= REFERENCE_BYTES) return this.#reference(bytes);
    this.#reserve(count);
    if (count > 24) {
      this.#slab.set(bytes, this.#at);
      this.#at += count;
      return this;
    }
    const slab = this.#slab;
    let at = this.#at;
    for (let i = 0; i < count; i++) slab[at++] = bytes[i] as number;
    this.#at = at;
    return this;
  }

  /** Protocol words and punctuation: printable ASCII of our own making. */
  ascii(text: string): this {
    this.#reserve(text.length);
    const slab = this.#slab;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      assertAscii(c);
      slab[at++] = c;
    }
    this.#at = at;
    return this;
  }

  /** resp-text: human words, which may quote what a client chose. What would end the line becomes a space. */
  text(text: string): this {
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x20 || c > 0x7e) return this.#foreignText(text);
    }
    return this.ascii(text);
  }

  /** resp-text of our own, in the client's language. */
  said(english: string): this {
    return this.text(this.words === undefined ? english : this.words(english));
  }

  sp(): this {
    return this.#byte(SP);
  }

  open(): this {
    return this.#byte(OPEN);
  }

  close(): this {
    return this.#byte(CLOSE);
  }

  /** Ends a response. */
  crlf(): this {
    this.#lineEnd();
    this.#wholeBytes = this.sizeBytes;
    this.#isCut = false;
    return this;
  }

  nil(): this {
    return this.ascii('NIL');
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): this {
    if (value > 0x7fff_ffff || value < 0 || (value | 0) !== value) return this.#largeNumber(value);
    this.#reserve(10);
    let rest = value | 0;
    let digits = 1;
    for (let bound = 10; digits < 10 && rest >= bound; bound *= 10) digits++;
    const slab = this.#slab;
    let at = this.#at + digits;
    this.#at = at;
    do {
      const tenth = (rest / 10) | 0;
      slab[--at] = 0x30 + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
    return this;
  }

  /** `string`: quoted where it can be, else a literal. A string is UTF-8; octets go out as they are. */
  string(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const escapes = this.#escapesToQuote(bytes);
    if (escapes === undefined) return this.literal(bytes);
    this.#reserve(bytes.length + escapes + 2);
    const slab = this.#slab;
    let at = this.#at;
    slab[at++] = DQUOTE;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte === DQUOTE || byte === BACKSLASH) slab[at++] = BACKSLASH;
      slab[at++] = byte;
    }
    slab[at++] = DQUOTE;
    this.#at = at;
    return this;
  }

  /** An atom when it is one, but never the word NIL, which a reader could take for nothing. */
  astring(value: string): this {
    if (!isAstringAtom(value)) return this.string(value);
    return this.ascii(value);
  }

  /** A canonical UTF-8 name in the form that this client reads (RFC 3501 §5.1.3, RFC 6855 §3). */
  mailbox(name: string, isUtf8 = this.isUtf8): this {
    return this.astring(isUtf8 ? name : encodeModifiedUtf7(name));
  }

  /** `(\Seen $Forwarded)`. `keywords` are atoms, judged when they came in. */
  flagList(bits: number, keywords: readonly string[] = [], isRecent = false): this {
    this.#byte(OPEN);
    const system = FLAG_BYTES[(bits & ALL_BITS) + (isRecent ? ALL_BITS + 1 : 0)] as Buffer;
    this.raw(system);
    for (let i = 0; i < keywords.length; i++) {
      if (i > 0 || system.length > 0) this.#byte(SP);
      this.ascii(keywords[i] as string);
    }
    return this.#byte(CLOSE);
  }

  /** `{n}` and the octets. */
  literal(bytes: Uint8Array): this {
    return this.literalHeader(bytes.length).raw(bytes);
  }

  /** The announcement alone, for a body that is written in pieces; exactly `sizeBytes` octets of `raw` must follow. */
  literalHeader(sizeBytes: number): this {
    return this.#byte(0x7b).number(sizeBytes).#byte(0x7d).#lineEnd();
  }

  /** `~{n}`: the only form for octets with NUL (RFC 3516 §4.4). */
  literal8Header(sizeBytes: number): this {
    return this.#byte(0x7e).literalHeader(sizeBytes);
  }

  #lineEnd(): this {
    this.#reserve(2);
    this.#slab[this.#at++] = 0x0d;
    this.#slab[this.#at++] = 0x0a;
    return this;
  }

  #byte(byte: number): this {
    this.#reserve(1);
    this.#slab[this.#at++] = byte;
    return this;
  }

  #largeNumber(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new Bug(`writer: ${value} is no number of IMAP`);
    return this.ascii(String(value));
  }

  #foreignText(text: string): this {
    const bytes = Buffer.from(text);
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte < 0x20 || byte === 0x7f) bytes[i] = SP;
      // RFC 9051 §9 `text`: UTF-8 only for those who have enabled it, or asked for a language (RFC 5255 §3.2).
      else if (byte > 0x7f && !this.isUtf8 && this.words === undefined) bytes[i] = 0x3f;
    }
    return this.raw(bytes);
  }

  /** How many octets need a backslash; undefined when the string cannot be quoted. */
  #escapesToQuote(bytes: Uint8Array): number | undefined {
    if (bytes.length > MAX_QUOTED_BYTES) return undefined;
    let escapes = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (((CLASS[byte] as number) & QUOTED) !== 0) continue;
      if (byte === DQUOTE || byte === BACKSLASH) escapes++;
      else if (byte < 0x80 || !this.isUtf8) return undefined;
    }
    return escapes;
  }

  #reference(bytes: Uint8Array): this {
    this.#close();
    this.#done.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#doneBytes += bytes.length;
    return this;
  }

  /** Ends the current run of the slab; what is written next goes behind it. */
  #close(): void {
    if (this.#at === this.#from) return;
    this.#done.push(this.#slab.subarray(this.#from, this.#at));
    this.#doneBytes += this.#at - this.#from;
    this.#from = this.#at;
  }

  #reserve(count: number): void {
    if (this.#slab.length - this.#at >= count) return;
    this.#close();
    this.#slabBytes = Math.min(MAX_SLAB_BYTES, this.#slabBytes * 4);
    this.#newSlab(Math.max(this.#slabBytes, count));
  }

  #newSlab(size: number): void {
    this.#slab = Buffer.allocUnsafe(size);
    this.#from = 0;
    this.#at = 0;
  }
}

/** What `ascii` would write, to be written many times by `raw`. */
export function asciiOctets(text: string): Buffer {
  for (let i = 0; i < text.length; i++) assertAscii(text.charCodeAt(i));
  return Buffer.from(text, 'latin1');
}

function assertAscii(c: number): void {
  if (c < 0x20 || c > 0x7e) throw new Bug(`writer: 0x${c.toString(16)} in protocol text`);
}

function isAstringAtom(value: string): boolean {
  if (value.length === 0 || value.length > MAX_QUOTED_BYTES) return false;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c > 0x7e || ((CLASS[c] as number) & ASTRING) === 0) return false;
  }
  return value.length !== 3 || value.toUpperCase() !== 'NIL';
}

function buildFlagBytes(): Buffer[] {
  const all: Buffer[] = [];
  for (let i = 0; i < 2 * (ALL_BITS + 1); i++) {
    const names: string[] = SYSTEM_FLAG_NAMES.filter((_, k) => (i & (SYSTEM_FLAG_BITS[k] as number)) !== 0);
    if (i > ALL_BITS) names.push('\\Recent');
    all.push(Buffer.from(names.join(' ')));
  }
  return all;
}
