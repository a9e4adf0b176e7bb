/**
 * The packed record of one message in its mailbox: what a list, a flag change, a scan by date or size needs, and
 * nothing that is parsed from the mail. Chunks of these records are what the store keeps (ChunkRow.records).
 *
 * Layout, little-endian, 32 octets:
 *
 *     0  u32 uid          4  u32 email number    8  u48 modseq        14 u8 flags   15 u8 traits
 *     16 u16 keyword set  18 i48 internal date   24 u32 size          28 u32 save date
 *
 * Dates are seconds since 1970; the internal date is signed, since people import mail with dates before it.
 */
export const RECORD_BYTES = 32;

/** 120 records and the row around them fill one 4096-octet database page: a flag change writes one page. */
export const CHUNK_CAPACITY = 120;

const TWO_32 = 0x1_0000_0000;

/** Columns of a list; index i in every array is the i-th message by ascending UID. */
export interface Columns {
  uid: Uint32Array;
  email: Uint32Array;
  modseq: Float64Array;
  flags: Uint8Array;
  traits: Uint8Array;
  keywordSet: Uint16Array;
  internalDate: Float64Array;
  size: Uint32Array;
  saveDate: Uint32Array;
}

/** A column as those see it who do not change it. */
export interface NumberColumn extends Iterable<number> {
  readonly length: number;
  readonly [row: number]: number;
  subarray(from?: number, to?: number): NumberColumn;
}

export type ReadonlyColumns = { readonly [Name in keyof Columns]: NumberColumn };

export interface MessageRecord {
  readonly uid: number;
  readonly email: number;
  readonly modseq: number;
  readonly flags: number;
  /** Bits of `TRAIT`, found at delivery; never changes. */
  readonly traits: number;
  readonly keywordSet: number;
  readonly internalDate: number;
  readonly size: number;
  readonly saveDate: number;
}

export function allocateColumns(capacity: number): Columns {
  return {
    uid: new Uint32Array(capacity),
    email: new Uint32Array(capacity),
    modseq: new Float64Array(capacity),
    flags: new Uint8Array(capacity),
    traits: new Uint8Array(capacity),
    keywordSet: new Uint16Array(capacity),
    internalDate: new Float64Array(capacity),
    size: new Uint32Array(capacity),
    saveDate: new Uint32Array(capacity),
  };
}

export function encodeRecords(from: ReadonlyColumns, start: number, count: number): Buffer {
  const out = Buffer.allocUnsafe(count * RECORD_BYTES);
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  for (let i = 0, at = 0; i < count; i++, at += RECORD_BYTES) {
    const row = start + i;
    const modseq = from.modseq[row] as number;
    const internalDate = from.internalDate[row] as number;
    view.setUint32(at, from.uid[row] as number, true);
    view.setUint32(at + 4, from.email[row] as number, true);
    view.setUint32(at + 8, modseq, true);
    view.setUint16(at + 12, modseq / TWO_32, true);
    view.setUint8(at + 14, from.flags[row] as number);
    view.setUint8(at + 15, from.traits[row] as number);
    view.setUint16(at + 16, from.keywordSet[row] as number, true);
    view.setUint32(at + 18, internalDate, true);
    view.setInt16(at + 22, Math.floor(internalDate / TWO_32), true);
    view.setUint32(at + 24, from.size[row] as number, true);
    view.setUint32(at + 28, from.saveDate[row] as number, true);
  }
  return out;
}

/** Writes the records into `to` from row `start`, which must have room, and returns how many there were. */
export function decodeRecords(records: Uint8Array, to: Columns, start: number): number {
  const count = Math.floor(records.length / RECORD_BYTES);
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let i = 0, at = 0; i < count; i++, at += RECORD_BYTES) {
    const row = start + i;
    to.uid[row] = view.getUint32(at, true);
    to.email[row] = view.getUint32(at + 4, true);
    to.modseq[row] = view.getUint32(at + 8, true) + view.getUint16(at + 12, true) * TWO_32;
    to.flags[row] = view.getUint8(at + 14);
    to.traits[row] = view.getUint8(at + 15);
    to.keywordSet[row] = view.getUint16(at + 16, true);
    to.internalDate[row] = view.getUint32(at + 18, true) + view.getInt16(at + 22, true) * TWO_32;
    to.size[row] = view.getUint32(at + 24, true);
    to.saveDate[row] = view.getUint32(at + 28, true);
  }
  return count;
}

export function recordAt(from: ReadonlyColumns, row: number): MessageRecord {
  return {
    uid: from.uid[row] as number,
    email: from.email[row] as number,
    modseq: from.modseq[row] as number,
    flags: from.flags[row] as number,
    traits: from.traits[row] as number,
    keywordSet: from.keywordSet[row] as number,
    internalDate: from.internalDate[row] as number,
    size: from.size[row] as number,
    saveDate: from.saveDate[row] as number,
  };
}

export function setRecord(to: Columns, row: number, record: MessageRecord): void {
  to.uid[row] = record.uid;
  to.email[row] = record.email;
  to.modseq[row] = record.modseq;
  to.flags[row] = record.flags;
  to.traits[row] = record.traits;
  to.keywordSet[row] = record.keywordSet;
  to.internalDate[row] = record.internalDate;
  to.size[row] = record.size;
  to.saveDate[row] = record.saveDate;
}

export function unpackRecords(records: Uint8Array): MessageRecord[] {
  const count = Math.floor(records.length / RECORD_BYTES);
  const columns = allocateColumns(count);
  decodeRecords(records, columns, 0);
  return Array.from({ length: count }, (_, row) => recordAt(columns, row));
}

export function packRecords(records: readonly MessageRecord[]): Buffer {
  const columns = allocateColumns(records.length);
  records.forEach((record, row) => {
    setRecord(columns, row, record);
  });
  return encodeRecords(columns, 0, records.length);
}

/** Ascending UIDs as the store keeps them in the history (HistoryRow.uids). */
export function packUids(uids: ArrayLike<number>): Buffer {
  const out = Buffer.allocUnsafe(uids.length * 4);
  for (let i = 0; i < uids.length; i++) out.writeUInt32LE(uids[i] as number, i * 4);
  return out;
}

export function unpackUids(packed: Uint8Array): Uint32Array {
  const out = new Uint32Array(packed.length >> 2);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let i = 0; i < out.length; i++) out[i] = view.getUint32(i * 4, true);
  return out;
}
