/**
 * What packs say of themselves, for a database that has lost rows of it: each pack lists what it holds, and which parts that is
 * made of.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, isDamage } from '../database.ts';
import { type IndexEntry, packName } from '../packs/format.ts';
import { PackFiles, packsIn } from '../packs/pack-files.ts';
import { isReferred } from '../packs/pack-folder.ts';
import { kindOf } from '../packs/part-rows.ts';

const SQL = {
  isThere: 'SELECT 1 FROM blob WHERE id = ?',
  isHere: 'SELECT 1 FROM blob WHERE id = ? AND kind = ? AND segment = ? AND offset = ?',
  emails: 'SELECT blob, count(*), max(size - coalesce(length(prefix), 0)) FROM email GROUP BY blob',
  uses: 'SELECT part, count(*) FROM part_use GROUP BY part',
  insert: 'INSERT INTO blob (id, refs, size, crc32, kind, segment, offset) VALUES (?, ?, ?, ?, ?, ?, ?)',
  use: 'INSERT OR IGNORE INTO part_use (blob, n, part) VALUES (?, ?, ?)',
  given: "INSERT INTO store VALUES ('blob', ?1) ON CONFLICT (key) DO UPDATE SET value = max(value, ?1)",
} as const;

interface Found {
  readonly entry: IndexEntry;
  readonly pack: number;
}

/** Rows of packed messages and their parts that are missing; those that are there stay as they are. */
export function findPacked(db: Database, directory: string): void {
  const found = entriesIn(directory);
  const messages = found.filter(({ entry }) => entry.account > 0);
  const emails = new Map(
    db
      .prepare(SQL.emails)
      .all()
      .map(([blob, count, size]) => [blob, { count, size }]),
  );
  for (const { entry, pack } of messages) {
    const email = emails.get(entry.blob);
    if (email?.size === entry.sizeBytes) insertMissing(db, { entry, pack }, email.count as number);
  }
  for (const { entry, pack } of messages) {
    const { blob, frame, offset, parts } = entry;
    if (parts.length === 0 || db.prepare(SQL.isHere).get(blob, kindOf(pack), frame, offset) === undefined)
      continue;
    for (const [n, part] of parts.entries()) db.prepare(SQL.use).run(blob, n, part);
  }
  const uses = new Map(
    db
      .prepare(SQL.uses)
      .all()
      .map(([part, count]) => [part, count as number]),
  );
  for (const one of found) {
    const count = one.entry.account > 0 ? undefined : uses.get(one.entry.blob);
    if (count !== undefined) insertMissing(db, one, count);
  }
  db.prepare(SQL.given).run(found.reduce((last, { entry }) => Math.max(last, entry.blob), 0));
}

/** What no row refers to may yet be found by a person; the next start would delete it. */
export function keepPacks(db: Database, directory: string): void {
  for (const pack of packsIn(directory)) {
    if (isReferred(db, pack)) continue;
    const path = join(directory, packName(pack));
    renameSync(path, `${path}.lost`);
  }
}

/** Of all packs that can be read, what was written last first. */
function entriesIn(directory: string): readonly Found[] {
  const files = new PackFiles(directory);
  const found = packsIn(directory)
    .toReversed()
    .flatMap((pack) => {
      try {
        return files.index(pack).map((entry) => ({ entry, pack }));
      } catch (error) {
        if (!isDamage(error)) throw error;
        return [];
      }
    });
  files.close();
  return found;
}

function insertMissing(db: Database, { entry, pack }: Found, refs: number): void {
  const { blob, sizeBytes, crc32, frame, offset } = entry;
  if (db.prepare(SQL.isThere).get(blob) !== undefined) return;
  db.prepare(SQL.insert).run(blob, refs, sizeBytes, crc32, kindOf(pack), frame, offset);
}
