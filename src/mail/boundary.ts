/**
 * The boundaries of the multiparts that are open, and which of them a line is the delimiter of (RFC 2046 §5.1.1).
 *
 * A line is a delimiter when it begins with `--` and the boundary; what follows does not matter. Where several
 * boundaries fit, one that fills the line wins, the innermost first (some senders reuse one boundary at every
 * level); else the longest.
 *
 * Promises: looking at a line costs its length, not its length times the open boundaries: with a hundred boundaries
 * that begin alike, comparing each with each line would make 10 MB of mail cost seconds. The hash is salted per
 * set, and only rules out: every match is compared octet by octet.
 */
import { CR, LF, SP } from '../base/bytes.ts';

export const NOT_FOUND = -1;
/** The line is not complete enough to tell. */
export const NEED_MORE = -2;

/** A line may have no more (RFC 5322 §2.1.1), so no delimiter can. Bounds what is carried between pieces. */
export const MAX_BOUNDARY = 998;

/** Up to here comparing is cheaper than hashing. */
const FEW = 4;

const DASH = 0x2d;
const TAB = 0x09;

export interface Boundary {
  readonly octets: Buffer;
  /** Index of its multipart among the open parts. */
  readonly level: number;
}

interface Hashed extends Boundary {
  readonly hash: number;
}

export class BoundarySet {
  /** The outermost first. */
  readonly #list: Hashed[] = [];
  readonly #factor = Math.floor(Math.random() * 0x7fffffff) | 1;
  #longest = 0;
  #prefixHashes: Int32Array | undefined;

  get size(): number {
    return this.#list.length;
  }

  at(index: number): Boundary {
    return this.#list[index] as Boundary;
  }

  push(octets: Buffer, level: number): void {
    let hash = 0;
    for (let i = 0; i < octets.length; i++)
      hash = (Math.imul(hash, this.#factor) + (octets[i] as number) + 1) | 0;
    this.#list.push({ octets, level, hash });
    this.#longest = Math.max(this.#longest, octets.length);
  }

  /** Forgets the boundaries from this index on. */
  truncate(size: number): void {
    this.#list.length = size;
    this.#longest = 0;
    for (const { octets } of this.#list) this.#longest = Math.max(this.#longest, octets.length);
  }

  /** Index of the boundary whose delimiter stands at `at`, a line start; else NOT_FOUND, or NEED_MORE to tell. */
  find(bytes: Buffer, at: number, isLast: boolean): number {
    if (this.#list.length === 0 || bytes[at] !== DASH) return NOT_FOUND;
    if (at + 1 === bytes.length) return isLast ? NOT_FOUND : NEED_MORE;
    if (bytes[at + 1] !== DASH) return NOT_FOUND;
    // Two octets more than the boundary tell whether it closes.
    const wanted = at + 2 + this.#longest + 2;
    let limit = at + 2;
    while (limit < wanted && limit < bytes.length && bytes[limit] !== LF) limit++;
    if (limit === bytes.length && limit < wanted && !isLast) return NEED_MORE;
    return this.#best(bytes, at + 2, limit);
  }

  /** The boundary for a line whose text behind the dashes is bytes[from..limit). */
  #best(bytes: Buffer, from: number, limit: number): number {
    const hashes = this.#list.length > FEW ? this.#hashPrefixes(bytes, from, limit) : undefined;
    let best = NOT_FOUND;
    let bestLength = 0;
    for (let i = this.#list.length - 1; i >= 0; i--) {
      const { octets, hash } = this.#list[i] as Hashed;
      const end = from + octets.length;
      if (octets.length <= bestLength || end > limit) continue;
      if (hashes !== undefined && hashes[octets.length] !== hash) continue;
      if (!matchesAt(bytes, from, octets)) continue;
      if (endsDelimiter(bytes, end, limit)) return i;
      best = i;
      bestLength = octets.length;
    }
    return best;
  }

  /** At index n the hash of the first n octets. */
  #hashPrefixes(bytes: Buffer, from: number, limit: number): Int32Array {
    this.#prefixHashes ??= new Int32Array(MAX_BOUNDARY + 3);
    const hashes = this.#prefixHashes;
    let hash = 0;
    for (let i = from; i < limit; i++) {
      hash = (Math.imul(hash, this.#factor) + (bytes[i] as number) + 1) | 0;
      hashes[i - from + 1] = hash;
    }
    return hashes;
  }
}

function matchesAt(bytes: Buffer, at: number, octets: Buffer): boolean {
  for (let i = 0; i < octets.length; i++) {
    if (bytes[at + i] !== octets[i]) return false;
  }
  return true;
}

/** Whether nothing but `--` and white space may follow: the boundary is the whole of its line. */
function endsDelimiter(bytes: Buffer, end: number, limit: number): boolean {
  if (end === limit) return true;
  const c = bytes[end];
  return c === CR || c === SP || c === TAB || (c === DASH && end + 1 < limit && bytes[end + 1] === DASH);
}
