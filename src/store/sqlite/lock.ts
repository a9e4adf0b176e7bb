/**
 * One process owns a data directory, or, where several have one, its accounts; and one process owns each shard, by a lock
 * in its folder. The lock is SQLite's own exclusive lock on an empty database `LOCK`: the kernel
 * drops it with the process, so a kill -9 leaves nothing stale, and a second opener inside the same process is refused
 * as well. It only comes first: when `LOCK` was deleted, the lock that each database has on itself (see `database.ts`)
 * keeps a second process out. The number in `LOCK.pid` is only there to name the owner to a person.
 *
 * `LOCK` itself is never opened by other means in this process: closing any descriptor of it would drop the lock.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../mailbox/port/store.ts';
import { Database, isLocked } from './database.ts';

export interface Lock {
  /** The databases are locked as well: from now on this process is named to others. */
  announce(): void;
  release(): void;
}

export function lockDirectory(directory: string): Lock {
  const pidFile = join(directory, 'LOCK.pid');
  const db = new Database(join(directory, 'LOCK'));
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;');
  } catch (error) {
    db.close();
    throw isLocked(error) ? inUse(directory, error) : error;
  }
  let isAnnounced = false;
  return {
    announce() {
      try {
        writeFileSync(pidFile, `${process.pid}\n`);
        isAnnounced = true;
      } catch {
        // a full disk: nobody needs the number
      }
    },
    release() {
      if (isAnnounced) rmSync(pidFile, { force: true });
      db.rollback();
      db.close();
    },
  };
}

export function inUse(directory: string, cause: unknown): StoreError {
  return new StoreError('io', `${directory} is in use by ${ownerOf(join(directory, 'LOCK.pid'))}`, { cause });
}

function ownerOf(pidFile: string): string {
  try {
    return `process ${readFileSync(pidFile, 'latin1').trim()}`;
  } catch {
    return 'another process';
  }
}
