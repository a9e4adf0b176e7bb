/**
 * UTF-7 (RFC 2152): `+` starts UTF-16 in base64 without padding, `-` or any octet that is no base64 ends it.
 *
 * Promises: as every decoder of this folder. A run that ends with the text is ended by it; half a surrogate pair and octets
 * above 127 are U+FFFD.
 */
import type { CharsetDecoder } from './decoder.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;

export class Utf7Decoder implements CharsetDecoder {
  #isInside = false;
  /** Nothing has come since the `+`. */
  #isEmpty = false;
  #bits = 0;
  #bitCount = 0;
  /** The first half of a pair whose second has not come. */
  #half = '';

  write(octets: Buffer): string {
    let out = this.#half;
    this.#half = '';
    let plainFrom = 0;
    for (let i = 0; i < octets.length; i++) {
      const c = octets[i] as number;
      if (!this.#isInside) {
        if (c !== PLUS) continue;
        out += plain(octets, plainFrom, i);
        this.#open();
        continue;
      }
      const value = BASE64_VALUE[c] as number;
      if (value < 64) {
        this.#isEmpty = false;
        out += this.#unit(value);
        continue;
      }
      if (this.#isEmpty) out += c === MINUS ? '+' : '\ufffd';
      this.#isInside = false;
      plainFrom = c === MINUS ? i + 1 : i;
    }
    if (!this.#isInside) out += plain(octets, plainFrom, octets.length);
    if (this.#isInside && /[\ud800-\udbff]$/.test(out)) {
      this.#half = out.slice(-1);
      out = out.slice(0, -1);
    }
    return out.toWellFormed();
  }

  end(): string {
    const isCut = this.#half !== '' || (this.#isInside && this.#isEmpty);
    this.#half = '';
    return isCut ? '\ufffd' : '';
  }

  #open(): void {
    this.#isInside = true;
    this.#isEmpty = true;
    this.#bits = 0;
    this.#bitCount = 0;
  }

  /** A code unit when six bits more make one whole. Bits that are left over at the end are padding. */
  #unit(value: number): string {
    this.#bits = ((this.#bits & 0xffff) << 6) | value;
    this.#bitCount += 6;
    if (this.#bitCount < 16) return '';
    this.#bitCount -= 16;
    return String.fromCharCode((this.#bits >> this.#bitCount) & 0xffff);
  }
}

function plain(octets: Buffer, from: number, to: number): string {
  return octets.toString('latin1', from, to).replace(/[\x80-\xff]/g, '\ufffd');
}

const BASE64_VALUE = new Uint8Array(256).fill(64);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
for (let i = 0; i < ALPHABET.length; i++) BASE64_VALUE[ALPHABET.charCodeAt(i)] = i;
