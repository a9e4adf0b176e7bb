/**
 * Parts that packed messages are made of, as rows: a part is a blob whose references are the places that need it, in any
 * message of the shard. Called inside a transaction.
 */
import type { Database } from '../database.ts';
import { KIND_PACK } from '../schema/mail.ts';
import type { PackedPlace, PartPlaces } from './packed-bytes.ts';

const SQL = {
  place: `SELECT kind, segment, offset, size FROM blob WHERE id = ? AND kind >= ${KIND_PACK}`,
  forget: 'DELETE FROM part_use WHERE blob = ? RETURNING part',
  release: 'UPDATE blob SET refs = refs - 1 WHERE id = ? RETURNING refs',
  delete: 'DELETE FROM blob WHERE id = ?',
  forgetHash: 'DELETE FROM part WHERE blob = ?',
} as const;

/** The pack that holds a blob of this kind. */
export const packOf = (kind: number): number => kind - KIND_PACK;
export const kindOf = (pack: number): number => pack + KIND_PACK;

/** Of what is in a pack, as its row says now. */
export function placesIn(db: Database): PartPlaces {
  return (blob): PackedPlace | undefined => {
    const row = db.prepare(SQL.place).get(blob) as readonly number[] | undefined;
    if (row === undefined) return undefined;
    const [kind = 0, frame = 0, offset = 0, sizeBytes = 0] = row;
    return { pack: packOf(kind), frame, offset, sizeBytes };
  };
}

/** A packed blob is gone, and needs its parts no more; those that nobody needs go with it. */
export function releaseParts(db: Database, blob: number): void {
  for (const [part] of db.prepare(SQL.forget).all(blob)) {
    const refs = db.prepare(SQL.release).get(part as number)?.[0];
    if (refs === undefined || (refs as number) > 0) continue;
    db.prepare(SQL.delete).run(part as number);
    db.prepare(SQL.forgetHash).run(part as number);
  }
}
