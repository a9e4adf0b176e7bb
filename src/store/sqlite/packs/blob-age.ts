/**
 * How old blobs are, without a date for each: their numbers rise, and once an hour the last one is written down. Those up to what
 * was the last one then are at least as old.
 */
import type { Database } from '../database.ts';

const HOUR_MS = 3600_000;
const PREFIX = 'blobs before hour ';

const SQL = {
  note: 'INSERT OR IGNORE INTO store VALUES (?, ?)',
  all: `SELECT key, value FROM store WHERE key LIKE '${PREFIX}%'`,
  forget: 'DELETE FROM store WHERE key = ?',
} as const;

/** Inside a transaction. Notes that need not be kept go. */
export function noteBlobs(db: Database, nowMs: number, last: number, ageMs: number): void {
  db.prepare(SQL.note).run(PREFIX + Math.floor(nowMs / HOUR_MS), last);
  const needed = newestBefore(db, nowMs - ageMs)?.hour ?? 0;
  for (const { hour } of notesIn(db)) if (hour < needed) db.prepare(SQL.forget).run(PREFIX + hour);
}

/** The last blob that is so old for sure; 0 when none is. */
export function lastBlobBefore(db: Database, nowMs: number, ageMs: number): number {
  return newestBefore(db, nowMs - ageMs)?.last ?? 0;
}

function newestBefore(db: Database, ms: number): { hour: number; last: number } | undefined {
  const before = notesIn(db).filter(({ hour }) => (hour + 1) * HOUR_MS <= ms);
  return before.sort((a, b) => b.hour - a.hour)[0];
}

function notesIn(db: Database): { hour: number; last: number }[] {
  return db
    .prepare(SQL.all)
    .all()
    .map(([key, value]) => ({ hour: Number((key as string).slice(PREFIX.length)), last: value as number }));
}
