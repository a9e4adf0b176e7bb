/**
 * Opening a database that may be damaged. A server opens what it can and refuses the rest in words; the repair, which has
 * nobody to wait for it, mends an index where it is and makes anew what cannot be mended.
 */
import { existsSync } from 'node:fs';
import { StoreError, type StoreProblem } from '../../../mailbox/port/store.ts';
import { completePages } from '../cut-database.ts';
import { Database, isBrokenPage, isDamage } from '../database.ts';
import { assertLogMatches } from '../log-match.ts';
import { inOpeningWords } from '../open-words.ts';
import { PageFile } from './page-file.ts';
import type { Rebuilt } from './rebuild.ts';

export interface Damaged<T> {
  readonly path: string;
  /** For people: `shard-00/meta.db`. */
  readonly name: string;
  readonly open: () => Promise<T>;
  readonly rebuild: (stamp: string) => Rebuilt;
}

/** `repairs` are what was done is added to; a server has none, and changes no file. */
export async function openDamaged<T>(damaged: Damaged<T>, repairs: StoreProblem[] | undefined): Promise<T> {
  const { path, open } = damaged;
  if (repairs !== undefined && existsSync(path) && !isSound(path)) repairs.push(rebuild(damaged));
  try {
    return await open();
  } catch (error) {
    // What was found to be wrong by other rules than SQLite's is said by them, and a person has to decide.
    if (!(error instanceof StoreError && isBrokenPage(error))) throw inOpeningWords(path, error);
    if (repairs === undefined) throw refusal(path, error);
    repairs.push(rebuild(damaged));
    return open();
  }
}

/** As it is, or with its indexes made anew. */
function isSound(path: string): boolean {
  let db: Database | undefined;
  // Files of two times are no damage: a person has to say which is right.
  if (hasFirstPage(path)) assertLogMatches(path);
  try {
    completePages(path);
    db = new Database(path);
    if (hasNoComplaint(db)) return true;
    db.exec('REINDEX');
    return hasNoComplaint(db);
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  } finally {
    db?.close();
  }
}

function hasFirstPage(path: string): boolean {
  using file = new PageFile(path);
  return file.hasHeader;
}

function hasNoComplaint(db: Database): boolean {
  return db.prepare('PRAGMA integrity_check(1)').get()?.[0] === 'ok';
}

function rebuild<T>({ name, rebuild: makeAnew }: Damaged<T>): StoreProblem {
  const { tables, keptAs } = makeAnew(stampOf(new Date()));
  const saved = tables.filter(({ rows, isWhole }) => rows > 0 || !isWhole);
  const counts = saved.map(
    ({ table, rows, isWhole }) => `${table} ${rows}${isWhole ? '' : ' (some may be lost)'}`,
  );
  return {
    where: name,
    what: `it could not be mended and was made anew with the rows that are readable: ${counts.join(', ')}; the damaged file is kept as ${keptAs}`,
    repaired: true,
  };
}

function refusal(path: string, cause: StoreError): StoreError {
  return new StoreError(
    'damaged',
    `${(inOpeningWords(path, cause) as Error).message}; restore it from a backup, or let "brevduva check --repair" save what is readable in it, with the server stopped`,
    { cause },
  );
}

/** `20260105-101500`, UTC. */
function stampOf(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}
