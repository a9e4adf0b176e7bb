/**
 * A set in a folder. What is put is written under another name, synced, read once more, and then renamed, so a name always stands for all of
 * its octets. Symbolic links are not followed: a set is files.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError } from './backup-error.ts';
import type { Place, Source, StoredObject } from './place.ts';

const PIECE = 1024 * 1024;
const UNFINISHED = '.part';

export class FolderPlace implements Place {
  readonly name: string;
  /** Folders in which names have changed since they were synced last. */
  readonly #changed = new Set<string>();

  /** `folder` is there, or is made when something is put. */
  constructor(folder: string) {
    this.name = folder;
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const entries = await readdir(join(this.name, prefix), { withFileTypes: true }).catch(noneOf);
    for (const entry of entries) {
      const name = `${prefix}${entry.name}`;
      if (entry.isDirectory()) yield* this.list(`${name}/`);
      else if (entry.isFile()) {
        const facts = await stat(join(this.name, name)).catch(() => undefined);
        if (facts !== undefined) yield { name, bytes: facts.size };
      }
    }
  }

  async *read(name: string): AsyncGenerator<Buffer> {
    const file = await this.#open(name);
    try {
      yield* pieces(file);
    } catch (error) {
      throw failure(error, `reading ${join(this.name, name)}`);
    } finally {
      await file.close();
    }
  }

  async put(name: string, source: Source): Promise<void> {
    const path = join(this.name, name);
    const unfinished = `${path}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
    try {
      await this.#makeFolder(dirname(path));
      await writeProven(unfinished, source);
      await rename(unfinished, path);
      this.#changed.add(dirname(path));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw failure(error, `writing ${path}`);
    }
  }

  async create(name: string, octets: Buffer): Promise<boolean> {
    const path = join(this.name, name);
    try {
      await this.#makeFolder(dirname(path));
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(octets);
        await file.sync();
      } finally {
        await file.close();
      }
      this.#changed.add(dirname(path));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw failure(error, `writing ${path}`);
    }
  }

  async remove(name: string): Promise<void> {
    const path = join(this.name, name);
    await rm(path, { force: true }).catch((error) => {
      throw failure(error, `deleting ${path}`);
    });
  }

  async settle(): Promise<void> {
    for (const folder of this.#changed) await syncFolder(folder);
    this.#changed.clear();
  }

  async close(): Promise<void> {}

  async #open(name: string): Promise<FileHandle> {
    const path = join(this.name, name);
    try {
      return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') throw new BackupError('missing', `${path} is not there`);
      if (code === 'ELOOP') throw new BackupError('damaged', `${path} is a link, and no file`);
      throw failure(error, `opening ${path}`);
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    // From where the first was made down to it.
    for (let at = folder; first !== undefined; at = dirname(at)) {
      this.#changed.add(dirname(at));
      if (at === first || at === dirname(at)) return;
    }
  }
}

async function writeProven(path: string, { bytes, sha256, open: read }: Source): Promise<void> {
  const file = await open(path, 'wx+', 0o600);
  try {
    let length = 0;
    for await (const piece of read()) {
      length += piece.length;
      await file.writeFile(piece);
    }
    await file.sync();
    const hash = createHash('sha256');
    for await (const piece of pieces(file)) hash.update(piece);
    if (length !== bytes || hash.digest('hex') !== sha256)
      throw new BackupError('damaged', `${path} is not what was written`);
  } finally {
    await file.close();
  }
}

async function* pieces(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failure(error: unknown, doing: string): BackupError {
  if (error instanceof BackupError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  const why = isFull ? 'there is no room for it' : message;
  return new BackupError(isFull ? 'full' : 'place', `${doing}: ${why}`, { cause: error });
}

function noneOf(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw failure(error, 'reading a folder');
}
