/**
 * Why a database cannot be opened, for the person who has to do something about it: what is wrong with which file.
 * SQLite's own words ("unable to open database file") stay behind as the cause.
 */
import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { StoreError } from '../../mailbox/port/store.ts';
import { primaryCodeOf } from './database.ts';

/** SQLite's primary result codes: PERM, READONLY, CANTOPEN. */
const REFUSED_BY_SQLITE: ReadonlySet<number | undefined> = new Set([3, 8, 14]);
const REFUSED_BY_SYSTEM: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EISDIR']);
const CORRUPT = 11;
const NOTADB = 26;

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
const PAGE_SIZE_AT = 16;
const PAGE_COUNT_AT = 28;

/** The error to throw instead; the same one when nothing better can be said. No connection to the file may be open. */
export function inOpeningWords(path: string, error: unknown): unknown {
  const words = isRefused(error) ? accessWords(path) : wordsFor(path, primaryCodeOf(error));
  if (words === undefined) return error;
  const code = error instanceof StoreError ? error.code : 'io';
  return new StoreError(code, `${path} ${words}`, { cause: error });
}

function isRefused(error: unknown): boolean {
  const cause = error instanceof StoreError ? error.cause : error;
  const { code = '' } = (cause ?? {}) as NodeJS.ErrnoException;
  return REFUSED_BY_SYSTEM.has(code) || REFUSED_BY_SQLITE.has(primaryCodeOf(error));
}

function wordsFor(path: string, code: number | undefined): string | undefined {
  if (code === NOTADB) return 'is not a database';
  if (code !== CORRUPT) return undefined;
  const missing = missingBytes(path);
  if (missing > 0) return `was cut: its last ${missing} octets are missing`;
  return 'is damaged';
}

function accessWords(path: string): string | undefined {
  for (const file of [path, `${path}-wal`]) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isFile()) return `cannot be opened: ${basename(file)} is not a file`;
    try {
      accessSync(file, constants.R_OK | constants.W_OK);
    } catch (error) {
      const reason =
        (error as NodeJS.ErrnoException).code === 'EROFS' ? 'its disk is read-only' : owned(stat);
      return `cannot be opened: ${basename(file)} cannot be read and written by ${userInfo().username} (${reason}); give it to that user, or run this as its owner`;
    }
  }
  return undefined;
}

function owned({ uid, mode }: Stats): string {
  return `it belongs to user ${uid}, with mode ${(mode & 0o777).toString(8)}`;
}

function missingBytes(path: string): number {
  const header = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(path, 'r');
  try {
    if (readSync(fd, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return 0;
  } finally {
    closeSync(fd);
  }
  if (!header.toString('latin1').startsWith(MAGIC)) return 0;
  const pageBytes = header.readUInt16BE(PAGE_SIZE_AT);
  const wholeBytes = header.readUInt32BE(PAGE_COUNT_AT) * (pageBytes === 1 ? 65_536 : pageBytes);
  return Math.max(0, wholeBytes - statSync(path).size);
}
