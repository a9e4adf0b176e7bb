/** Whether what rows say to be in packs is there: the file, whole, and a frame where the row says. What is in it `verify` reads. */
import type { EmailId } from '../../../mailbox/model/model.ts';
import type { StoreProblem } from '../../../mailbox/port/store.ts';
import type { Database, SqlValue } from '../database.ts';
import { PackFiles } from './pack-files.ts';
import { packOf } from './part-rows.ts';

const PAGE = `SELECT id, kind, segment, offset FROM blob WHERE kind >= 2 AND (kind, segment, offset) > (?, ?, ?)
  ORDER BY kind, segment, offset LIMIT 500`;
/** Messages that are it, or that it is a part of. */
const EMAILS = `SELECT e.id FROM email e WHERE e.blob = ?1 OR e.blob IN (SELECT u.blob FROM part_use u WHERE u.part = ?1) LIMIT ?2`;
const IS_THERE = 'SELECT 1 FROM blob WHERE id = ? AND kind = ? AND segment = ? AND offset = ?';

export function checkPacks(db: Database, directory: string, most: number): readonly StoreProblem[] {
  const problems: StoreProblem[] = [];
  const files = new PackFiles(directory);
  /** What is wrong with the pack, and with the frame, that were looked at last. */
  let [pack, packFault]: [number, string | undefined] = [-1, undefined];
  let [frame, frameFault]: [number, string | undefined] = [-1, undefined];
  for (let at: readonly SqlValue[] = [0, 0, 0]; problems.length < most; ) {
    const rows = db.prepare(PAGE).all(...at) as unknown as readonly (readonly [
      number,
      number,
      number,
      number,
    ])[];
    for (const [id, kind, segment, offset] of rows) {
      at = [kind, segment, offset];
      if (packOf(kind) !== pack) {
        [pack, frame] = [packOf(kind), -1];
        packFault = faultOf(() => files.facts(pack));
      }
      if (segment !== frame) {
        frame = segment;
        frameFault = packFault ?? faultOf(() => files.head(pack, frame));
      }
      if (frameFault === undefined) continue;
      if (db.prepare(IS_THERE).get(id, kind, segment, offset) === undefined) continue;
      for (const [email] of db.prepare(EMAILS).all(id, most))
        problems.push({ where: 'packs', what: frameFault, email: email as EmailId, repaired: false });
    }
    if (rows.length < 500) break;
  }
  files.close();
  return problems;
}

function faultOf(look: () => unknown): string | undefined {
  try {
    look();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
