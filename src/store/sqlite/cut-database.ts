/**
 * A database file that was cut (a copy that ran out of room, a repaired file system) is refused by SQLite as a whole,
 * though most of it may be there. With the missing pages put back as zeros only what was on them is lost: SQLite finds
 * each of them broken when it is read, and `check` names the messages they held.
 *
 * Must run before this process has a connection to the file: closing any descriptor of it would drop SQLite's locks.
 * A file with a log beside it is left alone; its pages may be in the log, and SQLite knows its size from there.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs';

/** Offsets in the header (https://sqlite.org/fileformat.html §1.3). */
const HEADER_BYTES = 100;
const PAGE_SIZE_AT = 16;
const CHANGE_COUNTER_AT = 24;
const PAGE_COUNT_AT = 28;
/** The page count is right when this is the change counter. */
const VERSION_VALID_FOR_AT = 92;

/** The number of octets that were missing. */
export function completePages(path: string): number {
  if (sizeOf(`${path}-wal`) > 0 || sizeOf(path) < HEADER_BYTES) return 0;
  const fd = openSync(path, 'r+');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(fd, header, 0, HEADER_BYTES, 0);
    if (!header.toString('latin1').startsWith('SQLite format 3\0')) return 0;
    if (header.readUInt32BE(CHANGE_COUNTER_AT) !== header.readUInt32BE(VERSION_VALID_FOR_AT)) return 0;
    const pageBytes = header.readUInt16BE(PAGE_SIZE_AT);
    const wholeBytes = header.readUInt32BE(PAGE_COUNT_AT) * (pageBytes === 1 ? 65_536 : pageBytes);
    const { size } = fstatSync(fd);
    if (wholeBytes <= size) return 0;
    ftruncateSync(fd, wholeBytes);
    return wholeBytes - size;
  } finally {
    closeSync(fd);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
