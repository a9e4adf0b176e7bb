/**
 * Whether the log beside a database belongs to it. SQLite takes every whole log for the database's own: an older copy put
 * back beside the log of a crash, or the other way round, becomes a mixture of pages of two times, and nobody is told.
 *
 * The first page of a database counts its changes (https://sqlite.org/fileformat.html §1.3.7), and every log of ours begins
 * with that page. So a log that goes on from this database begins with the next number, or holds the present one, when it
 * was moved into the database already. Looked at before this process has a connection: see `cut-database.ts`.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { StoreError } from '../../mailbox/port/store.ts';

const COUNTER_AT = 24;
/** Offsets in the log (§4.1). */
const LOG_HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
const MAGIC = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;
const PAGE_SIZE_AT = 8;
const SALTS_AT = 16;
const SUM_IN_HEAD_AT = 24;
const FRAME_SALTS_AT = 8;
const SUM_IN_FRAME_AT = 16;
const SALTS_BYTES = 8;

/** Throws `damaged` when the two do not belong together; a log that says nothing is left to SQLite. */
export function assertLogMatches(path: string): void {
  const counters = countersInLog(`${path}-wal`);
  const [first] = counters;
  if (first === undefined || (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const found = inFile(path, (fd) => readAt(fd, COUNTER_AT, 4)?.readUInt32BE());
  if (found === undefined || found === first - 1 || counters.includes(found)) return;
  const which = found < first ? 'the database is older than its log' : 'the log is older than its database';
  throw new StoreError(
    'damaged',
    `${path} and ${path}-wal do not belong together, ${which}: one of them was put back without the other. Put both back from one backup, or move ${path}-wal away to go on with the database alone`,
  );
}

/** The change counters of the first page wherever it is in the log; none when the log does not begin with it. */
function countersInLog(path: string): number[] {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < LOG_HEAD_BYTES) return [];
  return inFile(path, (fd) => {
    const counters: number[] = [];
    for (const frame of framesIn(fd)) {
      if (frame.readUInt32BE() === 1) counters.push(frame.readUInt32BE(FRAME_HEAD_BYTES + COUNTER_AT));
      if (counters.length === 0) break;
    }
    return counters;
  });
}

/** As far as they are whole: behind them lies what a power cut tore, or what is left of an older log. */
function* framesIn(fd: number): Generator<Buffer> {
  const head = readAt(fd, 0, LOG_HEAD_BYTES);
  const magic = head?.readUInt32BE();
  if (head === undefined || (magic !== MAGIC && magic !== MAGIC_BIG_ENDIAN)) return;
  const sum = new LogSum(magic === MAGIC_BIG_ENDIAN);
  sum.add(head.subarray(0, SUM_IN_HEAD_AT));
  if (!sum.isAt(head, SUM_IN_HEAD_AT)) return;
  const salts = head.subarray(SALTS_AT, SALTS_AT + SALTS_BYTES);
  const frameBytes = FRAME_HEAD_BYTES + head.readUInt32BE(PAGE_SIZE_AT);
  for (let at = LOG_HEAD_BYTES; ; at += frameBytes) {
    const frame = readAt(fd, at, frameBytes);
    if (!frame?.subarray(FRAME_SALTS_AT, FRAME_SALTS_AT + SALTS_BYTES).equals(salts)) return;
    sum.add(frame.subarray(0, FRAME_SALTS_AT));
    sum.add(frame.subarray(FRAME_HEAD_BYTES));
    if (!sum.isAt(frame, SUM_IN_FRAME_AT)) return;
    yield frame;
  }
}

/** The running checksum of a log (§4.2); its octets are taken four at a time, in the order that the magic number names. */
class LogSum {
  readonly #isBigEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian;
  }

  add(bytes: Buffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let [first, second] = [this.#first, this.#second];
    for (let at = 0; at < bytes.length; at += 8) {
      first = (first + view.getUint32(at, !this.#isBigEndian) + second) >>> 0;
      second = (second + view.getUint32(at + 4, !this.#isBigEndian) + first) >>> 0;
    }
    this.#first = first;
    this.#second = second;
  }

  isAt(bytes: Buffer, position: number): boolean {
    return bytes.readUInt32BE(position) === this.#first && bytes.readUInt32BE(position + 4) === this.#second;
  }
}

function inFile<T>(path: string, read: (fd: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    return read(fd);
  } finally {
    closeSync(fd);
  }
}

/** Undefined when the file ends before. */
function readAt(fd: number, position: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  return readSync(fd, bytes, 0, length, position) === length ? bytes : undefined;
}
