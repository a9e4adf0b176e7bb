/**
 * What the driver and the system call an error, in words for whoever has to do something about it. Those of the driver
 * itself stay in the cause, for the log.
 */
import { accessSync, constants } from 'node:fs';

export interface DriverError extends Error {
  /** Of the system: `EACCES`. */
  readonly code?: string;
  /** Of SQLite, extended. */
  readonly errcode?: number;
}

const SYSTEM: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: it must belong to the user that runs Brevduva',
  EPERM: 'permission denied: it must belong to the user that runs Brevduva',
  ENOENT: 'it is not there; restore it, or mount the disk it is on',
  EIO: 'the disk failed to read or write it; look at the log of the system',
  ENOSPC: 'there is no room on the disk',
  EDQUOT: 'there is no room in the disk quota of the user that runs Brevduva',
  EFBIG: 'it would be larger than a file may be',
  EROFS: 'its file system is mounted for reading only',
  EMFILE: 'too many files are open; raise the limit of the process',
  ENFILE: 'too many files are open on this machine',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

const BY_RESULT: Readonly<Record<number, string>> = {
  5: 'it is locked: another program has it open',
  6: 'it is locked: another program has it open',
  7: 'there is not enough memory',
  8: 'it may only be read: look at its permissions and those of its folder',
  10: 'the disk failed to read or write it; look at the log of the system',
  11: 'it is damaged',
  13: 'there is no room on the disk',
  14: 'it cannot be opened: look at its permissions and those of its folder',
  26: 'it is damaged at its beginning, or no database at all',
};

/** `path` is looked at when the driver does not say why it cannot be opened. */
export function wordsOf({ code, errcode, message }: DriverError, path?: string): string {
  if (errcode === undefined) return SYSTEM[code ?? ''] ?? message;
  const primary = errcode & 0xff;
  const why = primary === 14 && path !== undefined ? whyClosed(path) : undefined;
  return why ?? BY_RESULT[primary] ?? message;
}

function whyClosed(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return SYSTEM[(error as NodeJS.ErrnoException).code ?? ''];
  }
}
