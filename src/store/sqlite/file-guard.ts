/**
 * Notices that the files of an open database are not there any more, or not ours: deleted, replaced, cut, written by
 * another program, moved away with their folder. SQLite goes on writing to files without a name, and all of it is gone
 * when the process ends. So this is looked at before every transaction and before anything is acknowledged (two stats and
 * one fstat, some three microseconds), and the store stops.
 *
 * What was acknowledged before is still reachable through the open descriptors, and is saved first: the log of a deleted
 * `-wal` is moved into the database, and a deleted database is written to its place once more.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../../mailbox/port/store.ts';
import type { Database } from './database.ts';
import { syncDirectory, type WalSync } from './wal-sync.ts';

export interface FileGuardOptions {
  /** The log is being moved into the database right now, so that one changes. */
  readonly isCheckpointing: () => boolean;
}

/** Which file it is, and how it looked when we last wrote to it. */
interface Seen {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

type Trouble = 'folder' | 'deleted' | 'replaced' | 'rewritten' | 'log-deleted' | 'log-replaced' | 'log-cut';

export class FileGuard {
  readonly #db: Database;
  readonly #wal: WalSync;
  readonly #options: FileGuardOptions;
  readonly #folder: Seen;
  readonly #log: Seen;
  #database: Seen;
  /** The log never gets shorter until the store closes. */
  #logBytes = 0;

  /** Throws `damaged` when the files are not the ones that are open. */
  constructor(db: Database, wal: WalSync, options: FileGuardOptions) {
    this.#db = db;
    this.#wal = wal;
    this.#options = options;
    this.#folder = seen(dirname(db.path)) as Seen;
    this.#database = seen(db.path) as Seen;
    this.#log = wal.stat();
    const trouble = this.#trouble();
    if (trouble !== undefined) throw new StoreError('damaged', wordsFor(trouble, db.path));
  }

  /** We have written to the database ourselves. */
  renew(): void {
    const now = seen(this.#db.path);
    if (now !== undefined && isSame(now, this.#database)) this.#database = now;
    this.#logBytes = 0;
  }

  /** What is wrong, in words, after what can be saved was saved. Then nothing may be acknowledged any more. */
  fault(): StoreError | undefined {
    const trouble = this.#trouble();
    if (trouble === undefined) return undefined;
    const words = wordsFor(trouble, this.#db.path);
    return new StoreError('damaged', `${words} while it was in use; ${this.#save(trouble)}`);
  }

  #trouble(): Trouble | undefined {
    const log = this.#wal.stat();
    const database = seen(this.#db.path);
    if (database === undefined || !isSame(database, this.#database)) return this.#troubleOfDatabase(database);
    const isCheckpointing = this.#options.isCheckpointing();
    if (!isCheckpointing && !isUnchanged(database, this.#database)) return 'rewritten';
    if (log.nlink === 0) return 'log-deleted';
    const named = seen(`${this.#db.path}-wal`);
    if (named === undefined || !isSame(named, this.#log)) return 'log-replaced';
    if (!isCheckpointing && log.size < this.#logBytes) return 'log-cut';
    this.#logBytes = log.size;
    return undefined;
  }

  #troubleOfDatabase(database: Seen | undefined): Trouble {
    const folder = seen(dirname(this.#db.path));
    if (folder === undefined || !isSame(folder, this.#folder)) return 'folder';
    return database === undefined ? 'deleted' : 'replaced';
  }

  #save(trouble: Trouble): string {
    try {
      switch (trouble) {
        case 'log-deleted':
        case 'log-replaced':
          return this.#saveLog();
        case 'deleted':
          return this.#putBack();
        case 'replaced':
          return this.#keepBeside();
        case 'folder':
          return 'what was acknowledged is where the files are now; put the folder back and start again';
        case 'rewritten':
        case 'log-cut':
          return ADVICE;
      }
    } catch (error) {
      return `what was in it could not be saved (${(error as Error).message}); ${ADVICE}`;
    }
  }

  /** Our descriptor still has the log; afterwards the database has everything and needs no log. */
  #saveLog(): string {
    const [busy] = this.#db.prepare('PRAGMA wal_checkpoint(FULL)').get() ?? [1];
    if (busy !== 0) throw new Error('the log is in use');
    // One that is not ours must not be taken for the database's own at the next start.
    if (seen(`${this.#db.path}-wal`) !== undefined) {
      renameSync(`${this.#db.path}-wal`, `${this.#db.path}-wal.foreign-${timeInName()}`);
      syncDirectory(dirname(this.#db.path));
    }
    return 'all that was acknowledged is in the database now; start again';
  }

  #putBack(): string {
    const copy = this.#copy();
    // Before the database has a name again: the log of the lost one must never be taken for its own.
    rmSync(`${this.#db.path}-wal`, { force: true });
    renameSync(copy, this.#db.path);
    syncDirectory(dirname(this.#db.path));
    return 'it is back with all that was acknowledged; start again';
  }

  #keepBeside(): string {
    const copy = this.#copy();
    const named = seen(`${this.#db.path}-wal`);
    if (named !== undefined && isSame(named, this.#log)) rmSync(`${this.#db.path}-wal`);
    syncDirectory(dirname(this.#db.path));
    return `what was acknowledged is in ${copy}: put that in its place, or leave the other one there, and start again`;
  }

  /** The whole database as one file without a log, durable. */
  #copy(): string {
    const path = `${this.#db.path}.saved-${timeInName()}`;
    this.#db.prepare('VACUUM INTO ?').run(path);
    const fd = openSync(path, 'r');
    fsyncSync(fd);
    closeSync(fd);
    return path;
  }
}

const timeInName = (): string => new Date().toISOString().replaceAll(/[:.]/g, '');

const ADVICE = 'put a whole backup of the folder back while no server runs';

const WORDS: Readonly<Record<Trouble, (path: string) => string>> = {
  folder: (path) => `the folder ${dirname(path)} was moved or deleted`,
  deleted: (path) => `${path} was deleted`,
  replaced: (path) => `${path} was replaced by another file`,
  rewritten: (path) => `${path} was written by another program`,
  'log-deleted': (path) => `${path}-wal was deleted`,
  'log-replaced': (path) => `${path}-wal was moved away or replaced by another file`,
  'log-cut': (path) => `${path}-wal was cut`,
};

function wordsFor(trouble: Trouble, path: string): string {
  return WORDS[trouble](path);
}

function seen(path: string): Seen | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

const isSame = (a: Seen, b: Seen): boolean => a.ino === b.ino && a.dev === b.dev;
const isUnchanged = (a: Seen, b: Seen): boolean => a.size === b.size && a.mtimeMs === b.mtimeMs;
