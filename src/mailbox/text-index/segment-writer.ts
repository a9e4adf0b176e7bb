/**
 * Makes a segment (`segment-format.ts`) of the words of emails, given in ascending order. Memory goes with the different words and with the words of
 * each email that are different, not with the text.
 */
import { crc32 } from 'node:zlib';
import {
  HEADER_BYTES,
  MAGIC,
  NUMBER,
  SCOPES,
  type Scope,
  STRIDE,
  UNSURE,
  VarintWriter,
  VERSION,
} from './segment-format.ts';

/** Different words of one email; the others are not kept, and it has to be looked at. */
const MOST_WORDS = 100_000;

export class SegmentWriter {
  readonly #emails: number[] = [];
  readonly #marks: number[] = [];
  readonly #words: Readonly<Record<Scope, WordCollector>> = {
    fields: new WordCollector(),
    body: new WordCollector(),
  };

  get count(): number {
    return this.#emails.length;
  }

  /** Words and occurrences that are held, as a measure of memory. */
  get weight(): number {
    return SCOPES.reduce((sum, scope) => sum + this.#words[scope].weight, 0);
  }

  begin(email: number): void {
    this.#emails.push(email);
    this.#marks.push(0);
    for (const scope of SCOPES) this.#words[scope].begin(this.#emails.length - 1);
  }

  /** Of the email that was begun last. */
  add(scope: Scope, word: string): void {
    if (!this.#words[scope].add(word)) this.markUnsure();
  }

  /** Not all of the text of the email that was begun last was taken. */
  markUnsure(): void {
    this.#marks[this.#marks.length - 1] = UNSURE;
  }

  end(): Buffer {
    const emails = new VarintWriter();
    let last = 0;
    for (const email of this.#emails) {
      emails.add(email - last);
      last = email;
    }
    const areas = [emails.octets, Buffer.from(this.#marks)];
    for (const scope of SCOPES) areas.push(...this.#words[scope].end(this.#emails.length));
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    const sizes = areas.map(({ length }) => length);
    for (const [i, number] of [MAGIC, VERSION, this.#emails.length, ...sizes].entries())
      header.writeUInt32LE(number, i * NUMBER);
    const checksum = areas.reduce((sum, area) => crc32(area, sum), crc32(header.subarray(0, -NUMBER)));
    header.writeUInt32LE(checksum, HEADER_BYTES - NUMBER);
    return Buffer.concat([header, ...areas]);
  }
}

/** Of one scope. Words have numbers in the order in which they were met. */
class WordCollector {
  readonly #numbers = new Map<string, number>();
  /** Of each word: the email it was met in last, and in how many. */
  #lastIn = new Int32Array(1024);
  #counts = new Uint32Array(1024);
  /** Word numbers of each email, one after the other. */
  #met = new Uint32Array(4096);
  #metLength = 0;
  readonly #starts: number[] = [];

  get weight(): number {
    return this.#numbers.size * 4 + this.#metLength;
  }

  begin(ordinal: number): void {
    this.#starts[ordinal] = this.#metLength;
  }

  /** False when it is not kept, for there are too many of this email. */
  add(word: string): boolean {
    const ordinal = this.#starts.length - 1;
    if (this.#metLength - (this.#starts[ordinal] as number) >= MOST_WORDS) return false;
    let number = this.#numbers.get(word);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(word, number);
      if (number >= this.#lastIn.length) this.#growWords();
      this.#lastIn[number] = -1;
    }
    if (this.#lastIn[number] === ordinal) return true;
    this.#lastIn[number] = ordinal;
    this.#counts[number] = (this.#counts[number] as number) + 1;
    if (this.#metLength === this.#met.length) this.#met = doubled(this.#met);
    this.#met[this.#metLength++] = number;
    return true;
  }

  /** words, postings, places, rare, rareEnds. */
  end(emails: number): Buffer[] {
    const words = [...this.#numbers.keys()].map((word) => Buffer.from(word));
    return [...this.#common(words, emails), ...this.#rare(words, emails)];
  }

  #common(words: readonly Buffer[], emails: number): Buffer[] {
    const counts = this.#counts;
    const shared = words.map((_, number) => number).filter((number) => (counts[number] as number) > 1);
    shared.sort((a, b) => Buffer.compare(words[a] as Buffer, words[b] as Buffer));
    const lists = this.#lists(shared, emails);
    const vocabulary = new VarintWriter();
    const postings = new VarintWriter();
    const places: number[] = [];
    const list = new VarintWriter();
    for (const [at, number] of shared.entries()) {
      if (at % STRIDE === 0) places.push(vocabulary.length, postings.length);
      vocabulary.append(LINE_END);
      vocabulary.append(words[number] as Buffer);
      list.clear();
      let last = 0;
      for (const ordinal of lists(number)) {
        list.add(ordinal - last);
        last = ordinal;
      }
      postings.add(list.length);
      postings.append(list.octets);
    }
    vocabulary.append(LINE_END);
    return [vocabulary.octets, postings.octets, packed(places)];
  }

  /** The ordinals of the emails of each of these words, ascending. */
  #lists(shared: readonly number[], emails: number): (word: number) => Uint32Array {
    const ends = new Uint32Array(this.#numbers.size);
    let total = 0;
    for (const number of shared) {
      ends[number] = total;
      total += this.#counts[number] as number;
    }
    const ordinals = new Uint32Array(total);
    for (let ordinal = 0; ordinal < emails; ordinal++) {
      for (const number of this.#metIn(ordinal)) {
        if (this.#counts[number] === 1) continue;
        const at = ends[number] as number;
        ordinals[at] = ordinal;
        ends[number] = at + 1;
      }
    }
    return (word) => {
      const end = ends[word] as number;
      return ordinals.subarray(end - (this.#counts[word] as number), end);
    };
  }

  #rare(words: readonly Buffer[], emails: number): Buffer[] {
    const rare = new VarintWriter();
    const ends: number[] = [];
    for (let ordinal = 0; ordinal < emails; ordinal++) {
      for (const number of this.#metIn(ordinal)) {
        if (this.#counts[number] !== 1) continue;
        rare.append(LINE_END);
        rare.append(words[number] as Buffer);
      }
      ends.push(rare.length);
    }
    rare.append(LINE_END);
    return [rare.octets, packed(ends)];
  }

  #metIn(ordinal: number): Uint32Array {
    return this.#met.subarray(this.#starts[ordinal], this.#starts[ordinal + 1] ?? this.#metLength);
  }

  #growWords(): void {
    this.#counts = doubled(this.#counts);
    const lastIn = new Int32Array(this.#lastIn.length * 2);
    lastIn.set(this.#lastIn);
    this.#lastIn = lastIn;
  }
}

const LINE_END = Buffer.from('\n');

function packed(numbers: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(numbers.length * NUMBER);
  for (const [i, number] of numbers.entries()) out.writeUInt32LE(number, i * NUMBER);
  return out;
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(numbers.length * 2);
  out.set(numbers);
  return out;
}
