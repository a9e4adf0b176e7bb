/**
 * Schemas move forward only, one numbered step at a time, each in one transaction with its number; a new database takes all
 * of them in one, since each would wait for the disk. A database that is newer than this program is refused: guessing at
 * columns we do not know would be the end of somebody's mail.
 */
import { StoreError } from '../../mailbox/port/store.ts';
import type { Database } from './database.ts';

export interface Schema {
  /** PRAGMA application_id: says whose file this is. */
  readonly applicationId: number;
  /** `steps[i]` takes a database from version i to version i + 1. */
  readonly steps: readonly string[];
}

/**
 * Before the first table: what cannot be changed later. A database that must hold something and does not has lost its log:
 * until the first checkpoint everything is in it.
 */
export function migrate(db: Database, schema: Schema, options: { readonly mayBeEmpty: boolean }): void {
  const found = db.value('PRAGMA user_version') as number;
  const owner = db.value('PRAGMA application_id') as number;
  if (found > 0 && owner !== schema.applicationId) {
    throw new StoreError('damaged', `${db.path} is not a database of this program's kind`);
  }
  if (found > schema.steps.length) {
    throw new StoreError(
      'io',
      `${db.path} has schema version ${found}, this program knows ${schema.steps.length}: it was used by a newer version; install that version again`,
    );
  }
  if (found === 0 && !options.mayBeEmpty) {
    throw new StoreError(
      'damaged',
      `${db.path} is empty, and it was not: its log ${db.path}-wal was deleted or damaged; put both back from a backup`,
    );
  }
  if (found === 0) db.exec('PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;');
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  const step = (version: number): void => {
    db.exec(schema.steps[version] as string);
    db.exec(`PRAGMA user_version = ${version + 1}; PRAGMA application_id = ${schema.applicationId};`);
  };
  const missing = Array.from(schema.steps.keys()).slice(found);
  if (found === 0) db.transaction(() => missing.forEach(step));
  else for (const version of missing) db.transaction(() => step(version));
}

/** A transaction that writes to the log and changes nothing, and needs no table to be sound. */
export function touchDatabase(db: Database): void {
  db.exec(`PRAGMA user_version = ${db.value('PRAGMA user_version') as number}`);
}

/** Per connection. NORMAL leaves the sync of a commit to us (see `wal-sync.ts`); OFF would be the loss of mail. */
export function tune(db: Database, options: { readonly isAutoCheckpointed: boolean }): void {
  db.exec(`
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = ${options.isAutoCheckpointed ? 1000 : 0};
    PRAGMA cache_size = -16000;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA secure_delete = FAST;
  `);
}
