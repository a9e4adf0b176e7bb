/**
 * The driver behind one small door: a connection with its cached statements, rows as arrays, and SQLite's result
 * codes turned into StoreErrors. Nothing else in the store imports `node:sqlite`, so another driver is a change of
 * this file.
 *
 * Statements are only ever run to their end (`run`, `get`, `all`): an open cursor would hold a read lock and keep the
 * checkpointer from restarting the log.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreError, type StoreErrorCode } from '../../mailbox/port/store.ts';
import { type DriverError, wordsOf } from './fault-words.ts';

export type SqlValue = null | number | bigint | string | NodeJS.ArrayBufferView;
export type Row = readonly SqlValue[];

/** SQLite's primary result codes (the low byte of an extended one) that mean something to us. */
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
/** Extended codes: no room for the index of the log, and a sync that failed (fatal, the pages may be gone). */
const SQLITE_IOERR_SHMSIZE = SQLITE_IOERR | (19 << 8);
const SQLITE_IOERR_FSYNC = SQLITE_IOERR | (4 << 8);
const SQLITE_IOERR_DIR_FSYNC = SQLITE_IOERR | (5 << 8);

/** Errors of the operating system that mean that there is no room, now. */
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Anything thrown by the driver or the file system, in the port's words. */
export function storeError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const { code, errcode } = error as DriverError;
  return new StoreError(codeOf(code, errcode), `${doing}: ${wordsOf(error as DriverError)}`, {
    cause: error,
  });
}

/** In the cause, for the log, stands what was asked. */
function statementError(error: unknown, path: string, sql: string): StoreError {
  if (error instanceof StoreError) return error;
  const failure = error as DriverError;
  const { code, errcode } = failure;
  failure.message = `${failure.message}: ${sql.trim().replaceAll(/\s+/g, ' ')}`;
  return new StoreError(codeOf(code, errcode), `${path}: ${wordsOf(failure, path)}`, { cause: failure });
}

function codeOf(code: string | undefined, errcode: number | undefined): StoreErrorCode {
  if (errcode === undefined) return code !== undefined && NO_ROOM.has(code) ? 'full' : 'io';
  const primary = errcode & 0xff;
  if (primary === SQLITE_FULL || errcode === SQLITE_IOERR_SHMSIZE) return 'full';
  return primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB ? 'damaged' : 'io';
}

export function isDamage(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'damaged';
}

/** SQLite met a page that it cannot read: its transaction is lost, whatever is rolled back in it. */
export function isBrokenPage(error: StoreError): boolean {
  return error.code === 'damaged' && (error.cause as DriverError | undefined)?.errcode !== undefined;
}

/** The device failed. */
export function isIoFailure(error: unknown): boolean {
  const cause = error instanceof StoreError ? error.cause : error;
  return ((cause as DriverError | undefined)?.errcode ?? 0) % 256 === SQLITE_IOERR;
}

/** After a failed sync the kernel may have dropped the pages and forgotten the error: a retry would lie. */
export function isSyncFailure(error: unknown): boolean {
  const cause = error instanceof StoreError ? error.cause : error;
  const errcode = (cause as DriverError | undefined)?.errcode;
  return errcode === SQLITE_IOERR_FSYNC || errcode === SQLITE_IOERR_DIR_FSYNC;
}

/** Another process has the database. */
export function isLocked(error: unknown): boolean {
  return primaryCodeOf(error) === SQLITE_BUSY;
}

/** What SQLite calls it; undefined when it was not SQLite's. */
export function primaryCodeOf(error: unknown): number | undefined {
  const cause = error instanceof StoreError ? error.cause : error;
  const errcode = (cause as DriverError | undefined)?.errcode;
  return errcode === undefined ? undefined : errcode & 0xff;
}

/** A BLOB comes as a Uint8Array; the port speaks Buffer. No copy. */
export function bufferOf(value: SqlValue | undefined): Buffer {
  const bytes = value as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * What is read page by page ends because keys rise; on a broken page they need not. Throws `damaged` unless each first
 * column is above the one before it, and the first above `after`.
 */
export function assertAscending(rows: readonly Row[], after: number, what: string): void {
  let last = after;
  for (const [key] of rows) {
    if (typeof key !== 'number' || key <= last) throw new StoreError('damaged', `${what} are out of order`);
    last = key;
  }
}

export class Statement {
  readonly #statement: StatementSync;
  readonly #path: string;
  readonly #sql: string;

  constructor(statement: StatementSync, path: string, sql: string) {
    statement.setReturnArrays(true);
    this.#statement = statement;
    this.#path = path;
    this.#sql = sql;
  }

  /** The number of rows changed. */
  run(...values: SqlValue[]): number {
    try {
      return this.#statement.run(...values).changes as number;
    } catch (error) {
      throw statementError(error, this.#path, this.#sql);
    }
  }

  get(...values: SqlValue[]): Row | undefined {
    try {
      return this.#statement.get(...values) as Row | undefined;
    } catch (error) {
      throw statementError(error, this.#path, this.#sql);
    }
  }

  all(...values: SqlValue[]): readonly Row[] {
    try {
      return this.#statement.all(...values) as unknown as readonly Row[];
    } catch (error) {
      throw statementError(error, this.#path, this.#sql);
    }
  }
}

/**
 * SQLite's way of locking a file for one process with all its threads: an exclusive lock on the database itself, from the
 * first look at it until the last connection closes. Nobody else gets in, whatever became of other files. The index of the
 * log is in memory then and needs no file. Elsewhere than on Unix the lock of the data directory is all there is.
 */
const LOCKING = process.platform === 'win32' ? '' : '?vfs=unix-excl';

/**
 * SQLite's planner looks at a value that a column is compared with and at how many rows are wanted, and so it plans the statement
 * anew whenever such a value is bound, be it the same one: that takes a query over three tables five times as long, and four
 * times as long to look up a row by its key. It does not look behind a unary plus, which does nothing.
 */
function plannedOnce(sql: string): string {
  return sql.replace(/(=|\bLIMIT|\bOFFSET) \?/g, '$1 +?');
}

/** The path of a database that is no file. */
export const IN_MEMORY = ':memory:';

export class Database {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string, options: { readonly isReadOnly?: boolean; readonly busyMs?: number } = {}) {
    this.path = path;
    try {
      this.#db = new DatabaseSync(path === IN_MEMORY ? path : pathToFileURL(path).href + LOCKING, {
        readOnly: options.isReadOnly ?? false,
        timeout: options.busyMs ?? 0,
        enableForeignKeyConstraints: false,
      });
    } catch (error) {
      throw statementError(error, path, 'opening it');
    }
  }

  /** Prepared once per connection. */
  prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      try {
        statement = new Statement(this.#db.prepare(plannedOnce(sql)), this.path, sql);
      } catch (error) {
        throw statementError(error, this.path, sql);
      }
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  exec(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw statementError(error, this.path, sql);
    }
  }

  /** The one value of a pragma, or of a query for one value. */
  value(sql: string): SqlValue {
    return this.prepare(sql).get()?.[0] ?? null;
  }

  get isInTransaction(): boolean {
    return this.#db.isTransaction;
  }

  /** All of `work` or nothing, when nothing else is running on this connection. */
  transaction<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** SQLite has rolled back by itself after some errors (disk full, I/O). */
  rollback(): void {
    if (this.#db.isTransaction) this.exec('ROLLBACK');
  }

  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }
}
