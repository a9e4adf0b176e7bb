/**
 * What an inspection found and may be put right, put right: some at a time, each in a turn like any other, so that whoever
 * writes goes on in between. The inspection saw the database as it was, so each repair is made to hold for what has
 * happened since: a count is corrected by the difference, a row goes only while it is what it was.
 */

import type { EmailId } from '../../mailbox/model/model.ts';
import type { BatchContext } from './account-batch.ts';
import type { Database } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import { recoverMailboxes } from './lost-mailboxes.ts';
import { releaseParts } from './packs/part-rows.ts';
import { KIND_PACK, KIND_SEGMENT, KIND_SPOOL } from './schema/mail.ts';
import type { Segments } from './segments.ts';
import { IS_STRAY_KEY, IS_STRAY_MEMBER, mendIndex } from './threads.ts';

export const REPAIRS = [
  'references',
  'unused blob',
  'unused bytes',
  'part use',
  'part hash',
  'extra reference',
  'derived',
  'thread',
  'stray thread key',
  'stray thread member',
  'outgoing',
  'recipient',
  'mailbox',
] as const;

export interface Repair {
  readonly kind: (typeof REPAIRS)[number];
  /** Of the row. */
  readonly key: number;
  /** How it was, or by how much it is off. */
  readonly extra: number;
}

export interface RepairedShard {
  readonly commits: Pick<GroupCommit, 'perform'>;
  readonly segments: Segments;
  readonly context: Pick<BatchContext, 'db' | 'sync'>;
}

/** About a millisecond. */
const REPAIRS_PER_TURN = 50;

/** In the order given, whether each has changed something. One that is refused ends it with what was done before. */
export async function applyRepairs(
  shard: RepairedShard,
  repairs: readonly Repair[],
  onTrouble: (error: Error) => void,
): Promise<readonly boolean[]> {
  const done: boolean[] = [];
  for (let at = 0; at < repairs.length; at += REPAIRS_PER_TURN) {
    const some = repairs.slice(at, at + REPAIRS_PER_TURN);
    try {
      done.push(...(await applySome(shard, some)));
    } catch (error) {
      onTrouble(error as Error);
      break;
    }
  }
  return repairs.map((_, i) => done[i] === true);
}

async function applySome(
  { commits, segments, context }: RepairedShard,
  repairs: readonly Repair[],
): Promise<readonly boolean[]> {
  let changed: boolean[] = [];
  let removedFrom: number[] = [];
  await commits.perform({
    apply: () => {
      removedFrom = [];
      changed = repairs.map((repair) => apply(context.db, repair, removedFrom));
    },
    done: () => {
      if (removedFrom.length > 0) segments.rowsDeleted(removedFrom, context.sync());
    },
  });
  return changed;
}

/** Rows that go, by their keys, while they are what they were. */
const DELETIONS = {
  'unused bytes':
    'DELETE FROM spool WHERE blob = ?1 AND NOT EXISTS (SELECT 1 FROM blob WHERE id = ?1 AND kind = 0)',
  'part use':
    'DELETE FROM part_use WHERE blob = ?1 AND n = ?2 AND NOT EXISTS (SELECT 1 FROM blob WHERE id = ?1 AND kind >= 2)',
  'part hash': 'DELETE FROM part WHERE blob = ?1 AND NOT EXISTS (SELECT 1 FROM blob WHERE id = ?1)',
  'extra reference':
    'DELETE FROM extra_reference WHERE email = ?1 AND (n < 1 OR NOT EXISTS (SELECT 1 FROM email WHERE id = ?1))',
  derived: 'DELETE FROM derived WHERE email = ?1 AND NOT EXISTS (SELECT 1 FROM email WHERE id = ?1)',
  'stray thread key': `DELETE FROM thread_key WHERE key = ?1 AND rest = ?2 AND ${IS_STRAY_KEY}`,
  'stray thread member': `DELETE FROM thread_member WHERE thread = ?1 AND email = ?2 AND ${IS_STRAY_MEMBER}`,
  // Its email is in nobody's hands then, and is given back to its sender by the checker.
  outgoing: 'DELETE FROM outgoing WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM recipient WHERE outgoing = ?1)',
  recipient: `DELETE FROM recipient WHERE outgoing = ?1 AND n = ?2
    AND NOT EXISTS (SELECT 1 FROM outgoing WHERE id = ?1)`,
} as const;

function apply(db: Database, { kind, key, extra }: Repair, removedFrom: number[]): boolean {
  switch (kind) {
    case 'references':
      return db.prepare('UPDATE blob SET refs = refs + ? WHERE id = ?').run(extra, key) > 0;
    case 'unused blob':
      return removeBlob(db, key, extra, removedFrom);
    case 'thread':
      return mendIndex(db, key as EmailId);
    case 'mailbox':
      return recoverMailbox(db, key);
    default: {
      const sql = DELETIONS[kind];
      return db.prepare(sql).run(...(sql.includes('?2') ? [key, extra] : [key])) > 0;
    }
  }
}

/** Whoever has come to use it since has changed the count. */
function removeBlob(db: Database, id: number, refs: number, removedFrom: number[]): boolean {
  const [row] = db
    .prepare('DELETE FROM blob WHERE id = ? AND refs = ? RETURNING kind, segment')
    .all(id, refs);
  if (row === undefined) return false;
  if (row[0] === KIND_SPOOL) db.prepare('DELETE FROM spool WHERE blob = ?').run(id);
  if (row[0] === KIND_SEGMENT) removedFrom.push(row[1] as number);
  if ((row[0] as number) >= KIND_PACK) releaseParts(db, id);
  return true;
}

function recoverMailbox(db: Database, key: number): boolean {
  const isKnown = () =>
    db
      .prepare('SELECT 1 FROM mailbox WHERE id = ?1 UNION ALL SELECT 1 FROM buried WHERE mailbox = ?1')
      .get(key) !== undefined;
  if (isKnown()) return false;
  recoverMailboxes(db, [key]);
  return isKnown();
}
