/**
 * Rows that follow what is known of emails into a block. Each email has to be as it was read: what was computed anew meanwhile, or
 * has gone, does not match, and what the block has of it is dead from the beginning.
 */
import { bufferOf, type Database, type SqlValue } from '../database.ts';
import type { Work } from '../transactions.ts';
import type { FactMove, FactStep, MadeBlock } from './pack-work.ts';
import { IN_BLOCK } from './packed-facts.ts';

const SQL = {
  insert: `INSERT INTO fact_block (id, made, count, bytes, sum, wire, listing, search)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  forget: 'DELETE FROM fact_block WHERE id = ?',
  any: 'SELECT EXISTS (SELECT 1 FROM fact_block)',
  facts: 'SELECT facts FROM email WHERE id = ? AND envelope <> ?',
  derived: 'SELECT record FROM derived WHERE email = ?',
  forgetDerived: 'DELETE FROM derived WHERE email = ?',
  // A row that shrinks leaves its page as it is; pages that rows leave are put together.
  take: 'DELETE FROM email WHERE id = ? RETURNING blob, size, prefix, thread, thread_keys',
  put: `INSERT INTO email (id, envelope, structure, facts, blob, size, prefix, thread, thread_keys)
    VALUES (?, ?, ?, x'', ?, ?, ?, ?, ?)`,
  rename: 'UPDATE email SET structure = ?1 WHERE id = ?2 AND envelope = ?3 AND structure = ?4',
} as const;

/** Of blocks, in one transaction: their pages are overwritten. */
const GONE_AT_ONCE = 20;

export function hasFactBlocks(db: Database): boolean {
  return db.value(SQL.any) === 1;
}

/** A transaction each, in this order. */
export function* factWorks(db: Database, step: FactStep): Generator<Work> {
  if (step.kind === 'made') {
    yield { apply: () => flip(db, step.made) };
    return;
  }
  for (let at = 0; at < step.gone.length; at += GONE_AT_ONCE) {
    const some = step.gone.slice(at, at + GONE_AT_ONCE);
    yield { apply: () => forgetBlocks(db, some) };
  }
}

/** What is in them may be of mail that has gone: a page that is free keeps what was on it. */
export function forgetBlocks(db: Database, keys: readonly number[]): void {
  db.exec('PRAGMA secure_delete = ON');
  try {
    for (const key of keys) db.prepare(SQL.forget).run(key);
  } finally {
    db.exec('PRAGMA secure_delete = FAST');
  }
}

function flip(
  db: Database,
  { key, number, madeMs, bytes, sum, wire, listing, search, moves }: MadeBlock,
): void {
  const flipped = moves.filter((move) => follow(db, number, move));
  if (flipped.length > 0)
    db.prepare(SQL.insert).run(key, madeMs, moves.length, bytes, sum, wire, listing, search);
}

function follow(db: Database, number: number, { email, from }: FactMove): boolean {
  if (from.kind === 'block') return db.prepare(SQL.rename).run(number, email, IN_BLOCK, from.block) > 0;
  const facts = db.prepare(SQL.facts).get(email, IN_BLOCK)?.[0];
  const derived = db.prepare(SQL.derived).get(email)?.[0];
  if (!isSame(facts, from.facts) || !isSame(derived, from.derived)) return false;
  const rest = db.prepare(SQL.take).get(email) ?? [];
  db.prepare(SQL.put).run(email, IN_BLOCK, number, ...rest);
  if (derived !== undefined) db.prepare(SQL.forgetDerived).run(email);
  return true;
}

function isSame(value: SqlValue | undefined, sealed: { length: number; sum: number } | undefined): boolean {
  if (sealed === undefined) return value === undefined;
  if (!(value instanceof Uint8Array) || value.length !== sealed.length) return false;
  return bufferOf(value).readUInt32LE(sealed.length - 4) === sealed.sum;
}
