/**
 * A segment as it is read (`segment-format.ts`): which of its emails have a word, by looking for its octets in the list of all words.
 * Waits often.
 */
import { crc32 } from 'node:zlib';
import type { Pause } from '../../base/time-slice.ts';
import { AREAS, HEADER_BYTES, MAGIC, NUMBER, SCOPES, type Scope, UNSURE, VERSION } from './segment-format.ts';
import type { SoughtWord } from './sought-words.ts';

/** Octets that are looked through between two looks at the clock. */
const SLICE_BYTES = 512 * 1024;
/** Words that are found between two looks at the clock. */
const SLICE_WORDS = 512;
const LF = 0x0a;

export class Segment {
  /** Ascending numbers. */
  readonly emails: Uint32Array;
  readonly sizeBytes: number;
  readonly #marks: Buffer;
  readonly #words: Readonly<Record<Scope, WordLists>>;

  /** Undefined when it is damaged, or of another version. */
  static read(octets: Buffer): Segment | undefined {
    if (octets.length < HEADER_BYTES) return undefined;
    const number = (index: number): number => octets.readUInt32LE(index * NUMBER);
    if (number(0) !== MAGIC || number(1) !== VERSION) return undefined;
    const checked = crc32(octets.subarray(HEADER_BYTES), crc32(octets.subarray(0, HEADER_BYTES - NUMBER)));
    if (checked !== number(3 + AREAS)) return undefined;
    const areas: Buffer[] = [];
    let at = HEADER_BYTES;
    for (let i = 0; i < AREAS; i++) {
      areas.push(octets.subarray(at, at + number(3 + i)));
      at += number(3 + i);
    }
    return at === octets.length ? new Segment(octets.length, number(2), areas) : undefined;
  }

  private constructor(sizeBytes: number, count: number, areas: readonly Buffer[]) {
    this.sizeBytes = sizeBytes;
    this.emails = unpackEmails(areas[0] as Buffer, count);
    this.#marks = areas[1] as Buffer;
    const [fields, body] = SCOPES.map((_, scope) => new WordLists(areas.slice(2 + scope * 5, 7 + scope * 5)));
    this.#words = { fields: fields as WordLists, body: body as WordLists };
  }

  /** Of an email, or -1. */
  indexOf(email: number): number {
    const { emails } = this;
    let low = 0;
    let high = emails.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((emails[middle] as number) < email) low = middle + 1;
      else high = middle;
    }
    return emails[low] === email ? low : -1;
  }

  /** Not all of its text is here. */
  isUnsure(index: number): boolean {
    return this.#marks[index] === UNSURE;
  }

  /** Sets `found` to 1 for each email that has the word in one of these scopes. */
  async find(word: SoughtWord, scopes: readonly Scope[], found: Uint8Array, pause: Pause): Promise<void> {
    for (const scope of scopes) await this.#words[scope].find(word, found, pause);
  }
}

class WordLists {
  readonly #words: Buffer;
  readonly #postings: Buffer;
  readonly #places: Buffer;
  readonly #rare: Buffer;
  readonly #rareEnds: Buffer;

  constructor(areas: readonly Buffer[]) {
    [this.#words, this.#postings, this.#places, this.#rare, this.#rareEnds] = areas as [
      ...[Buffer, Buffer, Buffer, Buffer, Buffer],
    ];
  }

  async find(word: SoughtWord, found: Uint8Array, pause: Pause): Promise<void> {
    const octets = Buffer.from(`${word.isStart ? '\n' : ''}${word.text}${word.isEnd ? '\n' : ''}`);
    const cursor = new Cursor(this.#words, this.#postings, this.#places);
    let left = found.reduce((sum, one) => sum - one, found.length);
    const take = (ordinal: number): boolean => {
      if (found[ordinal] === 0) left--;
      found[ordinal] = 1;
      return left > 0;
    };
    await eachWord(this.#words, octets, pause, (at) => cursor.postingsAt(at, take));
    if (left === 0) return;
    let email = 0;
    await eachWord(this.#rare, octets, pause, (at) => {
      email = this.#emailAt(at, email);
      return take(email);
    });
  }

  /** Whose rare words are at this octet; not before `from`. */
  #emailAt(at: number, from: number): number {
    let low = from;
    let high = this.#rareEnds.length / NUMBER - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rareEnds.readUInt32LE(middle * NUMBER) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Calls `found` with the place of an octet of each word that has these octets, until it returns false. */
async function eachWord(
  words: Buffer,
  octets: Buffer,
  pause: Pause,
  found: (at: number) => boolean,
): Promise<void> {
  // Past the line end that the word may be looked for with.
  const inWord = octets[0] === LF ? 1 : 0;
  let steps = 0;
  for (let from = 0; from < words.length; ) {
    const slice = words.subarray(from, from + SLICE_BYTES + octets.length - 1);
    const at = slice.indexOf(octets);
    if (at < 0) from += SLICE_BYTES;
    else {
      if (!found(from + at + inWord)) return;
      const end = words.indexOf(LF, from + at + inWord);
      from = end < 0 ? words.length : end;
    }
    if (at >= 0 && ++steps < SLICE_WORDS) continue;
    steps = 0;
    const rest = pause();
    if (rest !== undefined) await rest;
  }
}

/** Goes through words and their postings together, onwards only. */
class Cursor {
  readonly #words: Buffer;
  readonly #postings: Buffer;
  readonly #places: Buffer;
  #block = -1;
  /** The word that begins at `#at`, with the line end before it, has its postings at `#posting`. */
  #at = 0;
  #posting = 0;

  constructor(words: Buffer, postings: Buffer, places: Buffer) {
    this.#words = words;
    this.#postings = postings;
    this.#places = places;
  }

  /** Of the word that this octet is in, until `take` returns false; returns what it returned last. */
  postingsAt(at: number, take: (ordinal: number) => boolean): boolean {
    this.#goTo(at);
    const reader = new VarintReader(this.#postings, this.#posting);
    const end = reader.next() + reader.at;
    let ordinal = 0;
    while (reader.at < end) {
      ordinal += reader.next();
      if (!take(ordinal)) return false;
    }
    return true;
  }

  #goTo(at: number): void {
    const block = this.#blockOf(at);
    if (block !== this.#block) {
      this.#block = block;
      this.#at = this.#places.readUInt32LE(block * 2 * NUMBER);
      this.#posting = this.#places.readUInt32LE((block * 2 + 1) * NUMBER);
    }
    for (;;) {
      const next = this.#words.indexOf(LF, this.#at + 1);
      if (next < 0 || next > at) return;
      const reader = new VarintReader(this.#postings, this.#posting);
      this.#posting = reader.next() + reader.at;
      this.#at = next;
    }
  }

  /** The last one that begins at this octet or before. */
  #blockOf(at: number): number {
    let low = Math.max(0, this.#block);
    let high = this.#places.length / (2 * NUMBER) - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#places.readUInt32LE(middle * 2 * NUMBER) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

class VarintReader {
  readonly #octets: Buffer;
  at: number;

  constructor(octets: Buffer, at: number) {
    this.#octets = octets;
    this.at = at;
  }

  next(): number {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const octet = this.#octets[this.at++] as number;
      number |= (octet & 0x7f) << shift;
      if (octet < 0x80) return number >>> 0;
    }
  }
}

function unpackEmails(octets: Buffer, count: number): Uint32Array {
  const emails = new Uint32Array(count);
  const reader = new VarintReader(octets, 0);
  let last = 0;
  for (let i = 0; i < count; i++) {
    last += reader.next();
    emails[i] = last;
  }
  return emails;
}
