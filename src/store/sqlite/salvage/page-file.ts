/**
 * The pages of a database file as SQLite would see them, without SQLite: the newest committed copy of each from the log
 * beside it, else the file's. For files that SQLite refuses, or whose tables have lost their first page.
 *
 * See https://sqlite.org/fileformat2.html §1.3 (header), §1.8 (pointer map), §4 (log). No connection to the file may be
 * open in this process: closing any descriptor of it would drop SQLite's locks.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { EMPTY } from '../../../base/bytes.ts';

const MAGIC = 'SQLite format 3\0';
const DEFAULT_PAGE_BYTES = 4096;
const LOG_HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
/** Of the log; the last bit says how its words are read for the checksum. */
const LOG_MAGIC = 0x377f0682;
const MAP_ENTRY_BYTES = 5;
const FREE = 2;
/** SQLite locks octets of this page and stores nothing there. */
const LOCK_PAGE_OFFSET = 0x4000_0000;

export class PageFile implements Disposable {
  readonly #fd: number;
  readonly #log: Buffer;
  /** By page number where its newest copy is in the log. */
  readonly #inLog: ReadonlyMap<number, number>;
  readonly pageBytes: number;
  /** The highest page number there is. */
  readonly count: number;
  /** The file begins as a database does. */
  readonly hasHeader: boolean;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    const header = Buffer.alloc(100);
    readSync(this.#fd, header, 0, header.length, 0);
    this.#log = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : EMPTY;
    this.hasHeader = header.toString('latin1', 0, MAGIC.length) === MAGIC;
    this.pageBytes = pageSizeIn(header);
    this.#inLog = committedFrames(this.#log, this.pageBytes);
    const inFile = Math.ceil(fstatSync(this.#fd).size / this.pageBytes);
    this.count = [...this.#inLog.keys()].reduce((highest, page) => Math.max(highest, page), inFile);
  }

  /** Octets that the file does not have are zeros. */
  read(page: number): Buffer {
    const at = this.#inLog.get(page);
    if (at !== undefined) return this.#log.subarray(at, at + this.pageBytes);
    const bytes = Buffer.alloc(this.pageBytes);
    if (page >= 1) readSync(this.#fd, bytes, 0, this.pageBytes, (page - 1) * this.pageBytes);
    return bytes;
  }

  /** What is on a free page was deleted. As the pointer map says, which every database of this store has. */
  isFree(page: number): boolean {
    const map = this.#mapOf(page);
    const entry = this.read(map)[(page - map - 1) * MAP_ENTRY_BYTES];
    return page > 2 && page !== map && entry === FREE;
  }

  isPointerMap(page: number): boolean {
    return page > 1 && this.#mapOf(page) === page;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #mapOf(page: number): number {
    const perMap = Math.floor(this.pageBytes / MAP_ENTRY_BYTES) + 1;
    const map = Math.floor((page - 2) / perMap) * perMap + 2;
    return map === LOCK_PAGE_OFFSET / this.pageBytes + 1 ? map + 1 : map;
  }
}

function pageSizeIn(header: Buffer): number {
  const size = header.readUInt16BE(16);
  const isValid = header.toString('latin1', 0, MAGIC.length) === MAGIC && size >= 512;
  return isValid && (size & (size - 1)) === 0 ? size : DEFAULT_PAGE_BYTES;
}

/** Offsets of the page copies in the log, up to its last commit; what is behind a wrong checksum was not committed. */
function committedFrames(log: Buffer, pageBytes: number): Map<number, number> {
  const committed = new Map<number, number>();
  if (log.length < LOG_HEAD_BYTES || log.readUInt32BE(0) >>> 1 !== LOG_MAGIC >>> 1) return committed;
  if (log.readUInt32BE(8) !== pageBytes) return committed;
  const sum = new LogChecksum(log.readUInt32BE(0) !== LOG_MAGIC);
  sum.add(log.subarray(0, FRAME_HEAD_BYTES));
  if (!sum.equals(log, FRAME_HEAD_BYTES)) return committed;
  const pending = new Map<number, number>();
  const frameBytes = FRAME_HEAD_BYTES + pageBytes;
  for (let at = LOG_HEAD_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break;
    sum.add(log.subarray(at, at + 8));
    sum.add(log.subarray(at + FRAME_HEAD_BYTES, at + frameBytes));
    if (!sum.equals(log, at + 16)) break;
    pending.set(log.readUInt32BE(at), at + FRAME_HEAD_BYTES);
    if (log.readUInt32BE(at + 4) === 0) continue;
    for (const [page, place] of pending) committed.set(page, place);
    pending.clear();
  }
  return committed;
}

/** The log's running checksum (§4.2): every frame is checked together with all before it. */
class LogChecksum {
  readonly #isBigEndian: boolean;
  #a = 0;
  #b = 0;

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian;
  }

  add(bytes: Buffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += 8) {
      this.#a = (this.#a + view.getUint32(at, !this.#isBigEndian) + this.#b) >>> 0;
      this.#b = (this.#b + view.getUint32(at + 4, !this.#isBigEndian) + this.#a) >>> 0;
    }
  }

  equals(stored: Buffer, at: number): boolean {
    return stored.readUInt32BE(at) === this.#a && stored.readUInt32BE(at + 4) === this.#b;
  }
}
