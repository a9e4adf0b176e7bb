/**
 * Every row that is on a page, whether or not there is still a way to the page: a table whose first page is broken has lost
 * the way to its rows, not the rows. See https://sqlite.org/fileformat2.html §1.6 (pages and cells), §2.1 (records).
 */
import type { SqlValue } from '../database.ts';
import type { PageFile } from './page-file.ts';

export interface LeafRow {
  /** Undefined for rows of indexes and of tables WITHOUT ROWID. */
  readonly rowid: number | undefined;
  readonly values: readonly SqlValue[];
  /** The values do not add up to the record: there may be more, and some of these may be others. */
  readonly isDoubtful: boolean;
}

const INDEX_INTERIOR = 0x02;
const INDEX_LEAF = 0x0a;
const TABLE_LEAF = 0x0d;
const FILE_HEADER_BYTES = 100;

/** Cells that cannot be read are left out. */
export function* leafRows(file: PageFile): Generator<LeafRow> {
  for (let number = 1; number <= file.count; number++) {
    if (file.isPointerMap(number)) continue;
    const page = file.read(number);
    const at = number === 1 ? FILE_HEADER_BYTES : 0;
    const type = page[at];
    if (type !== TABLE_LEAF && type !== INDEX_LEAF && type !== INDEX_INTERIOR) continue;
    if (file.isFree(number)) continue;
    const pointers = at + (type === INDEX_INTERIOR ? 12 : 8);
    const cells = page.readUInt16BE(at + 3);
    for (let i = 0; i < cells && pointers + 2 * i + 2 <= page.length; i++) {
      const row = rowOf(file, page, type, page.readUInt16BE(pointers + 2 * i));
      if (row !== undefined) yield row;
    }
  }
}

function rowOf(file: PageFile, page: Buffer, type: number, cell: number): LeafRow | undefined {
  try {
    // An inner page of an index begins its cells with the number of a child.
    const size = varint(page, type === INDEX_INTERIOR ? cell + 4 : cell);
    const rowid = type === TABLE_LEAF ? varint(page, size.end) : undefined;
    const payload = payloadOf(file, page, size.value, rowid?.end ?? size.end, type);
    return { rowid: rowid?.value, ...valuesOf(payload) };
  } catch {
    return undefined;
  }
}

/** What does not fit goes to a chain of overflow pages (§1.6). */
function payloadOf(file: PageFile, page: Buffer, size: number, at: number, type: number): Buffer {
  const usable = file.pageBytes;
  if (size > usable * file.count) throw new RangeError('larger than the file');
  const most = type === TABLE_LEAF ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const spilled = least + ((size - least) % (usable - 4));
  const here = size <= most ? size : spilled <= most ? spilled : least;
  if (at + here > page.length) throw new RangeError('beyond the page');
  const pieces = [page.subarray(at, at + here)];
  let next = here < size ? page.readUInt32BE(at + here) : 0;
  for (let left = size - here; left > 0; ) {
    if (next < 2 || next > file.count) throw new RangeError('the chain is broken');
    const overflow = file.read(next);
    const piece = overflow.subarray(4, 4 + Math.min(left, usable - 4));
    pieces.push(piece);
    left -= piece.length;
    next = overflow.readUInt32BE(0);
  }
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, size);
}

function valuesOf(payload: Buffer): Pick<LeafRow, 'values' | 'isDoubtful'> {
  const values: SqlValue[] = [];
  try {
    const head = varint(payload, 0);
    let body = head.value;
    for (let at = head.end; at < head.value; ) {
      const type = varint(payload, at);
      const length = lengthOf(type.value);
      if (body + length > payload.length) throw new RangeError('beyond the record');
      values.push(decoded(payload, type.value, body, length));
      body += length;
      at = type.end;
    }
    return { values, isDoubtful: body !== payload.length };
  } catch {
    return { values, isDoubtful: true };
  }
}

const LENGTHS = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0] as const;

function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  const length = LENGTHS[type];
  if (length === undefined) throw new RangeError('no such type');
  return length;
}

function decoded(payload: Buffer, type: number, at: number, length: number): SqlValue {
  if (type >= 12) {
    const bytes = payload.subarray(at, at + length);
    return type % 2 === 0 ? Buffer.from(bytes) : bytes.toString('utf8');
  }
  if (type === 0) return null;
  if (type === 7) return payload.readDoubleBE(at);
  if (type >= 8) return type - 8;
  if (type < 6) return payload.readIntBE(at, length);
  const large = payload.readBigInt64BE(at);
  if (large > Number.MAX_SAFE_INTEGER || large < Number.MIN_SAFE_INTEGER) throw new RangeError('too large');
  return Number(large);
}

function varint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes.readUInt8(at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('too large');
      return { value, end: at + i + 1 };
    }
  }
  throw new RangeError('too large');
}
