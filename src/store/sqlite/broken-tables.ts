/**
 * A row that cannot be read is lost, and its message gets something in its place for ever; a table that cannot be read
 * at all (its first page is broken) may come back, whole, with a repair. The two must not be taken for one another: a
 * client keeps what it was given.
 */
import { StoreError } from '../../mailbox/port/store.ts';
import type { Database } from './database.ts';

/** Throws when `error` was met because one of these tables is broken as a whole. */
export function assertNotWhole(db: Database, tables: readonly string[], error: StoreError): void {
  const broken = tables.find((table) => !isReadable(db, table));
  if (broken === undefined) return;
  throw new StoreError(
    'unreadable',
    `${db.path}: the table ${broken} cannot be read; stop the server and run "brevduva check --repair"`,
    { cause: error },
  );
}

/** From one of its ends. */
function isReadable(db: Database, table: string): boolean {
  return ['ASC', 'DESC'].some((direction) => {
    try {
      db.prepare(`SELECT 1 FROM ${table} ORDER BY rowid ${direction} LIMIT 1`).get();
      return true;
    } catch {
      return false;
    }
  });
}
