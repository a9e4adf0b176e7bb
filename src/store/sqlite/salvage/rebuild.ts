/**
 * A database that cannot be mended where it is: what is readable goes into a new one, and the damaged one is kept. Tables
 * that SQLite can read to their end are copied by it; of the others every row is taken that is on some page.
 *
 * The new file takes the place of the old one by a rename, when it is whole and on the disk. It needs as much room again.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { basename } from 'node:path';
import { StoreError } from '../../../mailbox/port/store.ts';
import { Database, storeError } from '../database.ts';
import { migrate, type Schema } from '../migrate.ts';
import { syncParent } from '../wal-sync.ts';
import { type LeafRow, leafRows } from './leaf-rows.ts';
import { PageFile } from './page-file.ts';
import { completed, fits, type Shape, shapesOf, trusted } from './shapes.ts';

export interface SavedTable {
  readonly table: string;
  readonly rows: number;
  /** False when some of its rows may be lost. */
  readonly isWhole: boolean;
}

export interface Rebuilt {
  readonly tables: readonly SavedTable[];
  /** The name of the damaged file, beside the new one. */
  readonly keptAs: string;
}

export interface Completion {
  /** Computes what was lost and follows from the rest, before the new file is used. */
  readonly derive: (db: Database, tables: readonly SavedTable[]) => void;
  /** It all follows from elsewhere. */
  readonly mayBeEmpty?: boolean;
}

const ROWS_PER_TRANSACTION = 5000;

/** No connection to `path` may be open. `stamp` ends the name of the damaged file. */
export function rebuildDatabase(
  path: string,
  schema: Schema,
  completion: Completion,
  stamp: string,
): Rebuilt {
  const made = `${path}.new`;
  for (const leftover of [made, `${made}-wal`, `${made}-shm`]) rmSync(leftover, { force: true });
  try {
    const tables = fill(path, made, schema, completion);
    syncFile(made);
    return { tables, keptAs: exchange(path, made, stamp) };
  } catch (error) {
    for (const leftover of [made, `${made}-wal`, `${made}-shm`]) rmSync(leftover, { force: true });
    throw storeError(error, `saving what is readable in ${path} to ${made}`);
  }
}

function fill(
  path: string,
  made: string,
  schema: Schema,
  { derive, mayBeEmpty = false }: Completion,
): readonly SavedTable[] {
  const version = versionOf(path, schema);
  const db = new Database(made);
  try {
    migrate(db, { ...schema, steps: schema.steps.slice(0, version) }, { mayBeEmpty: true });
    const shapes = shapesOf(db);
    // What the schema puts there itself is in the damaged one as well.
    for (const { table } of shapes) db.exec(`DELETE FROM ${table}`);
    const copied = copyTables(db, path, shapes);
    const others = shapes.filter(({ table }) => !copied.has(table));
    if (others.length > 0) copyPages(db, path, others);
    const saved = shapes.map(({ table }) => ({
      table,
      rows: db.value(`SELECT count(*) FROM ${table}`) as number,
      isWhole: copied.has(table),
    }));
    if (!mayBeEmpty && saved.every(({ rows }) => rows === 0)) {
      throw new StoreError('damaged', `nothing in ${path} is readable; restore it from a backup`);
    }
    derive(db, saved);
    const [complaint] = db.prepare('PRAGMA integrity_check(1)').get() ?? [];
    if (complaint !== 'ok') throw new StoreError('damaged', `the new database is not sound: ${complaint}`);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return saved;
  } finally {
    db.close();
  }
}

/** Of the schema that the damaged file has; the newest when it does not say. */
function versionOf(path: string, schema: Schema): number {
  let db: Database | undefined;
  try {
    db = new Database(path);
    // With the log in the file, what follows reads but one of the two.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const version = db.value('PRAGMA user_version') as number;
    return version >= 1 && version <= schema.steps.length ? version : schema.steps.length;
  } catch {
    return schema.steps.length;
  } finally {
    db?.close();
  }
}

/** Names of the tables that could be copied whole. */
function copyTables(db: Database, path: string, shapes: readonly Shape[]): ReadonlySet<string> {
  const copied = new Set<string>();
  try {
    db.exec(`ATTACH '${path.replaceAll("'", "''")}' AS damaged`);
  } catch {
    return copied;
  }
  for (const { table } of shapes) {
    try {
      // The limit is none; without it SQLite copies cells as they are, the broken ones with them.
      db.exec(`INSERT INTO main.${table} SELECT * FROM damaged.${table} LIMIT -1`);
      if (isSound(db, table)) copied.add(table);
    } catch {
      // Its pages are looked through.
    }
  }
  copySequences(db);
  db.exec('DETACH damaged');
  return copied;
}

/** Numbers that were given and may not be given again. */
function copySequences(db: Database): void {
  try {
    for (const [name, last] of db.prepare('SELECT name, seq FROM damaged.sqlite_sequence').all()) {
      raiseSequence(db, name as string, last as number);
    }
  } catch {
    // None in this database, or none that can be read: whoever derives the rest knows better.
  }
}

/** The next number of the table is above this one. */
export function raiseSequence(db: Database, table: string, last: number): void {
  db.prepare(
    'INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)',
  ).run(table, table);
  db.prepare('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?').run(last, table);
}

/** A table may be read to its end and still lack what hung on a broken page. */
function isSound(db: Database, table: string): boolean {
  const lines = db.prepare(`PRAGMA damaged.integrity_check(${table})`).all();
  return lines.every(([line]) => line === 'ok');
}

function copyPages(db: Database, path: string, shapes: readonly Shape[]): void {
  const inserts = new Map(
    shapes.map((shape) => {
      const names = shape.columns.map(({ name }) => `"${name}"`).join(', ');
      const places = shape.columns.map(() => '?').join(', ');
      return [shape, `INSERT OR IGNORE INTO ${shape.table} (${names}) VALUES (${places})`] as const;
    }),
  );
  using file = new PageFile(path);
  const insert = (shape: Shape, row: LeafRow) =>
    db.prepare(inserts.get(shape) as string).run(...completed(shape, row));
  const doubtful: LeafRow[] = [];
  let inTransaction = 0;
  db.exec('BEGIN');
  for (const row of leafRows(file)) {
    if (row.isDoubtful) doubtful.push(row);
    const shape = shapes.find((one) => fits(one, row));
    if (shape === undefined) continue;
    insert(shape, row);
    if (++inTransaction % ROWS_PER_TRANSACTION === 0) db.exec('COMMIT; BEGIN');
  }
  // Last: a row that is whole comes first, should there be one of the same name.
  for (const shape of shapes) {
    for (const row of doubtful) {
      const rest = trusted(shape, row);
      if (rest !== undefined) insert(shape, rest);
    }
  }
  db.exec('COMMIT');
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Killed here, the old file is in its place or the new one is; the old one is never without a second name. */
function exchange(path: string, made: string, stamp: string): string {
  const kept = freeName(`${path}.damaged-${stamp}`);
  linkSync(path, kept);
  const log = `${path}-wal`;
  if (existsSync(log)) {
    linkSync(log, `${kept}-wal`);
    syncParent(path);
    unlinkSync(log);
  }
  rmSync(`${path}-shm`, { force: true });
  syncParent(path);
  renameSync(made, path);
  syncParent(path);
  return basename(kept);
}

/** Two repairs may come in one second. */
function freeName(wanted: string): string {
  let name = wanted;
  for (let n = 2; existsSync(name) || existsSync(`${name}-wal`); n++) name = `${wanted}-${n}`;
  return name;
}
