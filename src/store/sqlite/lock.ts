/**
 * One process owns a data directory. The lock is SQLite's own exclusive lock on an empty database `LOCK`: the kernel
 * drops it with the process, so a kill -9 leaves nothing stale, and a second opener inside the same process is refused
 * as well. The number in `LOCK.pid` is only there to name the owner to a person.
 *
 * `LOCK` itself is never opened by other means in this process: closing any descriptor of it would drop the lock.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../mailbox/port/store.ts';
import { Database } from './database.ts';

export interface Lock {
  release(): void;
}

export function lockDirectory(directory: string): Lock {
  const pidFile = join(directory, 'LOCK.pid');
  const db = new Database(join(directory, 'LOCK'));
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;');
  } catch (error) {
    db.close();
    throw new StoreError('io', `${directory} is in use by ${ownerOf(pidFile)}`, { cause: error });
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return {
    release() {
      rmSync(pidFile, { force: true });
      db.rollback();
      db.close();
    },
  };
}

function ownerOf(pidFile: string): string {
  try {
    return `process ${readFileSync(pidFile, 'latin1').trim()}`;
  } catch {
    return 'another process';
  }
}
