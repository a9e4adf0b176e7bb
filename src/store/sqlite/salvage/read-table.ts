/** The rows of one table that has lost its first page, without changing the file. No connection to it may be open. */
import { Database, IN_MEMORY, type Row } from '../database.ts';
import { migrate, type Schema } from '../migrate.ts';
import { leafRows } from './leaf-rows.ts';
import { PageFile } from './page-file.ts';
import { completed, fits, type Shape, shapesOf } from './shapes.ts';

export function readTable(path: string, schema: Schema, table: string): Row[] {
  const shape = shapeOf(schema, table);
  using file = new PageFile(path);
  const rows: Row[] = [];
  for (const row of leafRows(file)) if (fits(shape, row)) rows.push(completed(shape, row));
  return rows;
}

function shapeOf(schema: Schema, table: string): Shape {
  const db = new Database(IN_MEMORY);
  try {
    migrate(db, schema, { mayBeEmpty: true });
    const shape = shapesOf(db).find((one) => one.table === table);
    if (shape === undefined) throw new Error(`the schema has no table ${table}`);
    return shape;
  } finally {
    db.close();
  }
}
