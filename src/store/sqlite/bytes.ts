/**
 * Reading message bytes. Bytes of the spool come out of the database by the run (messages that arrived together are
 * read by one query, to be cut to the ranges); bytes of segments by `read`, the larger ones asynchronously and a few at
 * the same time.
 *
 * Nothing is verified on the way out; `verify` does that on request.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { EMPTY } from '../../base/bytes.ts';
import type { EmailId } from '../../mailbox/model/model.ts';
import { type Allocate, type ByteRange, StoreError } from '../../mailbox/port/store.ts';
import { assertNotWhole } from './broken-tables.ts';
import { bufferOf, type Database, isDamage, type Row } from './database.ts';
import { nextRun, readRun } from './emails.ts';
import { KIND_SEGMENT, KIND_SPOOL } from './schema/mail.ts';
import type { SegmentFiles } from './segment-files.ts';
import { isRecordHead, RECORD_HEAD_BYTES } from './segments.ts';

export const SLICE_BYTES = 256 * 1024;
/** Of inline messages in one query: about a millisecond. */
const ROWS_PER_SLICE = 32;
const CONCURRENT_READS = 8;

const PLACES = `SELECT e.id, e.size, e.prefix, b.size, b.crc32, b.kind, b.segment, b.offset, s.bytes
  FROM email e LEFT JOIN blob b ON b.id = e.blob LEFT JOIN spool s ON s.blob = e.blob`;

/** Where the bytes of an email are: a prefix of its own, perhaps empty, then those of its blob. */
interface Located {
  readonly sizeBytes: number;
  readonly prefix: Buffer;
  readonly blobBytes: number;
  readonly crc32: number;
  readonly inline: Buffer | undefined;
  readonly segment: number;
  readonly offset: number;
}

export type Verdict = 'ok' | 'missing' | 'damaged';

export class ByteReader {
  readonly #db: Database;
  readonly #files: SegmentFiles;
  readonly #onDamage: (email: EmailId, error: StoreError) => void;

  constructor(db: Database, files: SegmentFiles, onDamage: (email: EmailId, error: StoreError) => void) {
    this.#db = db;
    this.#files = files;
    this.#onDamage = onDamage;
  }

  async ranges(ranges: readonly ByteRange[], allocate?: Allocate): Promise<(Buffer | undefined)[]> {
    const found = new Array<Buffer | undefined>(ranges.length).fill(undefined);
    const ids = ranges.map((range) => range.email);
    const later: (() => Promise<void>)[] = [];
    let sinceYield = 0;
    for (let from = 0; from < ids.length; ) {
      const { to } = nextRun(ids, from, ROWS_PER_SLICE);
      const places = this.#locate(ids, from, to);
      for (let i = from; i < to; i++) {
        const place = places[i - from];
        if (place === undefined) continue;
        const cut = cutOf(ranges[i] as ByteRange, place);
        if (place.inline !== undefined) found[i] = joined(cut, place.inline.subarray(cut.from, cut.to));
        else {
          later.push(async () => {
            found[i] = await this.#read(ids[i] as EmailId, place, cut, allocate);
          });
        }
      }
      sinceYield += to - from;
      from = to;
      if (sinceYield >= ROWS_PER_SLICE && from < ids.length) {
        sinceYield = 0;
        await yieldToLoop();
      }
    }
    if (later.length > 0) await inParallel(later);
    return found;
  }

  async *stream(range: ByteRange, allocate?: Allocate): AsyncGenerator<Buffer> {
    const { email } = range;
    const place = this.#locate([email], 0, 1)[0];
    if (place === undefined) throw new StoreError('damaged', `the bytes of email ${email} are missing`);
    const { prefix, from, to } = cutOf(range, place);
    if (prefix.length > 0) yield prefix;
    if (from >= to) return;
    if (place.inline !== undefined) {
      yield place.inline.subarray(from, to);
      return;
    }
    using file = this.#open(place, email);
    for (let at = from; at < to; ) {
      const slice = await file.read(place.offset + at, Math.min(SLICE_BYTES, to - at), allocate);
      at += slice.length;
      yield slice;
    }
  }

  async verify(ids: readonly EmailId[]): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const id of ids) {
      verdicts.push(await this.#verifyOne(id));
      await yieldToLoop();
    }
    return verdicts;
  }

  async #verifyOne(email: EmailId): Promise<Verdict> {
    try {
      const row = readRun(this.#db, PLACES, 'e.id', [email], { from: 0, to: 1 })[0];
      const place = row && located(row);
      if (place === undefined) return 'missing';
      if (place.sizeBytes !== place.prefix.length + place.blobBytes) return 'damaged';
      const sum = place.inline ? crc32(place.inline) : await this.#checksum(email, place);
      return sum === place.crc32 ? 'ok' : 'damaged';
    } catch (error) {
      if (isDamage(error)) return 'damaged';
      throw error;
    }
  }

  /** Of a record in a segment; a wrong head counts as a wrong sum. */
  async #checksum(email: EmailId, place: Located): Promise<number | undefined> {
    using file = this.#open(place, email);
    const head = await file.read(place.offset - RECORD_HEAD_BYTES, RECORD_HEAD_BYTES);
    if (!isRecordHead(head, place.blobBytes, place.crc32)) return undefined;
    let sum = 0;
    for (let at = 0; at < place.blobBytes; at += SLICE_BYTES) {
      const slice = await file.read(place.offset + at, Math.min(SLICE_BYTES, place.blobBytes - at));
      sum = crc32(slice, sum);
    }
    return sum;
  }

  /** Of `ids[from..to)`; an email whose rows are broken or incomplete has no place. */
  #locate(ids: readonly EmailId[], from: number, to: number): (Located | undefined)[] {
    const places = new Array<Located | undefined>(to - from).fill(undefined);
    let rows: readonly Row[];
    try {
      rows = readRun(this.#db, PLACES, 'e.id', ids, { from, to });
    } catch (error) {
      if (!isDamage(error)) throw error;
      assertNotWhole(this.#db, ['email', 'blob', 'spool'], error);
      if (to - from > 1) return places.map((_, i) => this.#locate(ids, from + i, from + i + 1)[0]);
      this.#onDamage(ids[from] as EmailId, error);
      return places;
    }
    let at = from;
    for (const row of rows) {
      while (at < to && (ids[at] as number) < (row[0] as number)) at++;
      if (at < to && ids[at] === row[0]) places[at - from] = located(row);
    }
    return places;
  }

  async #read(
    email: EmailId,
    place: Located,
    { prefix, from, to }: Cut,
    allocate?: Allocate,
  ): Promise<Buffer | undefined> {
    try {
      using file = this.#open(place, email);
      return joined({ prefix }, await file.read(place.offset + from, to - from, allocate));
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#onDamage(email, error);
      return undefined;
    }
  }

  #open(place: Located, email: EmailId) {
    return this.#files.open(place.segment, `email ${email}`);
  }
}

/** A range of an email as a piece of its prefix and the range `from..to` of its blob. */
interface Cut {
  readonly prefix: Buffer;
  readonly from: number;
  readonly to: number;
}

function cutOf({ start, end }: ByteRange, { prefix, blobBytes }: Located): Cut {
  const from = Math.min(blobBytes, Math.max(0, start - prefix.length));
  const to = Math.max(from, Math.min(blobBytes, end - prefix.length));
  return { prefix: prefix.length === 0 ? EMPTY : prefix.subarray(start, Math.max(start, end)), from, to };
}

function joined({ prefix }: Pick<Cut, 'prefix'>, bytes: Buffer): Buffer {
  return prefix.length === 0 ? bytes : Buffer.concat([prefix, bytes]);
}

/** A row of PLACES; undefined when what it refers to is not there, or it makes no sense. */
function located(row: Row): Located | undefined {
  const [, sizeBytes, prefix, blobBytes, sum, kind, segment, offset, bytes] = row;
  const isInline = kind === KIND_SPOOL;
  if (isInline ? !(bytes instanceof Uint8Array) : kind !== KIND_SEGMENT) return undefined;
  if (prefix !== null && !(prefix instanceof Uint8Array)) return undefined;
  if (![sizeBytes, blobBytes, sum, segment, offset].every((it) => typeof it === 'number')) return undefined;
  const inline = isInline ? bufferOf(bytes) : undefined;
  if (inline !== undefined && inline.length !== blobBytes) return undefined;
  return {
    sizeBytes: sizeBytes as number,
    prefix: prefix === null ? EMPTY : bufferOf(prefix),
    blobBytes: blobBytes as number,
    crc32: sum as number,
    inline,
    segment: segment as number,
    offset: offset as number,
  };
}

async function inParallel(works: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const run = async () => {
    for (let work = works[next++]; work !== undefined; work = works[next++]) await work();
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_READS, works.length) }, run));
}
