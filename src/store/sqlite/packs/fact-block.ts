/**
 * What was computed from some consecutive emails of an account, once their octets are packed: one row for all of them, in three
 * columns by who asks for what, each compressed by itself (`COLUMNS`).
 *
 *     column   checksum of all behind it and of the block's number, raw octets, emails; then, compressed:
 *     emails   number in the account, version of the derived parts (0: none), and the length of each part, ascending by number
 *     parts    those of one kind together, in the order of the emails
 *
 * Integers are little-endian, of four octets; the version has one, the number of emails two, a length three. A part that an email
 * does not have is of the length `ABSENT`.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ComputedFacts } from '../../../mailbox/model/facts.ts';
import { StoreError } from '../../../mailbox/port/store.ts';

export type StoredPart = keyof ComputedFacts;

/** In the order in which they are stored; a part never changes its place. */
export const COLUMNS = {
  wire: ['envelope', 'bodyStructure', 'parts'],
  listing: ['header', 'preview', 'sort', 'links'],
  search: ['search'],
} as const satisfies Readonly<Record<string, readonly StoredPart[]>>;
export type Column = keyof typeof COLUMNS;

export type StoredParts = { [Part in StoredPart]?: Buffer | undefined };

export interface PackedFacts {
  /** Of the email, in its account. */
  readonly number: number;
  /** Of the derived parts; undefined when there are none. */
  readonly version: number | undefined;
  readonly parts: Readonly<StoredParts>;
}

/** Of an email that is in another block, or in none. */
export const NOT_HERE = -1;

const HEAD_BYTES = 10;
const SUM_BYTES = 4;
const NUMBER_BYTES = 5;
const LENGTH_BYTES = 3;
const ABSENT = 0xff_ff_ff;
/** One that claims more is none of ours. */
const MAX_RAW_BYTES = 64 * 1024 * 1024;
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 9 } };
/** With a little more room than it needs, all comes in one piece. */
const SPARE_BYTES = 64;

/** `emails` ascending by number; `block` is the number of the row. */
export function encodeColumn(column: Column, block: number, emails: readonly PackedFacts[]): Buffer {
  const names: readonly StoredPart[] = COLUMNS[column];
  const entryBytes = NUMBER_BYTES + names.length * LENGTH_BYTES;
  const table = Buffer.alloc(emails.length * entryBytes);
  const parts: Buffer[] = [];
  for (const [n, name] of names.entries()) {
    for (const [i, email] of emails.entries()) {
      const part = email.parts[name];
      table.writeUIntLE(
        part?.length ?? ABSENT,
        i * entryBytes + NUMBER_BYTES + n * LENGTH_BYTES,
        LENGTH_BYTES,
      );
      if (part !== undefined) parts.push(part);
    }
  }
  for (const [i, { number, version }] of emails.entries()) {
    table.writeUInt32LE(number, i * entryBytes);
    table[i * entryBytes + 4] = version ?? 0;
  }
  const raw = Buffer.concat([table, ...parts]);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(raw.length, SUM_BYTES);
  head.writeUInt16LE(emails.length, 8);
  const stored = Buffer.concat([head, zstdCompressSync(raw, LEVEL)]);
  stored.writeUInt32LE(sumOf(stored, block), 0);
  return stored;
}

/** Of what is stored; it differs when anything in it does. */
export function storedSum(stored: Buffer): number {
  return stored.length < HEAD_BYTES ? 0 : stored.readUInt32LE(0);
}

function sumOf(stored: Buffer, block: number): number {
  return crc32(stored.subarray(SUM_BYTES), (block % 0x1_0000_0000) >>> 0);
}

/** A column that was opened. */
export class FactColumn {
  readonly #names: readonly StoredPart[];
  readonly #raw: Buffer;
  readonly #count: number;
  readonly #entryBytes: number;
  /** Where each part begins: those of the first kind by email, then those of the second. */
  readonly #starts: Uint32Array;

  private constructor(column: Column, raw: Buffer, count: number) {
    this.#names = COLUMNS[column];
    this.#raw = raw;
    this.#count = count;
    this.#entryBytes = NUMBER_BYTES + this.#names.length * LENGTH_BYTES;
    this.#starts = new Uint32Array(count * this.#names.length);
    let at = count * this.#entryBytes;
    for (const n of this.#names.keys()) {
      for (let i = 0; i < count; i++) {
        this.#starts[n * count + i] = at;
        at += this.#length(i, n) ?? 0;
      }
    }
    if (at !== raw.length) throw damaged();
  }

  /** Throws `damaged` when it is not what was written. */
  static open(column: Column, block: number, stored: Buffer): FactColumn {
    if (stored.length < HEAD_BYTES || storedSum(stored) !== sumOf(stored, block)) throw damaged();
    const rawBytes = stored.readUInt32LE(SUM_BYTES);
    const count = stored.readUInt16LE(8);
    if (rawBytes > MAX_RAW_BYTES || count * NUMBER_BYTES > rawBytes) throw damaged();
    let raw: Buffer;
    try {
      raw = zstdDecompressSync(stored.subarray(HEAD_BYTES), {
        chunkSize: Math.max(rawBytes + SPARE_BYTES, 64),
        maxOutputLength: Math.max(rawBytes, 1),
      });
    } catch (cause) {
      throw new StoreError('damaged', 'what is known of some messages cannot be decompressed', { cause });
    }
    if (raw.length !== rawBytes) throw damaged();
    return new FactColumn(column, raw, count);
  }

  get rawBytes(): number {
    return this.#raw.length;
  }

  /** Ascending. */
  get numbers(): readonly number[] {
    return Array.from({ length: this.#count }, (_, i) => this.#number(i));
  }

  /** Writes those of one email that are wanted into `into`. Its version, 0 when it has none; `NOT_HERE`. */
  read(number: number, wanted: readonly StoredPart[], into: StoredParts): number {
    const i = this.#find(number);
    if (i < 0) return NOT_HERE;
    for (let n = 0; n < this.#names.length; n++) {
      const name = this.#names[n] as StoredPart;
      const length = wanted.includes(name) ? this.#length(i, n) : undefined;
      if (length === undefined) continue;
      const start = this.#starts[n * this.#count + i] as number;
      into[name] = this.#raw.subarray(start, start + length);
    }
    return this.#raw[i * this.#entryBytes + 4] as number;
  }

  /** Below zero: it is not here. */
  #find(number: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#number(middle) < number) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#number(low) === number ? low : -1;
  }

  #number(i: number): number {
    return this.#raw.readUInt32LE(i * this.#entryBytes);
  }

  #length(i: number, n: number): number | undefined {
    const length = this.#raw.readUIntLE(i * this.#entryBytes + NUMBER_BYTES + n * LENGTH_BYTES, LENGTH_BYTES);
    return length === ABSENT ? undefined : length;
  }
}

function damaged(): StoreError {
  return new StoreError('damaged', 'what is known of some messages does not match its checksum');
}
