/**
 * The thread that moves the log into the database, so that no fsync of it ever runs on the event loop. It has a
 * connection of its own, `synchronous = NORMAL` like the owner's: the log is synced before pages are copied, and the
 * database before the log may start over.
 *
 * `passive` copies what it can while writers go on. `restart` is asked for while the writers are paused: it copies the
 * rest, and a write of one page then begins the new log, so that its header (which is synced) is not written by the owner's
 * next commit. `empty` is `restart` with nothing left of the old log; `truncate` is for closing.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Database } from './database.ts';
import { touchDatabase, tune } from './migrate.ts';

export type CheckpointMode = 'passive' | 'restart' | 'empty' | 'truncate';

export interface CheckpointWorkerData {
  readonly path: string;
  /** Breaks the store; for the test that proves that the power-cut test sees it. */
  readonly isUnsynced: boolean;
}

export interface CheckpointRequest {
  readonly mode: CheckpointMode;
}

export interface CheckpointReply {
  /** A reader or writer was in the way. */
  readonly isBusy: boolean;
  /** Frames in the log, and how many of them are in the database now. */
  readonly logFrames: number;
  readonly copiedFrames: number;
  readonly error?: { readonly message: string; readonly errcode: number | undefined };
}

/** Waiting for a reader to leave; the writers are paused meanwhile. */
const BUSY_MS = 500;
/** Free pages given back to the file system at one pause, when there are many. */
const VACUUM_PAGES = 256;
const MANY_FREE_PAGES = 1024;

const { path, isUnsynced } = workerData as CheckpointWorkerData;
const db = new Database(path, { busyMs: BUSY_MS });
tune(db, { isAutoCheckpointed: false });
if (isUnsynced) db.exec('PRAGMA synchronous = OFF');

function checkpoint({ mode }: CheckpointRequest): CheckpointReply {
  if (mode === 'restart') giveBackPages();
  const row = db.prepare(`PRAGMA wal_checkpoint(${mode === 'empty' ? 'truncate' : mode})`).get() ?? [1, 0, 0];
  if ((mode === 'restart' || mode === 'empty') && row[0] === 0) touchDatabase(db);
  return { isBusy: row[0] !== 0, logFrames: row[1] as number, copiedFrames: row[2] as number };
}

function giveBackPages(): void {
  const free = db.value('PRAGMA freelist_count') as number;
  if (free < MANY_FREE_PAGES || free * 4 < (db.value('PRAGMA page_count') as number)) return;
  db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
}

parentPort?.on('message', (request: CheckpointRequest | 'close') => {
  if (request === 'close') {
    db.close();
    parentPort?.close();
    return;
  }
  let reply: CheckpointReply;
  try {
    reply = checkpoint(request);
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { errcode?: number } };
    const failure = { message, errcode: cause?.errcode };
    reply = { isBusy: true, logFrames: 0, copiedFrames: 0, error: failure };
  }
  parentPort?.postMessage(reply);
});
