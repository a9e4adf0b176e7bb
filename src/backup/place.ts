/**
 * Where a set of backups lies: objects with names and octets, as a folder or a bucket keeps them.
 *
 *     brevduva-backup             that it is a set, and in which format
 *     lock                        who works on it
 *     snapshots/<id>.jsonl        what a snapshot is made of, see `manifest.ts`
 *     objects/ab/ab12...          octets by their SHA-256, each of them once
 */
import { BackupError } from './backup-error.ts';

export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
}

/** Octets that can be read again. */
export interface Source {
  readonly bytes: number;
  readonly sha256: string;
  open(): AsyncIterable<Buffer>;
}

export interface Place {
  /** For people. */
  readonly name: string;
  /** All whose names begin with `prefix`, which ends with a slash or is empty. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Throws BackupError `missing`. */
  read(name: string): AsyncIterable<Buffer>;
  /** Whole or not at all; replaces what is there. It is what `source` says, or BackupError `damaged` is thrown. */
  put(name: string, source: Source): Promise<void>;
  /** False when there is one of that name. */
  create(name: string, octets: Buffer): Promise<boolean>;
  /** Whether it is there or not. */
  remove(name: string): Promise<void>;
  /** What was put is there after a power cut. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export const OBJECTS = 'objects/';
export const SNAPSHOTS = 'snapshots/';
export const MARK = 'brevduva-backup';
export const LOCK = 'lock';

export const objectName = (sha256: string): string => `${OBJECTS}${sha256.slice(0, 2)}/${sha256}`;
export const manifestName = (id: string): string => `${SNAPSHOTS}${id}.jsonl`;

/** Throws BackupError `missing`, and `damaged` for one that is longer. */
export async function readWhole(place: Place, name: string, mostBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of place.read(name)) {
    length += part.length;
    if (length > mostBytes)
      throw new BackupError('damaged', `${name} in ${place.name} is longer than it can be`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
