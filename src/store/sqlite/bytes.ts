/**
 * Reading message bytes. Bytes of the spool come out of the database by the run (messages that arrived together are
 * read by one query, to be cut to the ranges); bytes of segments by `read`, the larger ones asynchronously and a few at
 * the same time; those of packs by the frame, which messages that lie beside each other share.
 *
 * Bytes move while they are read: out of the spool or a segment into a pack, from there into another. Whoever does not find them
 * where they were looks again where they are.
 *
 * Nothing is verified on the way out but what packs are; `verify` does that on request.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { EMPTY } from '../../base/bytes.ts';
import { TimeSlice } from '../../base/time-slice.ts';
import type { EmailId } from '../../mailbox/model/model.ts';
import { type Allocate, type ByteRange, StoreError } from '../../mailbox/port/store.ts';
import { assertNotWhole } from './broken-tables.ts';
import { bufferOf, type Database, isDamage, type Row } from './database.ts';
import { nextRun, readRun } from './emails.ts';
import type { PackedBytes, PackedPlace } from './packs/packed-bytes.ts';
import { packOf } from './packs/part-rows.ts';
import { KIND_PACK, KIND_SEGMENT, KIND_SPOOL } from './schema/mail.ts';
import type { SegmentFiles } from './segment-files.ts';
import { isRecordHead, RECORD_HEAD_BYTES } from './segments.ts';

export const SLICE_BYTES = 256 * 1024;
/** Of inline messages in one query: about a millisecond. */
const ROWS_PER_SLICE = 32;
const CONCURRENT_READS = 8;
/** Out of packs without a breath: about a millisecond. */
const PACKED_AT_ONCE_BYTES = 512 * 1024;

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
  readonly packed: PackedPlace | undefined;
}

/** An email whose bytes are in a pack, and where they go in an answer. */
interface Wanted {
  readonly i: number;
  readonly email: EmailId;
  readonly place: Located;
  readonly cut: Cut;
}

function byPlace({ place: a }: Wanted, { place: b }: Wanted): number {
  return (a.packed?.pack ?? 0) - (b.packed?.pack ?? 0) || a.segment - b.segment || a.offset - b.offset;
}

export type Verdict = 'ok' | 'missing' | 'damaged';

export class ByteReader {
  readonly #db: Database;
  readonly #files: SegmentFiles;
  readonly #packed: PackedBytes;
  readonly #onDamage: (email: EmailId, error: StoreError) => void;

  constructor(
    db: Database,
    { files, packed }: { readonly files: SegmentFiles; readonly packed: PackedBytes },
    onDamage: (email: EmailId, error: StoreError) => void,
  ) {
    this.#db = db;
    this.#files = files;
    this.#packed = packed;
    this.#onDamage = onDamage;
  }

  async ranges(ranges: readonly ByteRange[], allocate?: Allocate): Promise<(Buffer | undefined)[]> {
    const found = new Array<Buffer | undefined>(ranges.length).fill(undefined);
    const ids = ranges.map((range) => range.email);
    const later: (() => Promise<void>)[] = [];
    const packed: Wanted[] = [];
    let sinceYield = 0;
    for (let from = 0; from < ids.length; ) {
      const { to } = nextRun(ids, from, ROWS_PER_SLICE);
      const places = this.#locate(ids, from, to);
      for (let i = from; i < to; i++) {
        const place = places[i - from];
        if (place === undefined) continue;
        const cut = cutOf(ranges[i] as ByteRange, place);
        if (place.inline !== undefined) found[i] = joined(cut, place.inline.subarray(cut.from, cut.to));
        else if (place.packed !== undefined) packed.push({ i, email: ids[i] as EmailId, place, cut });
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
    if (packed.length > 0) await this.#unpack(packed, found, allocate);
    return found;
  }

  /** One after the other, in the order in which they lie there. */
  async #unpack(wanted: Wanted[], found: (Buffer | undefined)[], allocate?: Allocate): Promise<void> {
    const slice = new TimeSlice();
    for (const { i, email, place, cut } of wanted.sort(byPlace)) {
      found[i] = this.#unpacked(place, cut, allocate) ?? (await this.#read(email, place, cut, allocate));
      const pause = slice.spent();
      if (pause !== undefined) await pause;
    }
  }

  /** At once; undefined when it is too much for that, or is not there any more. */
  #unpacked({ packed }: Located, cut: Cut, allocate?: Allocate): Buffer | undefined {
    const length = cut.to - cut.from;
    if (packed === undefined || length > PACKED_AT_ONCE_BYTES) return undefined;
    try {
      const bytes = this.#packed.range(packed, cut.from, cut.to, allocate);
      return bytes.length === length ? joined(cut, bytes) : undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  async *stream(range: ByteRange, allocate?: Allocate): AsyncGenerator<Buffer> {
    const { email } = range;
    let place = this.#placeOf(email);
    if (place === undefined) throw new StoreError('damaged', `the bytes of email ${email} are missing`);
    const { prefix, from, to } = cutOf(range, place);
    if (prefix.length > 0) yield prefix;
    for (let at = from; at < to; ) {
      try {
        for await (const slice of this.#slices(email, place, { from: at, to, allocate })) {
          at += slice.length;
          yield slice;
        }
        if (at < to) throw new StoreError('damaged', `email ${email} is cut short`);
      } catch (error) {
        place = this.#movedFrom(email, place, error);
      }
    }
  }

  /** `from..to` of the blob. */
  async *#slices(email: EmailId, place: Located, { from, to, allocate }: Span): AsyncGenerator<Buffer> {
    if (place.inline !== undefined) {
      yield place.inline.subarray(from, to);
    } else if (place.packed !== undefined) {
      let atOnce = 0;
      for (const slice of this.#packed.read(place.packed, from, to, allocate)) {
        yield slice;
        atOnce += slice.length;
        if (atOnce < PACKED_AT_ONCE_BYTES) continue;
        atOnce = 0;
        await yieldToLoop();
      }
    } else {
      using file = this.#open(place, email);
      for (let at = from; at < to; ) {
        const slice = await file.read(place.offset + at, Math.min(SLICE_BYTES, to - at), allocate);
        at += slice.length;
        yield slice;
      }
    }
  }

  #placeOf(email: EmailId): Located | undefined {
    return this.#locate([email], 0, 1)[0];
  }

  /** Where the bytes are now that could not be read where they were; throws `error` when that is the same place. */
  #movedFrom(email: EmailId, place: Located, error: unknown): Located {
    if (!isDamage(error)) throw error;
    const now = this.#placeOf(email);
    const isSame =
      now?.inline === undefined &&
      now?.packed?.pack === place.packed?.pack &&
      now?.segment === place.segment &&
      now.offset === place.offset;
    if (now === undefined || isSame) throw error;
    return now;
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
      const place = this.#rowOf(email);
      if (place === undefined) return 'missing';
      if (place.sizeBytes !== place.prefix.length + place.blobBytes) return 'damaged';
      const isSound = await this.#isSound(email, place).catch((error: unknown) =>
        this.#isSound(email, this.#movedFrom(email, place, error)),
      );
      return isSound ? 'ok' : 'damaged';
    } catch (error) {
      if (isDamage(error)) return 'damaged';
      throw error;
    }
  }

  #rowOf(email: EmailId): Located | undefined {
    const row = readRun(this.#db, PLACES, 'e.id', [email], { from: 0, to: 1 })[0];
    return row && located(row);
  }

  async #isSound(email: EmailId, place: Located): Promise<boolean> {
    if (place.inline !== undefined) return crc32(place.inline) === place.crc32;
    if (place.packed === undefined) return (await this.#checksum(email, place)) === place.crc32;
    let [sum, length] = [0, 0];
    for await (const slice of this.#slices(email, place, { from: 0, to: place.blobBytes })) {
      sum = crc32(slice, sum);
      length += slice.length;
    }
    return sum === place.crc32 && length === place.blobBytes;
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
      try {
        return joined({ prefix }, await this.#range(email, place, { from, to, allocate }));
      } catch (error) {
        const now = this.#movedFrom(email, place, error);
        return joined({ prefix }, await this.#range(email, now, { from, to, allocate }));
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#onDamage(email, error);
      return undefined;
    }
  }

  async #range(email: EmailId, place: Located, { from, to, allocate }: Span): Promise<Buffer> {
    if (place.packed === undefined && place.inline === undefined) {
      using file = this.#open(place, email);
      return await file.read(place.offset + from, to - from, allocate);
    }
    const slices: Buffer[] = [];
    for await (const slice of this.#slices(email, place, { from, to })) slices.push(slice);
    const bytes = slices.length === 1 ? (slices[0] as Buffer) : Buffer.concat(slices);
    if (bytes.length !== to - from) throw new StoreError('damaged', `email ${email} is cut short`);
    return bytes;
  }

  #open(place: Located, email: EmailId) {
    return this.#files.open(place.segment, `email ${email}`);
  }
}

/** The range `from..to` of a blob. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly allocate?: Allocate | undefined;
}

/** A range of an email as a piece of its prefix and of its blob. */
interface Cut extends Pick<Span, 'from' | 'to'> {
  readonly prefix: Buffer;
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
  const isPacked = typeof kind === 'number' && kind >= KIND_PACK;
  if (isInline ? !(bytes instanceof Uint8Array) : kind !== KIND_SEGMENT && !isPacked) return undefined;
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
    packed: isPacked ? placeIn(kind, row) : undefined,
  };
}

function placeIn(kind: number, row: Row): PackedPlace {
  const [, , , blobBytes, , , frame, offset] = row as readonly number[];
  return {
    pack: packOf(kind),
    frame: frame as number,
    offset: offset as number,
    sizeBytes: blobBytes as number,
  };
}

async function inParallel(works: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const run = async () => {
    for (let work = works[next++]; work !== undefined; work = works[next++]) await work();
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_READS, works.length) }, run));
}
