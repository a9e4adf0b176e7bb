/**
 * Message bytes as rows: one `blob` per distinct upload and shard, with the number of emails that use it. Called
 * inside a transaction by the writer of batches; what it remembers outside the database (the numbers given to staged
 * bytes) is undone by `rollback` when the transaction is.
 */
import { StoreError } from '../../mailbox/port/store.ts';
import type { Database } from './database.ts';
import { releaseParts } from './packs/part-rows.ts';
import { KIND_SEGMENT, KIND_SPOOL } from './schema/mail.ts';
import type { Segments } from './segments.ts';
import type { Staged, StagingShard } from './staging.ts';

/** 'blob': the last number that was given to whoever makes a pack. */
const LAST =
  "SELECT max((SELECT coalesce(max(id), 0) FROM blob), coalesce((SELECT value FROM store WHERE key = 'blob'), 0))";
const RESERVE = "INSERT INTO store VALUES ('blob', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1";
const INSERT = 'INSERT INTO blob (id, refs, size, crc32, kind, segment, offset) VALUES (?, 1, ?, ?, ?, ?, ?)';
const RETAIN = 'UPDATE blob SET refs = refs + 1 WHERE id = ?';
const RELEASE = 'UPDATE blob SET refs = refs - 1 WHERE id = ? RETURNING refs, kind, segment';
const SPOOL = 'INSERT INTO spool (blob, bytes) VALUES (?, ?)';
const UNSPOOL = 'DELETE FROM spool WHERE blob = ?';
const DELETE = 'DELETE FROM blob WHERE id = ?';

/** What one piece of work did to the state that is not in the database. */
export class BlobChanges {
  readonly placed: Staged[] = [];
  readonly removedFrom: number[] = [];
}

export class Blobs {
  readonly #db: Database;
  readonly #shard: StagingShard;
  readonly #segments: Segments;
  /** Read at the first need: a table that cannot be read keeps the store from nothing else. */
  #last: number | undefined;

  constructor(db: Database, shard: StagingShard) {
    this.#db = db;
    this.#shard = shard;
    this.#segments = shard.segments;
  }

  /** The number of the blob that holds these bytes, with one reference more. */
  use(staged: Staged, changes: BlobChanges): number {
    const known = staged.numberIn(this.#shard);
    if (known !== undefined && this.#db.prepare(RETAIN).run(known) === 1) return known;
    const id = this.last + 1;
    this.#last = id;
    const { sizeBytes, crc32 } = staged;
    if (staged.inline !== undefined) {
      this.#db.prepare(INSERT).run(id, sizeBytes, crc32, KIND_SPOOL, 0, 0);
      this.#db.prepare(SPOOL).run(id, staged.inline);
    } else {
      const extent = staged.extent(this.#shard);
      if (extent === undefined || !this.#segments.isPinned(extent.segment)) {
        throw new StoreError('io', 'the message was not staged for this shard, or its upload was given up');
      }
      this.#db.prepare(INSERT).run(id, sizeBytes, crc32, KIND_SEGMENT, extent.segment, extent.offset);
    }
    staged.setNumber(this.#shard, id);
    changes.placed.push(staged);
    return id;
  }

  /** The last number that was given to a blob. */
  get last(): number {
    this.#last ??= (this.#db.value(LAST) as number | null) ?? 0;
    return this.#last;
  }

  /** The first of so many numbers that no other blob will have, now or after a restart. */
  reserve(count: number): number {
    const first = this.last + 1;
    this.#last = first + count - 1;
    this.#db.prepare(RESERVE).run(this.#last);
    return first;
  }

  release(blob: number, changes: BlobChanges): void {
    const row = this.#db.prepare(RELEASE).get(blob);
    if (row === undefined || (row[0] as number) > 0) return;
    this.#db.prepare(DELETE).run(blob);
    if (row[1] === KIND_SPOOL) {
      this.#db.prepare(UNSPOOL).run(blob);
    } else if (row[1] === KIND_SEGMENT) {
      changes.removedFrom.push(row[2] as number);
    } else {
      releaseParts(this.#db, blob);
    }
  }

  /** The transaction, or the savepoint around this work, is gone; the work may be tried again. */
  rollback(changes: BlobChanges): void {
    for (const staged of changes.placed) staged.setNumber(this.#shard, undefined);
    changes.placed.length = 0;
    changes.removedFrom.length = 0;
  }

  /** Committed: the rows hold what was staged. A segment counts its lost rows once `durable` has resolved. */
  settle(changes: BlobChanges, durable: () => Promise<void>): void {
    for (const staged of changes.placed) staged.unpin(this.#shard);
    if (changes.removedFrom.length > 0) this.#segments.rowsDeleted(changes.removedFrom, durable());
  }
}
