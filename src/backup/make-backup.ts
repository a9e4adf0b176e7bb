/**
 * One run: a snapshot of the data folder, what of it the set does not have yet, and last the manifest. Killed anywhere it leaves objects that
 * the next run finds or removes, and the snapshots that were there before.
 */
import { stat } from 'node:fs/promises';
import type { Snapshots } from '../mailbox/port/snapshots.ts';
import { faultOfPack, isPackName } from '../store/sqlite/packs/check-file.ts';
import { BackupError } from './backup-error.ts';
import { BackupSet } from './backup-set.ts';
import { type MeasuredFile, measure } from './file-source.ts';
import { type ManifestFile, nextId } from './manifest.ts';
import { OBJECTS, objectName, type Place } from './place.ts';
import { type Retained, retain } from './retain.ts';
import { lockSet, type SetLock } from './set-lock.ts';
import { type SourceFile, sourcesOf } from './sources.ts';

const KEEP_MS = 60_000;
/** A file that is written all the time is read again so often. */
const TRIES = 3;

export interface Progress {
  readonly path: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface BackupRequest {
  readonly data: string;
  readonly place: Place;
  readonly snapshots: Snapshots;
  /** Of this program. */
  readonly version: string;
  /** Snapshots that stay, this one with them; all of them when absent. */
  readonly keep?: number;
  /** Reads all files, also those that look as they did when they were copied. */
  readonly readsAll: boolean;
  readonly onProgress: (progress: Progress) => void;
}

export interface BackupReport extends Retained {
  readonly id: string;
  readonly files: number;
  /** Of the files, and of what was copied of them now. */
  readonly bytes: number;
  readonly copiedObjects: number;
  readonly copiedBytes: number;
  /** What was lost or damaged before, and is so in the backup. */
  readonly problems: readonly string[];
}

/** Throws BackupError. */
export async function makeBackup(request: BackupRequest): Promise<BackupReport> {
  const { place, snapshots } = request;
  const set = await BackupSet.openOrBegin(place);
  const lock = await lockSet(place);
  const keeping = setInterval(() => void snapshots.keep().catch(() => {}), KEEP_MS).unref();
  try {
    return await new Run(request, set, lock).run();
  } finally {
    clearInterval(keeping);
    await snapshots.release().catch(() => {}); // it goes by itself
    await lock.release().catch(() => {}); // it grows old
  }
}

class Run {
  readonly #request: BackupRequest;
  readonly #set: BackupSet;
  readonly #lock: SetLock;
  readonly #problems: string[] = [];
  /** Of the objects in the set: their length. */
  readonly #objects = new Map<string, number>();
  #before: ReadonlyMap<string, ManifestFile> = new Map();
  #copiedObjects = 0;
  #copiedBytes = 0;

  constructor(request: BackupRequest, set: BackupSet, lock: SetLock) {
    this.#request = request;
    this.#set = set;
    this.#lock = lock;
  }

  async run(): Promise<BackupReport> {
    const { data, place, snapshots, version, keep } = this.#request;
    for await (const { name, bytes } of place.list(OBJECTS)) this.#objects.set(name, bytes);
    await this.#readLast();
    const createdMs = Date.now();
    const parts = await snapshots.take();
    for (const { of, missing } of parts)
      for (const name of missing)
        this.#problems.push(`${of}/${name} is missing; "brevduva check" names what was in it`);
    const files = await this.#copy(await sourcesOf(data, parts));
    const id = nextId(await this.#set.ids(), createdMs);
    await this.#lock.assertHeld();
    await this.#set.add({ id, createdMs, version, files });
    const retained = await retain(this.#set, this.#lock, keep);
    return {
      id,
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      copiedObjects: this.#copiedObjects,
      copiedBytes: this.#copiedBytes,
      ...retained,
      problems: [...this.#problems, ...retained.problems],
    };
  }

  /** What the last snapshot knows of files; one that cannot be read is no help, and `retain` says so. */
  async #readLast(): Promise<void> {
    const last = (await this.#set.ids()).at(-1);
    const manifest = last === undefined ? undefined : await this.#set.manifest(last).catch(() => undefined);
    if (!this.#request.readsAll && manifest !== undefined)
      this.#before = new Map(manifest.files.map((file) => [file.path, file]));
  }

  async #copy(sources: readonly SourceFile[]): Promise<ManifestFile[]> {
    const sizes = await Promise.all(
      sources.map(({ file }) =>
        stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
    const files: ManifestFile[] = [];
    let bytes = 0;
    for (const [i, source] of sources.entries()) {
      this.#request.onProgress({ path: source.path, bytes, totalBytes });
      const file = await this.#copyOne(source);
      if (file !== undefined) files.push(file);
      bytes += sizes[i] ?? 0;
    }
    return files;
  }

  async #copyOne(source: SourceFile): Promise<ManifestFile | undefined> {
    for (let n = 1; ; n++) {
      try {
        return (await this.#known(source)) ?? (await this.#read(source));
      } catch (error) {
        const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
        if (source.isLive && isGone) return undefined;
        if (!source.isLive || n >= TRIES || !(error instanceof BackupError) || error.code !== 'damaged')
          throw isGone ? vanished(source, error) : error;
      }
    }
  }

  /** As the last snapshot has it, when it has not changed since. */
  async #known({ path, file, codec, isLive }: SourceFile): Promise<ManifestFile | undefined> {
    const before = this.#before.get(path);
    if (before === undefined || codec !== 'raw' || isLive) return undefined;
    const { size, mtimeMs } = await stat(file);
    const isSame = size === before.bytes && mtimeMs === before.mtimeMs;
    return isSame && this.#has(before.object) ? before : undefined;
  }

  async #read({ path, file, codec }: SourceFile): Promise<ManifestFile> {
    const fault = isPackName(file) ? faultOfPack(file) : undefined;
    if (fault !== undefined)
      this.#problems.push(`${path} is damaged (${fault}); "brevduva check" names what was in it`);
    const { source, bytes, sha256, mtimeMs } = await measure(file, codec);
    const object = { sha256: source.sha256, bytes: source.bytes, codec };
    if (!this.#has(object)) await this.#put(source);
    return { path, bytes, sha256, mtimeMs, object };
  }

  async #put(source: MeasuredFile['source']): Promise<void> {
    const name = objectName(source.sha256);
    await this.#request.place.put(name, source);
    this.#objects.set(name, source.bytes);
    this.#copiedObjects++;
    this.#copiedBytes += source.bytes;
  }

  #has({ sha256, bytes }: ManifestFile['object']): boolean {
    return this.#objects.get(objectName(sha256)) === bytes;
  }
}

function vanished({ path }: SourceFile, cause: unknown): BackupError {
  return new BackupError(
    'busy',
    `${path} went from the snapshot while it was copied; it stays for ten minutes without a word of the command. Run it again`,
    { cause },
  );
}
