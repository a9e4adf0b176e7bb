/** What the database knows of segments. */
import type { Database } from './database.ts';
import type { SegmentRows } from './segments.ts';

const IS_REFERRED = 'SELECT 1 FROM blob WHERE kind = 1 AND segment = ? LIMIT 1';
const HIGHEST_SEGMENT = 'SELECT segment FROM blob WHERE kind = 1 ORDER BY segment DESC LIMIT 1';

/** One look-up in an index for each file; where that is broken, every file is taken to be in use. */
export function segmentRows(db: Database, onTrouble: (error: Error) => void): SegmentRows {
  const orTrouble = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      onTrouble(error as Error);
      return otherwise;
    }
  };
  return {
    isReferred: (segment) => orTrouble(() => db.prepare(IS_REFERRED).get(segment) !== undefined, true),
    highest: orTrouble(() => (db.prepare(HIGHEST_SEGMENT).get()?.[0] ?? 0) as number, undefined),
  };
}
