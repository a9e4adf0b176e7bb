/** Packs come and go: a file that no row refers to is left from a crash or has been rewritten, and is deleted. */
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../database.ts';
import { PACK_NAME, packName, UNFINISHED } from './format.ts';
import { packsIn } from './pack-files.ts';
import { kindOf, packOf } from './part-rows.ts';

const SQL = {
  isReferred: 'SELECT 1 FROM blob WHERE kind >= 2 AND kind = ? LIMIT 1',
  highest: 'SELECT max(kind) FROM blob WHERE kind >= 2',
} as const;

export function isReferred(db: Database, pack: number): boolean {
  return db.prepare(SQL.isReferred).get(kindOf(pack)) !== undefined;
}

/** Above every number that a file has or a row refers to. */
export function nextPack(db: Database, directory: string): number {
  const highest = db.prepare(SQL.highest).get()?.[0] ?? kindOf(0);
  return Math.max(packOf(highest as number), packsIn(directory).at(-1) ?? 0) + 1;
}

/** At the start; where rows cannot be read, everything stays. */
export function sweepAtStart(db: Database, directory: string, onTrouble: (error: Error) => void): void {
  removeUnfinished(directory);
  try {
    for (const pack of packsIn(directory)) if (!isReferred(db, pack)) removePack(directory, pack);
  } catch (error) {
    onTrouble(error as Error);
  }
}

export function removePack(directory: string, pack: number): void {
  removeFile(join(directory, packName(pack)));
}

/** What a thread that was stopped has left. */
export function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory)) {
    const isOurs = name.endsWith(UNFINISHED) && PACK_NAME.test(name.slice(0, -UNFINISHED.length));
    if (isOurs) removeFile(join(directory, name));
  }
}

/** Whether it is there or not. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
