/**
 * Append-only files for messages above 64 KB. A record is a 32-byte head and the bytes; the head is written last, and
 * the file is synced before any row may refer to it, so a power cut leaves at most bytes that nobody refers to.
 *
 * One writer at a time per file: concurrent uploads each have a file of their own, returned to the pool once it is written;
 * records that follow each other in a file share its syncs.
 * A fresh file is made ahead of need, its directory entry synced, so that the path of an upload has one sync. Files
 * from an earlier run are never appended to. A file is deleted when no row and no upload refers to it any more and the
 * deletion of the last row is durable; where the rows cannot be read, it stays.
 *
 * Invariant: bytes inside a record that was finished never change.
 */
import * as fs from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StoreError } from '../../mailbox/port/store.ts';
import { storeError } from './database.ts';
import { SharedSync } from './shared-sync.ts';

export const RECORD_HEAD_BYTES = 32;
/** Plain descriptors: a FileHandle that somebody forgot is closed by an exception out of the garbage collector. */
const open = promisify(fs.open);
const close = promisify(fs.close);
const write = promisify(fs.write);
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);

const RECORD_MAGIC = 0x42564d53;
const RECORD_VERSION = 1;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Half-filled files kept open for the next upload; above it they are closed for good. */
const MAX_IDLE = 8;

export const segmentName = (segment: number): string => `${segment.toString(16).padStart(8, '0')}.seg`;

export interface Extent {
  readonly segment: number;
  /** Of the first byte after the head. */
  readonly offset: number;
}

export function recordHead(sizeBytes: number, crc32: number): Buffer {
  const head = Buffer.alloc(RECORD_HEAD_BYTES);
  head.writeUInt32LE(RECORD_MAGIC, 0);
  head.writeUInt32LE(RECORD_VERSION, 4);
  head.writeBigUInt64LE(BigInt(sizeBytes), 8);
  head.writeUInt32LE(crc32, 16);
  return head;
}

export function isRecordHead(head: Buffer, sizeBytes: number, crc32: number): boolean {
  return head.length === RECORD_HEAD_BYTES && head.equals(recordHead(sizeBytes, crc32));
}

interface SegmentFile {
  readonly id: number;
  readonly fd: number;
  readonly syncs: SharedSync;
  end: number;
  /** Its writer, and records that wait for a sync. */
  users: number;
  /** No more records go into it; it is closed when nobody uses it. */
  isRetired: boolean;
  isClosed: boolean;
}

/** What the database knows of the files. */
export interface SegmentRows {
  /** Whether a row refers to bytes in the file; true when that cannot be read. */
  isReferred(segment: number): boolean;
  /** The highest number that a row refers to; undefined when that cannot be read. */
  readonly highest: number | undefined;
}

/** Above every number that rows may refer to that cannot be read: a new file must not come under one of them. */
const FAR = 0x0100_0000;

export class Segments {
  readonly #directory: string;
  readonly #rows: SegmentRows;
  /** By file: uploads that may still become a row, deletions that are not durable, and being open for writing. */
  readonly #pins = new Map<number, number>();
  /** Until they are let go of, no file is deleted; those that were to be. */
  #holds = 0;
  readonly #held = new Set<number>();
  readonly #inode: number;
  readonly #idle: SegmentFile[] = [];
  #spare: Promise<SegmentFile> | undefined;
  #next: number;
  #isClosed = false;
  /** Told before a file is deleted. */
  onDelete: (segment: number) => void = () => {};

  private constructor(directory: string, rows: SegmentRows, next: number) {
    this.#directory = directory;
    this.#rows = rows;
    this.#inode = fs.statSync(directory).ino;
    this.#next = next;
  }

  /** Files to which no row refers are left from a crash or a deletion, and go. */
  static async open(directory: string, rows: SegmentRows): Promise<Segments> {
    const names = (await readdir(directory)).filter((name) => /^[0-9a-f]{8}\.seg$/.test(name));
    const ids = names.map((name) => Number.parseInt(name, 16));
    const inUse = ids.reduce((highest, id) => Math.max(highest, id), 0);
    const next = rows.highest === undefined ? inUse + FAR : Math.max(inUse, rows.highest) + 1;
    const segments = new Segments(directory, rows, next);
    for (const id of ids) if (!rows.isReferred(id)) await unlink(segments.path(id));
    return segments;
  }

  /** Why no large message can be kept any more: the folder is not the one that was opened. */
  fault(): StoreError | undefined {
    const stat = fs.statSync(this.#directory, { throwIfNoEntry: false });
    if (stat?.ino === this.#inode) return undefined;
    return new StoreError(
      'damaged',
      `the folder ${this.#directory} was deleted, moved or replaced while it was in use; put it back, from a backup if need be, and start again`,
    );
  }

  path(segment: number): string {
    return join(this.#directory, segmentName(segment));
  }

  /** An upload, or whoever else has not let go of it, keeps the file. */
  isPinned(segment: number): boolean {
    return this.#pins.has(segment);
  }

  /** A file for one upload alone. */
  async acquire(): Promise<SegmentWriter> {
    const file = this.#idle.pop() ?? (await this.#fresh());
    file.users++;
    return new SegmentWriter(this, file);
  }

  /**
   * From the writer: the record is whole, up to `end`. The file is the next upload's at once; when this resolves the record is
   * synced, and stays until `unpin`. Throws when the sync fails, or the file is gone.
   */
  async keep(file: SegmentFile, end: number): Promise<void> {
    file.end = end;
    this.#pin(file.id);
    const synced = file.syncs.sync();
    file.users++;
    this.giveBack(file);
    try {
      await synced;
      if (!this.#isThere(file))
        throw new StoreError('io', `${this.path(file.id)} was deleted while it was in use`);
      file.users--;
      if (file.isRetired) this.#closeUnused(file);
    } catch (error) {
      // What was synced before stays good; what is in this file from now on could not be trusted.
      file.users--;
      this.#retire(file);
      this.unpin(file.id);
      throw error;
    }
  }

  /** From its writer: for the next upload, when it can be trusted. */
  giveBack(file: SegmentFile, isGood = true): void {
    file.users--;
    const isOpen = isGood && !file.isRetired && file.end < SEGMENT_BYTES && !this.#isClosed;
    if (isOpen && this.#idle.length < MAX_IDLE) this.#idle.push(file);
    else this.#retire(file);
  }

  /** Files that wait for the next upload, and hold nothing that is needed, go. */
  async deleteUnused(): Promise<void> {
    const unused = this.#idle.filter(({ id, end }) => end > 0 && !this.#rows.isReferred(id));
    await Promise.all(unused.map((file) => this.#retire(file)));
  }

  /** The file still has its name: what is in a deleted one is gone with the process. */
  #isThere(file: SegmentFile): boolean {
    const named = fs.statSync(this.path(file.id), { throwIfNoEntry: false });
    return named?.ino === fs.fstatSync(file.fd).ino;
  }

  #retire(file: SegmentFile): Promise<void> | undefined {
    const idle = this.#idle.indexOf(file);
    if (idle >= 0) this.#idle.splice(idle, 1);
    file.isRetired = true;
    return this.#closeUnused(file);
  }

  #closeUnused(file: SegmentFile): Promise<void> | undefined {
    if (file.users > 0 || file.isClosed) return undefined;
    file.isClosed = true;
    this.unpin(file.id);
    return close(file.fd).catch(() => {});
  }

  /** When no row refers to it any more and it was the last pin, the file goes. */
  unpin(segment: number): void {
    const pins = (this.#pins.get(segment) ?? 0) - 1;
    if (pins > 0) this.#pins.set(segment, pins);
    else this.#pins.delete(segment);
    this.#deleteUnneeded(segment);
  }

  /** Somebody makes a list of the files: none is deleted before what this returns is called. */
  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
      const held = this.#holds === 0 ? [...this.#held] : [];
      for (const segment of held) {
        this.#held.delete(segment);
        this.#deleteUnneeded(segment);
      }
    };
  }

  #deleteUnneeded(segment: number): void {
    // Once the store is closed nobody can say; a leftover is deleted at the next start.
    if (this.#pins.has(segment) || this.#isClosed || this.#rows.isReferred(segment)) return;
    if (this.#holds > 0) {
      this.#held.add(segment);
      return;
    }
    this.onDelete(segment);
    unlink(this.path(segment)).catch(() => {}); // a leftover is deleted at the next start
  }

  /**
   * Rows of these segments were deleted in a transaction that is committed; it counts once `durable` has resolved: a row
   * that comes back after a power cut must find its bytes.
   */
  rowsDeleted(segments: readonly number[], durable: Promise<void>): void {
    for (const segment of segments) this.#pin(segment);
    durable.then(
      () => {
        for (const segment of segments) this.unpin(segment);
      },
      () => {}, // the sync failed: the process is on its way out, and the next start looks for leftovers
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true; // uploads that are still under way close theirs
    const spare = await this.#spare?.catch(() => undefined);
    this.#spare = undefined;
    const files = [...this.#idle, ...(spare ? [spare] : [])];
    await Promise.all(files.map((file) => this.#retire(file)));
  }

  #fresh(): Promise<SegmentFile> {
    const taken = this.#spare ?? this.#create(); // taken before anything is awaited: one file, one upload
    const spare = this.#create();
    this.#spare = spare;
    spare.catch(() => {
      if (this.#spare === spare) this.#spare = undefined; // the next upload tries again and reports it
    });
    return taken;
  }

  async #create(): Promise<SegmentFile> {
    const id = this.#next++;
    try {
      const fd = await open(this.path(id), 'wx', 0o600);
      await fsync(fd);
      await syncEntries(this.#directory);
      this.#pin(id);
      return { id, fd, syncs: new SharedSync(fd), end: 0, users: 0, isRetired: false, isClosed: false };
    } catch (error) {
      throw storeError(error, `making ${this.path(id)}`);
    }
  }

  #pin(segment: number): void {
    this.#pins.set(segment, (this.#pins.get(segment) ?? 0) + 1);
  }
}

/** One record on its way into a segment. Calls must not overlap. */
export class SegmentWriter {
  readonly #segments: Segments;
  readonly #file: SegmentFile;
  readonly #start: number;
  #at: number;

  constructor(segments: Segments, file: SegmentFile) {
    this.#segments = segments;
    this.#file = file;
    this.#start = file.end;
    this.#at = file.end + RECORD_HEAD_BYTES;
  }

  async write(bytes: Buffer): Promise<void> {
    try {
      await writeFully(this.#file.fd, bytes, this.#at);
    } catch (error) {
      throw storeError(error, 'writing a message');
    }
    this.#at += bytes.length;
  }

  /** Head and sync; the file goes back to the pool, whatever happens; on success the record is pinned. */
  async finish(sizeBytes: number, crc32: number): Promise<Extent> {
    try {
      await writeFully(this.#file.fd, recordHead(sizeBytes, crc32), this.#start);
    } catch (error) {
      await this.abandon();
      throw storeError(error, 'writing a message');
    }
    try {
      await this.#segments.keep(this.#file, this.#at);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw new StoreError('io', 'syncing a message failed', { cause: error });
    }
    return { segment: this.#file.id, offset: this.#start + RECORD_HEAD_BYTES };
  }

  /** Takes back what was written of this record. */
  async abandon(): Promise<void> {
    let isGood = true;
    try {
      await ftruncate(this.#file.fd, this.#start);
    } catch {
      isGood = false;
    }
    this.#segments.giveBack(this.#file, isGood);
  }
}

async function writeFully(fd: number, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await write(fd, bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** A new file is there after a power cut only when the directory was synced. */
async function syncEntries(directory: string): Promise<void> {
  const fd = await open(directory, 'r');
  try {
    await fsync(fd);
  } finally {
    await close(fd);
  }
}
