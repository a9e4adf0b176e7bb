/**
 * A copy of a data folder that the store takes for the original: for tests that damage copies of one folder, and are not
 * about copies. An ordinary copy is noticed, and its numbers jump ahead.
 */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/store/sqlite/database.ts';

/** Nobody may have `from` open. */
export function copyData(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  rmSync(join(to, 'witness'), { force: true });
  for (const name of readdirSync(to).filter((entry) => entry.startsWith('shard-'))) {
    const db = new Database(join(to, name, 'meta.db'));
    db.exec("UPDATE store SET value = 0 WHERE key = 'witnessed'");
    db.close();
  }
}
