/**
 * A snapshot becomes a data folder. Every octet is compared with what the snapshot says of it while it is written; then the databases are made
 * ready (`store/sqlite/snapshot/restored.ts`). Until that is done a file in the folder says so, and nobody opens it.
 */
import { createHash } from 'node:crypto';
import {
  chown,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rm,
  statfs,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type Readied, readyRestored, UNFINISHED_RESTORE } from '../store/sqlite/snapshot/restored.ts';
import { BackupError } from './backup-error.ts';
import { BackupSet } from './backup-set.ts';
import { decompressed } from './file-source.ts';
import { syncFolder } from './folder-place.ts';
import type { Progress } from './make-backup.ts';
import type { Manifest, ManifestFile } from './manifest.ts';
import { objectName, type Place } from './place.ts';

export interface RestoreRequest {
  readonly place: Place;
  /** Made when it is not there. */
  readonly data: string;
  /** Of the newest of this time, or the newest of all; see `BackupSet.find`. */
  readonly at?: string;
  /** Whom everything belongs to; whoever runs this when absent. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly onProgress: (progress: Progress) => void;
}

export interface RestoreReport extends Readied {
  readonly id: string;
  readonly createdMs: number;
  readonly files: number;
  readonly bytes: number;
}

/** Throws BackupError; `damaged` names the file, and the folder is one that was not finished then. */
export async function restoreBackup(request: RestoreRequest): Promise<RestoreReport> {
  const { place, data, at, owner } = request;
  const set = await BackupSet.open(place);
  const manifest = await set.manifest(await set.find(at));
  await beginFolder(data);
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  await assertRoom(data, bytes);
  await writeFiles(place, manifest.files, request);
  const readied = readyRestored(data, manifest.createdMs);
  await settleFolder(data, owner);
  await rm(join(data, UNFINISHED_RESTORE));
  await syncFolder(data);
  const { id, createdMs } = manifest;
  return { id, createdMs, files: manifest.files.length, bytes, ...readied };
}

/** Into a folder, those of the snapshot that are wanted. */
export async function writeFiles(
  place: Place,
  files: Manifest['files'],
  { data, onProgress }: Pick<RestoreRequest, 'data' | 'onProgress'>,
): Promise<void> {
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let bytes = 0;
  for (const file of files) {
    onProgress({ path: file.path, bytes, totalBytes });
    await writeOne(place, file, join(data, file.path));
    bytes += file.bytes;
  }
}

async function writeOne(place: Place, { path, object, ...wanted }: ManifestFile, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const name = objectName(object.sha256);
  const stored = place.read(name);
  const hash = createHash('sha256');
  let bytes = 0;
  let file: FileHandle | undefined;
  try {
    file = await open(to, 'wx', 0o600);
    for await (const piece of object.codec === 'zstd' ? decompressed(stored) : stored) {
      hash.update(piece);
      bytes += piece.length;
      if (bytes > wanted.bytes) break;
      await file.writeFile(piece);
    }
    await file.sync();
  } catch (error) {
    throw writingFailed(error, { path, to, name: `${place.name}/${name}` });
  } finally {
    await file?.close();
  }
  if (bytes !== wanted.bytes || hash.digest('hex') !== wanted.sha256)
    throw damaged(path, `${place.name}/${name}`);
  await utimes(to, new Date(), wanted.mtimeMs / 1000);
}

function writingFailed(
  error: unknown,
  { path, to, name }: { readonly path: string; readonly to: string; readonly name: string },
): BackupError {
  if (error instanceof BackupError) {
    return error.code === 'missing' ? new BackupError('missing', `${path}: ${error.message}`) : error;
  }
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code.startsWith('ZSTD_') || code === 'ERR_BUFFER_TOO_LARGE' || code.startsWith('Z_'))
    return damaged(path, name);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new BackupError(
    isFull ? 'full' : 'place',
    `writing ${to}: ${isFull ? 'there is no room for it' : message}`,
    {
      cause: error,
    },
  );
}

function damaged(path: string, name: string): BackupError {
  return new BackupError(
    'damaged',
    `${path} is damaged in the backup: ${name} is not what was put there. Another snapshot may have it in another state (--at)`,
  );
}

/** Throws `usage` where something is, other than what an interrupted restore has left. */
async function beginFolder(data: string): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const names = (await readdir(data)).filter((name) => name !== 'lost+found');
  if (names.length > 0 && !names.includes(UNFINISHED_RESTORE)) {
    throw new BackupError(
      'usage',
      `${data} is not empty, and a restore overwrites nothing; move it away first, or name an empty folder with --data`,
    );
  }
  for (const name of names)
    if (name !== UNFINISHED_RESTORE) await rm(join(data, name), { recursive: true, force: true });
  await writeFile(join(data, UNFINISHED_RESTORE), `${new Date().toISOString()}\n`, {
    mode: 0o600,
    flush: true,
  });
  await syncFolder(data);
}

async function assertRoom(data: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(data);
  if (bavail * bsize >= bytes) return;
  await rm(join(data, UNFINISHED_RESTORE));
  throw roomError('the snapshot', { bytes, folder: data, free: bavail * bsize }, 'nothing was written');
}

/** `what` takes more than a folder has room for. */
export function roomError(
  what: string,
  { bytes, folder, free }: { readonly bytes: number; readonly folder: string; readonly free: number },
  then: string,
): BackupError {
  const inGiB = (n: number): string => `${(n / 1024 ** 3).toFixed(1)} GiB`;
  return new BackupError(
    'full',
    `${what} takes ${inGiB(bytes)} and ${folder} has room for ${inGiB(free)}; ${then}`,
  );
}

/** Names are on the disk, and everything belongs to whom it has to. */
async function settleFolder(data: string, owner: RestoreRequest['owner']): Promise<void> {
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (relative(data, path) === 'lost+found') continue;
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
    if (entry.isDirectory()) await syncFolder(path);
  }
  if (owner !== undefined) await chown(data, owner.uid, owner.gid);
}
