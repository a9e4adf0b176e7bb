/**
 * What decodes a text that comes in pieces, and small ones of that kind: one for each maker of tables.
 *
 * Promises: the pieces of text joined are the text of the octets joined, however they were cut; memory is a few octets.
 */
import iconv from 'iconv-lite';
import { EMPTY } from '../../base/bytes.ts';

export interface CharsetDecoder {
  write(octets: Buffer): string;
  /** What is left; octets that are half a character are U+FFFD. */
  end(): string;
}

/** By Node's TextDecoder, with or without a byte order mark. */
export class PlatformDecoder implements CharsetDecoder {
  readonly #decoder: TextDecoder;

  constructor(name: string) {
    this.#decoder = new TextDecoder(name);
  }

  write(octets: Buffer): string {
    return this.#decoder.decode(octets, { stream: true });
  }

  end(): string {
    return this.#decoder.decode();
  }
}

export class LibraryDecoder implements CharsetDecoder {
  readonly #decoder: ReturnType<typeof iconv.getDecoder>;

  constructor(name: string) {
    this.#decoder = iconv.getDecoder(name);
  }

  write(octets: Buffer): string {
    return this.#decoder.write(octets);
  }

  end(): string {
    return this.#decoder.end() ?? '';
  }
}

/** UTF-16 in either order: a byte order mark says more than the name (RFC 2781 §4.3), and zeros say more than nothing. */
export class Utf16Decoder implements CharsetDecoder {
  readonly #order: 'utf-16le' | 'utf-16be' | undefined;
  #held: Buffer = EMPTY;
  #decoder: PlatformDecoder | undefined;

  constructor(order: 'utf-16le' | 'utf-16be' | undefined) {
    this.#order = order;
  }

  write(octets: Buffer): string {
    if (this.#decoder !== undefined) return this.#decoder.write(octets);
    this.#held = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    if (this.#held.length < LOOKED_AT) {
      this.#held = Buffer.from(this.#held);
      return '';
    }
    return this.#begin();
  }

  end(): string {
    return (this.#decoder === undefined ? this.#begin() : '') + (this.#decoder?.end() ?? '');
  }

  #begin(): string {
    const held = this.#held;
    this.#held = EMPTY;
    this.#decoder = new PlatformDecoder(orderMark(held) ?? this.#order ?? likelyOrder(held));
    return this.#decoder.write(held);
  }
}

/** Octets that show in which order the others are. */
const LOOKED_AT = 64;

function orderMark(octets: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (octets[0] === 0xfe && octets[1] === 0xff) return 'utf-16be';
  return octets[0] === 0xff && octets[1] === 0xfe ? 'utf-16le' : undefined;
}

/** Blanks, digits and line ends have their zero first when the high octet comes first. */
function likelyOrder(octets: Buffer): 'utf-16le' | 'utf-16be' {
  let first = 0;
  let second = 0;
  for (let i = 0; i + 1 < Math.min(octets.length, LOOKED_AT); i += 2) {
    if (octets[i] === 0) first++;
    if (octets[i + 1] === 0) second++;
  }
  return first > second ? 'utf-16be' : 'utf-16le';
}
