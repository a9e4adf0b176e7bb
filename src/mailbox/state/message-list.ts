/**
 * The messages of one mailbox in memory: columns of typed arrays in UID order, shared by all sessions that have it open,
 * and the chunks in which the store keeps them. About 40 octets a message.
 *
 * A list is either complete or only the tail (the last chunk and what came after it), which is all that delivery needs.
 * Sessions hold `columns.uid` and a count as their view: appending writes only beyond every such count, and removing
 * replaces `columns.uid`, so an array that a session holds never changes under it.
 *
 * Every mutation has an exact inverse, because a change is made in memory first and undone when the store refuses it.
 * It knows no counters, no modseq rule and no session.
 */
import { invariant } from '../../base/invariant.ts';
import type { Uid } from '../model/model.ts';
import {
  allocateColumns,
  CHUNK_CAPACITY,
  type Columns,
  decodeRecords,
  encodeRecords,
  type MessageRecord,
  RECORD_BYTES,
  type ReadonlyColumns,
  recordAt,
  setRecord,
} from '../model/record.ts';
import type { ChunkRow } from '../port/store.ts';

interface Chunk {
  readonly first: number;
  count: number;
}

/** New flags and keyword sets, the i-th for the message at the i-th row. */
export interface FlagColumns {
  readonly rows: readonly number[];
  readonly flags: readonly number[];
  readonly keywordSets: readonly number[];
}

/** A chunk smaller than this is merged into a small neighbour when messages leave it. */
const MERGE_BELOW = CHUNK_CAPACITY / 4;

/** What readers see of it. */
export interface MessageList {
  readonly columns: ReadonlyColumns;
  readonly count: number;
  /** Another one after each change. */
  readonly version: number;
  /** Row of the first message with this UID or a higher one; `count` when there is none. */
  lowerBound(uid: number): number;
  /** Row of the message with this UID, or -1. `guess` is a row to look at first. */
  indexOf(uid: number, guess?: number): number;
  /** 1 at the number of each set of keywords that a message has. */
  usedKeywordSets(): Uint8Array;
}

export class WritableMessageList implements MessageList {
  readonly complete: boolean;
  columns: Columns;
  count = 0;
  version = 0;
  #chunks: Chunk[] = [];
  readonly #dirty = new Set<number>();
  readonly #dropped = new Set<number>();

  constructor(complete: boolean, capacity: number) {
    this.complete = complete;
    this.columns = allocateColumns(Math.max(capacity, 16));
  }

  static of(chunks: Iterable<ChunkRow>, complete: boolean, expected: number): WritableMessageList {
    const list = new WritableMessageList(complete, expected + 16);
    for (const chunk of chunks) list.load(chunk);
    return list;
  }

  /** Adds a chunk as the store returned it; chunks come in ascending order. */
  load(row: ChunkRow): void {
    const incoming = Math.floor(row.records.length / RECORD_BYTES);
    this.#reserve(this.count + incoming);
    this.count += decodeRecords(row.records, this.columns, this.count);
    this.#chunks.push({ first: row.first, count: incoming });
  }

  /** Takes over what `tail` holds in memory; this list holds exactly what lies before it. */
  adoptTail(tail: WritableMessageList): void {
    this.#reserve(this.count + tail.count);
    for (let i = 0; i < tail.count; i++) setRecord(this.columns, this.count + i, recordAt(tail.columns, i));
    this.count += tail.count;
    this.#chunks.push(...tail.#chunks.map((chunk) => ({ ...chunk })));
    for (const first of tail.#dirty) this.#dirty.add(first);
    for (const first of tail.#dropped) this.#dropped.add(first);
  }

  get firstChunk(): number {
    return this.#chunks[0]?.first ?? Number.POSITIVE_INFINITY;
  }

  lowerBound(uid: number): number {
    const uids = this.columns.uid;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((uids[middle] as number) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  indexOf(uid: number, guess = 0): number {
    if (guess < this.count && this.columns.uid[guess] === uid) return guess;
    const row = this.lowerBound(uid);
    return row < this.count && this.columns.uid[row] === uid ? row : -1;
  }

  usedKeywordSets(): Uint8Array {
    const used = new Uint8Array(0x10000);
    const { keywordSet } = this.columns;
    for (let row = 0; row < this.count; row++) used[keywordSet[row] as number] = 1;
    return used;
  }

  append(record: MessageRecord): void {
    const last = this.count > 0 ? (this.columns.uid[this.count - 1] as number) : 0;
    invariant(record.uid > last, `UID ${record.uid} after ${last}`);
    this.#reserve(this.count + 1);
    setRecord(this.columns, this.count, record);
    this.count++;
    this.version++;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.count >= CHUNK_CAPACITY) {
      chunk = { first: record.uid, count: 0 };
      this.#chunks.push(chunk);
      this.#dropped.delete(chunk.first);
    }
    chunk.count++;
    this.#dirty.add(chunk.first);
  }

  /** The inverse of the last `append`s. */
  unappend(messages: number): void {
    this.count -= messages;
    this.version++;
    for (let left = messages; left > 0; ) {
      const chunk = this.#chunks.at(-1) as Chunk;
      const here = Math.min(left, chunk.count);
      chunk.count -= here;
      left -= here;
      if (chunk.count > 0) return;
      this.#chunks.pop();
      this.#dirty.delete(chunk.first);
    }
  }

  /** Sets flags and keyword sets of the messages at these rows, each once; the returned function puts everything back. */
  setFlags({ rows, flags, keywordSets }: FlagColumns, modseq: number): () => void {
    const { columns } = this;
    const before = {
      flags: rows.map((row) => columns.flags[row] as number),
      keywordSets: rows.map((row) => columns.keywordSet[row] as number),
      modseqs: rows.map((row) => columns.modseq[row] as number),
    };
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      columns.flags[row] = flags[i] as number;
      columns.keywordSet[row] = keywordSets[i] as number;
      columns.modseq[row] = modseq;
    }
    this.#markDirty(rows);
    return () => {
      rows.forEach((row, i) => {
        this.columns.flags[row] = before.flags[i] as number;
        this.columns.keywordSet[row] = before.keywordSets[i] as number;
        this.columns.modseq[row] = before.modseqs[i] as number;
      });
      this.#markDirty(rows);
    };
  }

  /** What was computed of the messages at these rows; the returned function puts everything back. */
  setTraits(rows: readonly number[], traits: readonly number[]): () => void {
    const before = rows.map((row) => this.columns.traits[row] as number);
    const set = (values: readonly number[]): void => {
      rows.forEach((row, i) => {
        this.columns.traits[row] = values[i] as number;
      });
      this.#markDirty(rows);
    };
    set(traits);
    return () => set(before);
  }

  /** Removes the messages at these ascending rows; the returned function puts everything back. */
  remove(rows: readonly number[]): () => void {
    const before = {
      uids: this.columns.uid,
      chunks: this.#chunks.map((chunk) => ({ ...chunk })),
      dirty: [...this.#dirty],
    };
    const removed = rows.map((row) => recordAt(this.columns, row));
    const total = this.count;
    this.columns.uid = this.columns.uid.slice();
    for (const column of Object.values(this.columns)) closeGaps(column, rows, total);
    this.count = total - rows.length;
    this.version++;
    for (const record of removed) this.#shrinkChunk(record.uid);
    return () => {
      for (const [name, column] of Object.entries(this.columns)) {
        if (name !== 'uid') openGaps(column, rows, this.count);
      }
      const uids = new Uint32Array(this.columns.flags.length);
      uids.set(before.uids.subarray(0, total));
      this.columns.uid = uids;
      this.count = total;
      this.version++;
      rows.forEach((row, i) => {
        setRecord(this.columns, row, removed[i] as MessageRecord);
      });
      this.#chunks = before.chunks;
      for (const chunk of before.chunks) this.#dropped.delete(chunk.first);
      for (const first of before.dirty) this.#dirty.add(first);
      for (const record of removed) this.#dirty.add(this.#chunkOf(record.uid).first);
    };
  }

  /** What has to be stored since the last call, as rows; `first` keys to delete beside them. */
  takeDirty(mailbox: ChunkRow['mailbox']): { chunks: ChunkRow[]; dropped: Uid[] } {
    const chunks: ChunkRow[] = [];
    for (const first of [...this.#dirty].sort((a, b) => a - b)) {
      const chunk = this.#chunkOf(first);
      if (chunk.first === first) chunks.push(this.#rowOf(mailbox, chunk, this.lowerBound(first)));
    }
    const dropped = [...this.#dropped] as Uid[];
    this.#dirty.clear();
    this.#dropped.clear();
    return { chunks, dropped };
  }

  #rowOf(mailbox: ChunkRow['mailbox'], chunk: Chunk, start: number): ChunkRow {
    let maxModseq = 0;
    for (let row = start; row < start + chunk.count; row++) {
      maxModseq = Math.max(maxModseq, this.columns.modseq[row] as number);
    }
    return {
      mailbox,
      first: chunk.first as ChunkRow['first'],
      count: chunk.count,
      maxModseq: maxModseq as ChunkRow['maxModseq'],
      records: encodeRecords(this.columns, start, chunk.count),
    };
  }

  #markDirty(rows: readonly number[]): void {
    this.version++;
    let first = 0;
    let nextFirst = 0;
    for (const row of rows) {
      const uid = this.columns.uid[row] as number;
      if (uid >= first && uid < nextFirst) continue;
      const index = this.#chunkIndex(uid);
      first = (this.#chunks[index] as Chunk).first;
      nextFirst = this.#chunks[index + 1]?.first ?? Number.POSITIVE_INFINITY;
      this.#dirty.add(first);
    }
  }

  #chunkIndex(uid: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#chunks[middle] as Chunk).first <= uid) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #chunkOf(uid: number): Chunk {
    return this.#chunks[this.#chunkIndex(uid)] as Chunk;
  }

  #shrinkChunk(uid: number): void {
    const index = this.#chunkIndex(uid);
    const chunk = this.#chunks[index] as Chunk;
    chunk.count--;
    this.#dirty.add(chunk.first);
    const before = this.#chunks[index - 1];
    const mayMerge =
      before !== undefined && chunk.count < MERGE_BELOW && before.count + chunk.count <= CHUNK_CAPACITY / 2;
    if (chunk.count > 0 && !mayMerge) return;
    if (before !== undefined && chunk.count > 0) {
      before.count += chunk.count;
      this.#dirty.add(before.first);
    }
    this.#chunks.splice(index, 1);
    this.#dirty.delete(chunk.first);
    this.#dropped.add(chunk.first);
  }

  #reserve(rows: number): void {
    const have = this.columns.uid.length;
    if (rows <= have) return;
    const larger = allocateColumns(Math.max(rows, have + (have >> 1) + 16));
    for (const name of Object.keys(larger) as (keyof Columns)[]) larger[name].set(this.columns[name]);
    this.columns = larger;
  }
}

type Column = Columns[keyof Columns];

/** Moves the elements between the removed rows together. */
function closeGaps(column: Column, rows: readonly number[], total: number): void {
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) + 1;
    const to = rows[i + 1] ?? total;
    column.copyWithin(from - 1 - i, from, to);
  }
}

/** The inverse: moves elements apart so that `rows` are free again. */
function openGaps(column: Column, rows: readonly number[], remaining: number): void {
  const total = remaining + rows.length;
  for (let i = rows.length - 1; i >= 0; i--) {
    const from = (rows[i] as number) + 1;
    const to = rows[i + 1] ?? total;
    column.copyWithin(from, from - 1 - i, to - 1 - i);
  }
}
