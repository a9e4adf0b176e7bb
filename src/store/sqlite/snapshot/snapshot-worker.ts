/**
 * The thread that copies a database while others write to it, and gives the files that the copy refers to a second name beside it. The copy is
 * of one moment, has no free pages, so nothing that was deleted, and needs no log. One run, one answer.
 */
import { closeSync, constants, copyFileSync, fsyncSync, linkSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { StoreErrorCode } from '../../../mailbox/port/store.ts';
import { Database, storeError } from '../database.ts';
import { packName } from '../packs/format.ts';
import { packOf } from '../packs/part-rows.ts';
import { segmentName } from '../segments.ts';

export interface SnapshotRequest {
  readonly database: string;
  /** A folder that is there, for the copy and, of a shard, its folders. */
  readonly into: string;
  /** The name of the copy in it. */
  readonly name: string;
  /** Of a shard: the folder with its `segments` and `packs`. */
  readonly shard?: string;
}

export type SnapshotReply =
  | { readonly missing: readonly string[] }
  | { readonly failed: string; readonly code: StoreErrorCode };

const SQL = {
  segments: 'SELECT DISTINCT segment FROM blob WHERE kind = 1',
  packs: 'SELECT DISTINCT kind FROM blob WHERE kind >= 2',
} as const;
/** What file systems say of a second name that they do not give. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'ENOSYS',
]);

parentPort?.postMessage(answer(workerData as SnapshotRequest));

function answer(request: SnapshotRequest): SnapshotReply {
  try {
    return { missing: make(request) };
  } catch (error) {
    const { message, code } = storeError(error, `copying ${request.database}`);
    return { failed: message, code };
  }
}

function make({ database, into, name, shard }: SnapshotRequest): readonly string[] {
  const copy = join(into, name);
  const db = new Database(database, { busyMs: 5000 });
  try {
    db.prepare('VACUUM INTO ?').run(copy);
  } finally {
    db.close();
  }
  sync(copy);
  return shard === undefined ? [] : linkFiles(copy, { from: shard, into });
}

function linkFiles(copy: string, { from, into }: { readonly from: string; readonly into: string }): string[] {
  const db = new Database(copy, { isReadOnly: true });
  const names: string[] = [];
  try {
    for (const [segment] of db.prepare(SQL.segments).all())
      names.push(join('segments', segmentName(segment as number)));
    for (const [kind] of db.prepare(SQL.packs).all())
      names.push(join('packs', packName(packOf(kind as number))));
  } finally {
    db.close();
  }
  for (const folder of ['segments', 'packs']) mkdirSync(join(into, folder), { mode: 0o700 });
  return names.filter((name) => !isLinked(join(from, name), join(into, name)));
}

/** False: it is not there. */
function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (!NO_LINKS.has(code)) throw error;
  }
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  return true;
}

function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
