/**
 * A segment of the index of texts: which words are in which emails of an account. Written once, read as octets, derived: whoever cannot
 * read one throws it away.
 *
 * Integers are little-endian u32, `varint` is seven bits an octet, the low ones first.
 *
 *     header     "BVTX", version, emails, octets of each of the areas below, CRC-32 of all that follows the header
 *     emails     ascending: varint differences
 *     marks      an octet of each email: whether it has to be looked at whatever the words say
 *     twice, of header fields and then of bodies and file names:
 *       words      those of two emails and more in the order of their octets: LF, word, LF, word, … LF
 *       postings   of each word: varint octets of its list, then the list: varint differences of ordinals of emails
 *       places     of each word whose number is a multiple of STRIDE: where it begins in `words`, where in `postings`
 *       rare       words of a single email, in the order of the emails: LF, word, LF, … LF
 *       rareEnds   of each email: where its words end in `rare`
 */
export const MAGIC = 0x58545642;
export const VERSION = 2;
export const STRIDE = 64;
/** Octets of a number in `places` and `rareEnds`. */
export const NUMBER = 4;
export const AREAS = 2 + 2 * 5;
/** Magic, version, emails, the areas, the checksum. */
export const HEADER_BYTES = NUMBER * (3 + AREAS + 1);
/** The only mark: its text was not taken whole. */
export const UNSURE = 1;

/** In the order in which they stand. */
export const SCOPES = ['fields', 'body'] as const;
export type Scope = (typeof SCOPES)[number];

/** Room for numbers below 2^32. */
export class VarintWriter {
  #octets = Buffer.allocUnsafe(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(number: number): void {
    this.#room(5);
    let left = number;
    for (; left > 0x7f; left >>>= 7) this.#octets[this.#length++] = (left & 0x7f) | 0x80;
    this.#octets[this.#length++] = left;
  }

  append(octets: Uint8Array): void {
    this.#room(octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  clear(): void {
    this.#length = 0;
  }

  get octets(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#octets.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#length + bytes, this.#octets.length * 2));
    this.#octets.copy(grown, 0, 0, this.#length);
    this.#octets = grown;
  }
}
