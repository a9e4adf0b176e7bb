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
const PAGE_SIZE_AT = 8;
const SALTS_AT = 16;
const FRAME_SALTS_AT = 8;
const SALTS_BYTES = 8;

/** Throws `damaged` when the two do not belong together; a log that says nothing is left to SQLite. */
export function assertLogMatches(path: string): void {
  const counters = countersInLog(`${path}-wal`);
  const [first] = counters;
  if (first === undefined || (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const found = inFile(path, (fd) => readAt(fd, COUNTER_AT, 4)?.readUInt32BE());
  if (found === undefined || (found >= first - 1 && found <= Math.max(...counters))) return;
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
    const head = readAt(fd, 0, LOG_HEAD_BYTES);
    if (head === undefined) return [];
    const salts = head.subarray(SALTS_AT, SALTS_AT + SALTS_BYTES);
    const frameBytes = FRAME_HEAD_BYTES + head.readUInt32BE(PAGE_SIZE_AT);
    const counters: number[] = [];
    for (let at = LOG_HEAD_BYTES; ; at += frameBytes) {
      const frame = readAt(fd, at, FRAME_HEAD_BYTES + COUNTER_AT + 4);
      // What is left of an older log behind this one has other salts.
      if (!frame?.subarray(FRAME_SALTS_AT, FRAME_SALTS_AT + SALTS_BYTES).equals(salts)) return counters;
      if (frame.readUInt32BE() === 1) counters.push(frame.readUInt32BE(FRAME_HEAD_BYTES + COUNTER_AT));
      else if (at === LOG_HEAD_BYTES) return [];
    }
  });
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
