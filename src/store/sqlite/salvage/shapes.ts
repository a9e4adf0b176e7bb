/**
 * Which table a row without a table belongs to. The tables of a schema differ in the number and types of their columns, so
 * a row tells by itself; a test holds every schema to that.
 */
import { EMPTY } from '../../../base/bytes.ts';
import type { Database, SqlValue } from '../database.ts';
import type { LeafRow } from './leaf-rows.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly mayBeNull: boolean;
  /** Its value is the row's number, and a null is stored in its place. */
  readonly isRowid: boolean;
  /** Of a column that was added: rows from before do not have it. */
  readonly added: SqlValue | undefined;
}

export interface Shape {
  readonly table: string;
  readonly hasRowid: boolean;
  /** In the order in which they are stored: the key first when there are no row numbers. */
  readonly columns: readonly Column[];
}

/**
 * Where the types say the same: a text is a list or an address, and emails have numbers that no blob comes to (their
 * account's is in the upper half).
 */
const FIRST_EMAIL = 2 ** 32;
const TELLTALES: Readonly<Record<string, (row: LeafRow) => boolean>> = {
  orphan_subscriptions: ({ values }) => `${values[1]}`.startsWith('['),
  owner: ({ values }) => !`${values[1]}`.startsWith('['),
  spool: ({ rowid = 0 }) => rowid < FIRST_EMAIL,
  derived: (row) => (row.rowid ?? 0) >= FIRST_EMAIL && !hasText(row),
  part_use: ({ values }) => (values[0] as number) < FIRST_EMAIL,
  part: ({ rowid = 0 }) => rowid < FIRST_EMAIL,
  rule_entry: ({ rowid = 0 }) => rowid >= FIRST_EMAIL,
  remembered: ({ values }) => (values[0] as number) >= FIRST_EMAIL,
  buried: (row) => row.values[1] === null || row.values[1] === undefined || hasText(row),
};

/** How something was deleted is JSON; facts begin with their version. */
function hasText({ values: [, value] }: LeafRow): boolean {
  return Buffer.isBuffer(value) && value[0] === '{'.charCodeAt(0);
}

/** Of all tables of a database; SQLite's own are left out. */
export function shapesOf(db: Database): readonly Shape[] {
  const tables = db
    .prepare("SELECT name, wr FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")
    .all();
  return tables
    .filter(([name]) => !(name as string).startsWith('sqlite_'))
    .map(([name, isWithoutRowid]) => shapeOf(db, name as string, isWithoutRowid === 0));
}

function shapeOf(db: Database, table: string, hasRowid: boolean): Shape {
  const rows = db
    .prepare('SELECT name, type, "notnull", pk, dflt_value FROM pragma_table_info(?) ORDER BY cid')
    .all(table);
  const columns = rows.map(([name, type, isNotNull, key, value]) => ({
    name: name as string,
    type: type as string,
    key: key as number,
    mayBeNull: isNotNull === 0 && (hasRowid || key === 0),
    isRowid: hasRowid && key === 1 && type === 'INTEGER',
    added: addedAs(value),
  }));
  // The sort is stable: what is no key keeps its order.
  if (!hasRowid) columns.sort((a, b) => (a.key || columns.length + 1) - (b.key || columns.length + 1));
  return { table, hasRowid, columns };
}

/** A column that was added has a default, be it NULL; one of the beginning has none. */
function addedAs(value: SqlValue | undefined): SqlValue | undefined {
  if (value === "x''") return EMPTY;
  if (value === 'NULL') return null;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** What is enough of a damaged row: all else follows from the octets of the message, which are found by it. */
const ENOUGH: Readonly<Record<string, number>> = { email: 4 };

/** The row as far as it may be believed; undefined when that is not far enough. */
export function trusted({ table, hasRowid, columns }: Shape, row: LeafRow): LeafRow | undefined {
  const enough = ENOUGH[table];
  if (enough === undefined || row.values.length < enough || (row.rowid ?? 0) < FIRST_EMAIL) return undefined;
  const values = columns.map(({ type }, i) => (i < enough ? row.values[i] : blankOf(type)) ?? null);
  const whole = { rowid: row.rowid, values, isDoubtful: false };
  return fits({ table, hasRowid, columns }, whole) ? whole : undefined;
}

function blankOf(type: string): SqlValue {
  return type === 'INTEGER' ? 0 : EMPTY;
}

export function fits({ table, hasRowid, columns }: Shape, row: LeafRow): boolean {
  const { rowid, values } = row;
  if (row.isDoubtful) return false;
  if (hasRowid !== (rowid !== undefined) || values.length > columns.length) return false;
  if (TELLTALES[table]?.(row) === false) return false;
  return columns.every((column, i) => {
    const value = values[i];
    if (value === undefined) return column.added !== undefined;
    if (column.isRowid) return value === null;
    return value === null ? column.mayBeNull : typeOf(value) === column.type;
  });
}

/** The row's values in the order of the shape's columns. */
export function completed({ columns }: Shape, { rowid, values }: LeafRow): readonly SqlValue[] {
  return columns.map((column, i) => {
    if (column.isRowid) return rowid ?? null;
    return values[i] ?? (i < values.length ? null : (column.added ?? null));
  });
}

function typeOf(value: SqlValue): string {
  if (typeof value === 'string') return 'TEXT';
  return typeof value === 'number' ? 'INTEGER' : 'BLOB';
}
