/**
 * The hash of a body as DKIM has it (RFC 6376 §3.4.3, §3.4.4, §3.7), made while the body passes by.
 *
 * Promises: the same hash however the body is cut; a fixed amount of memory, whatever a line or a run of empty lines is
 * long; work linear in the body. A line that ends with LF alone is hashed as if it ended with CRLF, which is what
 * its sender signed before something on the way took the CR; a CR alone is an octet like any other.
 */
import { createHash, type Hash } from 'node:crypto';

export type BodyForm = 'simple' | 'relaxed';

export interface BodyHashOptions {
  readonly form: BodyForm;
  readonly algorithm?: 'sha256' | 'sha1';
  /** `l=`: how many octets of the canonical body are hashed. All, when it is left out. */
  readonly maxBytes?: number;
}

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const TAB = 0x09;
const ROOM = 64 * 1024;
/** Octets in a row that are hashed where they are, and those that are copied one by one. */
const LONG = 8 * 1024;
const SHORT = 32;
/** From so many empty lines on they are hashed as they come, and what was hashed before them is remembered. */
const MANY_BREAKS = 4096;

export class BodyHash {
  readonly #isRelaxed: boolean;
  readonly #maxBytes: number;
  #hash: Hash;
  readonly #out = Buffer.allocUnsafe(ROOM);
  #outSize = 0;
  /** Octets in, as they came. */
  #seenBytes = 0;
  /** Canonical octets, hashed or beyond `maxBytes`. */
  #canonicalBytes = 0;
  #hasCr = false;
  #hasBlank = false;
  /** Something has come that is written only when it is known what follows. */
  #isWaiting = false;
  /** Line ends that count only if something follows. */
  #breaks = 0;
  /** The hash and the count before a long run of line ends, which have gone into the hash already. */
  #before: { readonly hash: Hash; readonly canonicalBytes: number } | undefined;

  constructor({ form, algorithm = 'sha256', maxBytes = Number.POSITIVE_INFINITY }: BodyHashOptions) {
    this.#isRelaxed = form === 'relaxed';
    this.#maxBytes = maxBytes;
    this.#hash = createHash(algorithm);
  }

  get seenBytes(): number {
    return this.#seenBytes;
  }

  /** Of the canonical body; known at the end. */
  get canonicalBytes(): number {
    return this.#canonicalBytes;
  }

  /** How much of it lies outside what `l=` covers. */
  get uncoveredBytes(): number {
    return Math.max(0, this.#canonicalBytes - this.#maxBytes);
  }

  update(octets: Buffer): void {
    this.#seenBytes += octets.length;
    for (let i = 0; i < octets.length; ) {
      const end = this.#isWaiting ? i : plainEnd(octets, i, this.#isRelaxed);
      if (end > i) this.#pass(octets, i, end);
      if (end < octets.length) this.#take(octets[end] as number);
      i = end + 1;
    }
  }

  /** In base64. Nothing may be given afterwards. */
  digest(): string {
    if (this.#hasCr) this.#content(CR);
    this.#hasCr = false;
    if (this.#before !== undefined) {
      this.#hash = this.#before.hash;
      this.#canonicalBytes = this.#before.canonicalBytes;
      this.#outSize = 0;
    }
    // A body that is not empty ends with one CRLF; an empty one is a CRLF only in the simple form (§3.4.3, §3.4.4).
    if (this.#canonicalBytes > 0 || this.#outSize > 0 || !this.#isRelaxed) this.#put(CR, LF);
    this.#flush();
    return this.#hash.digest('base64');
  }

  /** Octets that are hashed as they are. */
  #pass(octets: Buffer, from: number, end: number): void {
    const size = end - from;
    if (size >= LONG) {
      this.#flush();
      this.#hashed(octets.subarray(from, end));
      return;
    }
    if (this.#outSize + size > ROOM) this.#flush();
    const out = this.#out;
    if (size >= SHORT) octets.copy(out, this.#outSize, from, end);
    else for (let i = 0; i < size; i++) out[this.#outSize + i] = octets[from + i] as number;
    this.#outSize += size;
  }

  #take(c: number): void {
    if (c === LF) this.#lineEnds();
    else {
      if (this.#hasCr) this.#content(CR);
      this.#hasCr = c === CR;
      if (this.#isRelaxed && (c === SP || c === TAB)) this.#hasBlank = true;
      else if (c !== CR) this.#content(c);
    }
    this.#isWaiting = this.#hasCr || this.#hasBlank || this.#breaks > 0 || this.#before !== undefined;
  }

  #lineEnds(): void {
    this.#hasCr = false;
    this.#hasBlank = false;
    this.#breaks++;
    if (this.#breaks < MANY_BREAKS) return;
    if (this.#before === undefined) {
      this.#flush();
      this.#before = { hash: this.#hash.copy(), canonicalBytes: this.#canonicalBytes };
    }
    this.#putBreaks();
  }

  #content(c: number): void {
    if (this.#breaks > 0) this.#putBreaks();
    this.#before = undefined;
    if (this.#hasBlank) {
      this.#hasBlank = false;
      this.#put(SP);
    }
    this.#put(c);
  }

  #putBreaks(): void {
    for (; this.#breaks > 0; this.#breaks--) this.#put(CR, LF);
  }

  #put(first: number, second?: number): void {
    if (this.#outSize + 2 > ROOM) this.#flush();
    this.#out[this.#outSize++] = first;
    if (second !== undefined) this.#out[this.#outSize++] = second;
  }

  #flush(): void {
    if (this.#outSize > 0) this.#hashed(this.#out.subarray(0, this.#outSize));
    this.#outSize = 0;
  }

  #hashed(canonical: Buffer): void {
    const room = Math.max(0, this.#maxBytes - this.#canonicalBytes);
    this.#hash.update(canonical.length <= room ? canonical : canonical.subarray(0, room));
    this.#canonicalBytes += canonical.length;
  }
}

/**
 * Up to where the octets are as they are hashed, from a place where nothing is held back: whole lines, single blanks between words. It
 * ends behind an octet that counts whatever follows.
 */
function plainEnd(octets: Buffer, from: number, isRelaxed: boolean): number {
  let end = from;
  for (; end < octets.length; end++) {
    const c = octets[end] as number;
    if (c > SP) continue;
    if (c === CR && octets[end + 1] === LF) end++;
    else if (c === CR || c === LF) break;
    else if (isRelaxed && (c === TAB || (c === SP && !((octets[end + 1] ?? 0) > SP)))) break;
  }
  while (end > from && (octets[end - 1] === LF || octets[end - 1] === CR)) end--;
  return end;
}
