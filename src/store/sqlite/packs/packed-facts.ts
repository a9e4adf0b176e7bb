/**
 * Reading what is known of packed emails (`fact-block.ts`). Blocks that were opened last are kept: who lists mail asks for
 * neighbours, and often for one thing after the other.
 */
import type { FactPart } from '../../../mailbox/model/facts.ts';
import { StoreError } from '../../../mailbox/port/store.ts';
import { bufferOf, type Database } from '../database.ts';
import { COLUMNS, type Column, FactColumn } from './fact-block.ts';

/** In `email.envelope`: there is a block, whose number in the account is in `email.structure`. */
export const IN_BLOCK = -1;
/** Of a shard, opened: what a page of messages in any order is in. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

const SQL: { readonly [Name in Column | 'sum']: string } = {
  // Before the octets: not even the first of them is read for it.
  sum: 'SELECT sum FROM fact_block WHERE id = ?',
  wire: 'SELECT wire FROM fact_block WHERE id = ?',
  listing: 'SELECT listing FROM fact_block WHERE id = ?',
  search: 'SELECT search FROM fact_block WHERE id = ?',
};

interface Kept {
  /** Of the row that it was in: a number may be given again. */
  readonly sum: number;
  readonly column: FactColumn;
}

/** The columns in which these parts are. */
export function columnsOf(parts: readonly FactPart[]): readonly Column[] {
  const names = Object.keys(COLUMNS) as Column[];
  return names.filter((name) => COLUMNS[name].some((part) => parts.includes(part)));
}

export class FactBlocks {
  readonly #db: Database;
  /** In the order of last use. */
  readonly #kept = new Map<string, Kept>();
  #keptBytes = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Of a block, by its key. Throws `damaged`, also when there is none. */
  column(block: number, name: Column): FactColumn {
    const sum = this.#db.prepare(SQL.sum).get(block)?.[0];
    if (typeof sum !== 'number') throw new StoreError('damaged', 'what is known of some messages is missing');
    const key = `${block} ${name}`;
    const known = this.#kept.get(key);
    if (known !== undefined) this.#drop(key, known);
    const column = known?.sum === sum ? known.column : this.#opened(block, name);
    this.#keep(key, { sum, column });
    return column;
  }

  #opened(block: number, name: Column): FactColumn {
    const stored = this.#db.prepare(SQL[name]).get(block)?.[0];
    if (!(stored instanceof Uint8Array))
      throw new StoreError('damaged', 'what is known of some messages is missing');
    return FactColumn.open(name, block, bufferOf(stored));
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.set(key, kept);
    this.#keptBytes += kept.column.rawBytes;
    for (const [oldest, one] of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) return;
      this.#drop(oldest, one);
    }
  }

  #drop(key: string, { column }: Kept): void {
    this.#kept.delete(key);
    this.#keptBytes -= column.rawBytes;
  }
}
