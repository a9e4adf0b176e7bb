/**
 * Fills a pack with messages that are in the database or in segments, account by account in the order in which they came. What is
 * in base64 is kept decoded, and once for all messages that have it. Then the pack is opened again, and only what comes out of
 * it as it should is said to be in it.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { bufferOf, type Database, isDamage, type Row } from '../database.ts';
import { accountOfKey } from '../keys.ts';
import { KIND_PACK, KIND_SPOOL } from '../schema/mail.ts';
import { segmentName } from '../segments.ts';
import { findBase64 } from './base64-text.ts';
import { headBytes, MAX_RECIPES, type Recipe } from './entry.ts';
import { CHAIN_BYTES, type IndexEntry, PACK_BYTES } from './format.ts';
import { PackFiles } from './pack-files.ts';
import type { Move, NewPart, Packed, PackRequest, PackWorkerData, Place } from './pack-work.ts';
import { PackWriter } from './pack-writer.ts';
import { PackedBytes } from './packed-bytes.ts';
import { placesIn } from './part-rows.ts';

export interface PackContext extends PackWorkerData {
  readonly db: Database;
  /** Called often. */
  breathe(): void;
}

/** Of a larger one the parts are not looked for: it would have to be in memory. */
const MAX_WHOLE_BYTES = 16 * 1024 * 1024;
const EMAILS_AT_ONCE = 500;
/** For one pack, however well it is compressed: the owner has to hear of it now and then. */
const MAX_MAIL_BYTES = 4 * PACK_BYTES;

const SQL = {
  emails: `SELECT e.id, b.id, b.size, b.crc32, b.kind, b.segment, b.offset
    FROM (SELECT id, blob FROM email WHERE id > ? ORDER BY id LIMIT ${EMAILS_AT_ONCE}) e
    LEFT JOIN blob b ON b.id = e.blob ORDER BY e.id`,
  spool: 'SELECT bytes FROM spool WHERE blob = ?',
  known: `SELECT p.blob FROM part p JOIN blob b ON b.id = p.blob WHERE p.hash = ? AND b.kind >= ${KIND_PACK}`,
} as const;

interface Message {
  readonly blob: number;
  readonly account: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly from: Place;
}

export function makePack(context: PackContext, request: Extract<PackRequest, { kind: 'pack' }>): Packed {
  const filling = new Filling(context, request);
  try {
    const after = filling.fill();
    return { kind: 'packed', ...filling.finish(), after };
  } catch (error) {
    filling.abandon();
    throw error;
  }
}

class Filling {
  readonly #context: PackContext;
  readonly #request: Extract<PackRequest, { kind: 'pack' }>;
  #writer: PackWriter | undefined;
  readonly #messages = new Map<number, Message>();
  /** By their hashes. */
  readonly #parts = new Map<string, Omit<NewPart, 'frame' | 'offset'>>();
  #mailBytes = 0;

  constructor(context: PackContext, request: Extract<PackRequest, { kind: 'pack' }>) {
    this.#context = context;
    this.#request = request;
  }

  /** The last email that was looked at; undefined when it was the last there is. */
  fill(): number | undefined {
    const { db, breathe } = this.#context;
    for (let { after } = this.#request; ; ) {
      const rows = db.prepare(SQL.emails).all(after);
      for (const row of rows) {
        after = row[0] as number;
        const message = this.#wanted(row);
        if (message !== undefined) this.#take(message);
        breathe();
        const isFull = (this.#writer?.fileBytes ?? 0) >= PACK_BYTES || this.#mailBytes >= MAX_MAIL_BYTES;
        if (isFull) return after;
      }
      if (rows.length < EMAILS_AT_ONCE) return undefined;
    }
  }

  /** Makes it a pack, and looks at it. */
  finish(): Omit<Packed, 'kind' | 'after'> {
    const entries = this.#writer?.finish() ?? [];
    this.#writer = undefined;
    const { packs, db } = this.#context;
    const files = new PackFiles(packs);
    const written = new Map(entries.map((entry) => [entry.blob, entry]));
    const elsewhere = placesIn(db);
    const bytes = new PackedBytes(files, (blob) => {
      const entry = written.get(blob);
      return entry === undefined ? elsewhere(blob) : { ...entry, pack: this.#request.pack };
    });
    const moves = entries.flatMap((entry) => this.#moveOf(entry, bytes) ?? []);
    const fileBytes = entries.length === 0 ? 0 : files.facts(this.#request.pack).fileBytes;
    files.close();
    const parts = [...this.#parts.values()].flatMap((part) => {
      const entry = written.get(part.blob);
      return entry === undefined ? [] : { ...part, frame: entry.frame, offset: entry.offset };
    });
    return { moves, parts, mailBytes: this.#mailBytes, fileBytes };
  }

  abandon(): void {
    this.#writer?.abandon();
  }

  #wanted([email, blob, size, sum, kind, segment, offset]: Row): Message | undefined {
    if (blob === null || (kind as number) >= KIND_PACK || (blob as number) > this.#request.upTo)
      return undefined;
    if (this.#messages.has(blob as number)) return undefined;
    return {
      blob: blob as number,
      account: accountOfKey(email as number),
      sizeBytes: size as number,
      crc32: sum as number,
      from: { kind: kind as number, segment: segment as number, offset: offset as number },
    };
  }

  #take(message: Message): void {
    const { pack, createdMs } = this.#request;
    try {
      if (message.from.kind !== KIND_SPOOL && message.sizeBytes > MAX_WHOLE_BYTES) this.#takeLarge(message);
      else {
        const bytes = this.#read(message);
        if (bytes?.length !== message.sizeBytes) return;
        this.#writer ??= new PackWriter(this.#context, pack, createdMs);
        this.#writer.add(message, ...this.#taken(bytes));
      }
    } catch (error) {
      // It may be gone since; and what is damaged stays where it is.
      if (!isDamage(error) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return;
    }
    this.#messages.set(message.blob, message);
    this.#mailBytes += message.sizeBytes;
  }

  #takeLarge(message: Message): void {
    const { segments } = this.#context;
    const { pack, createdMs } = this.#request;
    using file = new SegmentPieces(join(segments, segmentName(message.from.segment)));
    this.#writer ??= new PackWriter(this.#context, pack, createdMs);
    const head = Buffer.alloc(headBytes(0));
    const pieces = file.pieces(message.from.offset, message.sizeBytes);
    this.#writer.addChain(
      message,
      [],
      chained(head, pieces, () => this.#context.breathe()),
    );
  }

  #read({ blob, from, sizeBytes }: Message): Buffer | undefined {
    const { db, segments } = this.#context;
    if (from.kind === KIND_SPOOL) {
      const bytes = db.prepare(SQL.spool).get(blob)?.[0];
      return bytes === undefined || bytes === null ? undefined : bufferOf(bytes);
    }
    using file = new SegmentPieces(join(segments, segmentName(from.segment)));
    return Buffer.concat([...file.pieces(from.offset, sizeBytes)]);
  }

  /** What is kept of a message: how its parts are put in again, and all else. */
  #taken(message: Buffer): [readonly Recipe[], Buffer] {
    const recipes: Recipe[] = [];
    const rest: Buffer[] = [];
    let [from, at] = [0, 0];
    for (const { start, end, bytes, lineBytes, isCrlf } of findBase64(message, MAX_RECIPES)) {
      const part = this.#partOf(bytes);
      if (part === undefined) break;
      rest.push(message.subarray(from, start));
      at += start - from;
      recipes.push({ at, part, textBytes: end - start, lineBytes, isCrlf });
      from = end;
    }
    if (recipes.length === 0) return [recipes, message];
    rest.push(message.subarray(from));
    return [recipes, Buffer.concat(rest)];
  }

  /** The blob that has these octets, which may be a new one; undefined when there are no numbers left. */
  #partOf(bytes: Buffer): number | undefined {
    const digest = createHash('sha256').update(bytes).digest();
    const key = digest.toString('latin1');
    const known = this.#parts.get(key)?.blob ?? this.#context.db.prepare(SQL.known).get(digest)?.[0];
    if (known !== undefined) return known as number;
    const { first, count } = this.#request.parts;
    if (this.#parts.size >= count) return undefined;
    const facts = { blob: first + this.#parts.size, sizeBytes: bytes.length, crc32: crc32(bytes) };
    this.#writer?.add({ ...facts, account: 0 }, [], bytes);
    this.#parts.set(key, { ...facts, hash: digest });
    return facts.blob;
  }

  /** Undefined when what comes out of the pack is not the message. */
  #moveOf(entry: IndexEntry, bytes: PackedBytes): Move | undefined {
    const message = this.#messages.get(entry.blob);
    if (message === undefined || !isSound(entry, this.#request.pack, bytes)) return undefined;
    this.#context.breathe();
    const { blob, frame, offset, parts } = entry;
    return { blob, from: message.from, frame, offset, parts };
  }
}

/** The entry gives the octets that it should. */
export function isSound(entry: IndexEntry, pack: number, bytes: PackedBytes): boolean {
  let [sum, length] = [0, 0];
  try {
    for (const piece of bytes.read({ ...entry, pack }, 0, entry.sizeBytes)) {
      sum = crc32(piece, sum);
      length += piece.length;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
  return sum === entry.crc32 && length === entry.sizeBytes;
}

export function* chained(head: Buffer, pieces: Iterable<Buffer>, breathe: () => void): Generator<Buffer> {
  yield head;
  for (const piece of pieces) {
    yield piece;
    breathe();
  }
}

/** Octets of a segment, a piece at a time; fewer than were asked for where it ends. */
class SegmentPieces implements Disposable {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  *pieces(offset: number, length: number): Generator<Buffer> {
    for (let at = 0; at < length; ) {
      const piece = Buffer.allocUnsafeSlow(Math.min(CHAIN_BYTES, length - at));
      const count = readSync(this.#fd, piece, 0, piece.length, offset + at);
      if (count === 0) return;
      yield count === piece.length ? piece : piece.subarray(0, count);
      at += count;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
