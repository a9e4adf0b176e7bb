/**
 * Rows that follow their octets into a pack. Each says where the octets were: a message that has gone since, or is in another
 * place by now, does not match, and what the pack has of it is dead from the beginning. A message whose part has gone
 * meanwhile stays where it is.
 */
import type { BatchContext } from '../account-batch.ts';
import type { Database } from '../database.ts';
import { KIND_SEGMENT, KIND_SPOOL } from '../schema/mail.ts';
import type { Segments } from '../segments.ts';
import type { Work } from '../transactions.ts';
import type { Move, NewPart } from './pack-work.ts';
import { kindOf } from './part-rows.ts';

const SQL = {
  move: `UPDATE blob SET kind = ?1, segment = ?2, offset = ?3
    WHERE id = ?4 AND kind = ?5 AND segment = ?6 AND offset = ?7`,
  isThere: 'SELECT 1 FROM blob WHERE id = ? AND kind = ? AND segment = ? AND offset = ?',
  isPart: 'SELECT 1 FROM part WHERE blob = ?',
  retain: 'UPDATE blob SET refs = refs + 1 WHERE id = ?',
  insert: 'INSERT INTO blob (id, refs, size, crc32, kind, segment, offset) VALUES (?, 1, ?, ?, ?, ?, ?)',
  insertHash: 'INSERT INTO part (blob, size, hash) VALUES (?, ?, ?)',
  use: 'INSERT INTO part_use (blob, n, part) VALUES (?, ?, ?)',
  unspool: 'DELETE FROM spool WHERE blob = ?',
} as const;

export interface FlipContext {
  readonly context: Pick<BatchContext, 'db' | 'sync'>;
  readonly segments: Segments;
}

/** Some moves into one pack, as one piece of work. `onDone` gets how many rows have followed. */
export function flipWork(
  { context: { db, sync }, segments }: FlipContext,
  pack: number,
  { moves, parts }: { readonly moves: readonly Move[]; readonly parts: ReadonlyMap<number, NewPart> },
  onDone: (count: number) => void,
): Work {
  let removedFrom: number[] = [];
  let count = 0;
  return {
    apply: () => {
      removedFrom = [];
      count = 0;
      for (const move of moves) {
        if (!flip(db, kindOf(pack), move, parts)) continue;
        count++;
        if (move.from.kind === KIND_SPOOL) db.prepare(SQL.unspool).run(move.blob);
        if (move.from.kind === KIND_SEGMENT) removedFrom.push(move.from.segment);
      }
    },
    done: () => {
      if (removedFrom.length > 0) segments.rowsDeleted(removedFrom, sync());
      onDone(count);
    },
  };
}

function flip(db: Database, kind: number, move: Move, parts: ReadonlyMap<number, NewPart>): boolean {
  const { blob, from, frame, offset } = move;
  const place = [from.kind, from.segment, from.offset] as const;
  if (db.prepare(SQL.isThere).get(blob, ...place) === undefined) return false;
  const isMissing = (part: number) => !parts.has(part) && db.prepare(SQL.isPart).get(part) === undefined;
  if (move.parts.some(isMissing)) return false;
  db.prepare(SQL.move).run(kind, frame, offset, blob, ...place);
  for (const [n, part] of move.parts.entries()) {
    usePart(db, kind, part, parts.get(part));
    db.prepare(SQL.use).run(blob, n, part);
  }
  return true;
}

/** A new one has its row from the first message on that needs it. */
function usePart(db: Database, kind: number, part: number, made: NewPart | undefined): void {
  if (db.prepare(SQL.retain).run(part) > 0 || made === undefined) return;
  const { sizeBytes, crc32, frame, offset, hash } = made;
  db.prepare(SQL.insert).run(part, sizeBytes, crc32, kind, frame, offset);
  db.prepare(SQL.insertHash).run(part, sizeBytes, hash);
}
