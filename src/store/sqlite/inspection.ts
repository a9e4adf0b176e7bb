/**
 * Looks a shard over for what only the store can know: pages that SQLite finds broken, rows that refer to nothing,
 * bytes that nobody refers to, counts that are off, records missing from segments. Every question is one statement over
 * a snapshot, so a running server gives no false alarms; a segment is asked about again afterwards, because files are
 * deleted beside the snapshot. Nothing is changed here: what may be put right is named (see `repairs.ts`).
 *
 * Repairing is limited to what cannot lose mail: counts are set right, bytes without an email go (only when the database is
 * otherwise intact: beside broken pages they may be all that is left of a message), a mailbox that lost its row gets
 * one. A message is never touched.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { EmailId } from '../../mailbox/model/model.ts';
import type { StoreProblem } from '../../mailbox/port/store.ts';
import { assertAscending, type Database } from './database.ts';
import { wordsOf } from './fault-words.ts';
import { checkPacks } from './packs/inspect-packs.ts';
import type { Repair } from './repairs.ts';
import { isRecordHead, RECORD_HEAD_BYTES, segmentName } from './segments.ts';
import { IS_STRAY_KEY, IS_STRAY_MEMBER, KEYS_OF_EMAIL } from './threads.ts';

/** Of one kind in one report: enough to see what is going on. */
const MAX_REPORTED = 1000;
/** Of one kind in one run; the next one takes the rest. */
const MAX_REPAIRED = 500_000;

interface Check {
  readonly what: string;
  /** Rows of (email or NULL, detail or NULL), and for a repair its key and extra. */
  readonly find: string;
  /** Absent when a person has to decide. */
  readonly repair?: Repair['kind'];
  /** Not beside broken pages. */
  readonly needsIntactDatabase?: boolean;
}

const CHECKS: readonly Check[] = [
  {
    what: 'the bytes of the message are not recorded',
    find: 'SELECT e.id, NULL FROM email e WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = e.blob)',
  },
  {
    what: 'the bytes of the message are missing from the database',
    find: `SELECT e.id, NULL FROM blob b JOIN email e ON e.blob = b.id LEFT JOIN spool s ON s.blob = b.id
      WHERE b.kind = 0 AND s.blob IS NULL`,
  },
  {
    what: 'the message is cut short or too long',
    find: `SELECT e.id, length(s.bytes) FROM email e JOIN blob b ON b.id = e.blob JOIN spool s ON s.blob = b.id
      WHERE b.kind = 0 AND length(s.bytes) <> b.size`,
  },
  {
    what: 'the recorded size is not that of the bytes',
    find: `SELECT e.id, e.size FROM email e JOIN blob b ON b.id = e.blob
      WHERE e.size <> b.size + coalesce(length(e.prefix), 0)`,
  },
  {
    what: 'the number of messages that share these bytes is off',
    find: `SELECT NULL, 'blob ' || b.id || ': ' || b.refs || ' recorded, ' || u.n || ' found', b.id, u.n - b.refs
      FROM blob b JOIN used u ON u.blob = b.id WHERE b.refs <> u.n`,
    repair: 'references',
  },
  {
    what: 'bytes that no message refers to',
    find: `SELECT NULL, 'blob ' || id, id, refs FROM blob WHERE id NOT IN (SELECT blob FROM used)`,
    repair: 'unused blob',
    needsIntactDatabase: true,
  },
  {
    what: 'bytes without a record',
    find: `SELECT NULL, 'blob ' || s.blob, s.blob, 0 FROM spool s
      WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = s.blob AND b.kind = 0)`,
    repair: 'unused bytes',
    needsIntactDatabase: true,
  },
  {
    what: 'a part of the message is missing',
    find: `SELECT e.id, NULL FROM part_use u JOIN email e ON e.blob = u.blob
      WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = u.part AND b.kind >= 2)`,
  },
  {
    what: 'a part of something that is gone',
    find: `SELECT NULL, 'blob ' || u.blob, u.blob, u.n FROM part_use u
      WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = u.blob AND b.kind >= 2)`,
    repair: 'part use',
    needsIntactDatabase: true,
  },
  {
    what: 'a part is known that is not there',
    find: `SELECT NULL, 'blob ' || p.blob, p.blob, 0 FROM part p
      WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = p.blob)`,
    repair: 'part hash',
    needsIntactDatabase: true,
  },
  {
    what: 'a count of copies without a message, or below one',
    find: `SELECT NULL, 'email ' || x.email, x.email, 0 FROM extra_reference x
      WHERE x.n < 1 OR NOT EXISTS (SELECT 1 FROM email e WHERE e.id = x.email)`,
    repair: 'extra reference',
    needsIntactDatabase: true,
  },
  {
    what: 'facts without a message',
    find: `SELECT NULL, 'email ' || d.email, d.email, 0 FROM derived d
      WHERE NOT EXISTS (SELECT 1 FROM email e WHERE e.id = d.email)`,
    repair: 'derived',
    needsIntactDatabase: true,
  },
  {
    what: 'what finds the thread of a message is missing',
    find: `SELECT NULL, 'email ' || e.id, e.id, 0 FROM email e LEFT JOIN keyed k ON k.email = e.id
      WHERE e.thread > 0 AND (${KEYS_OF_EMAIL} > coalesce(k.n, 0) OR (e.thread <> e.id & 0xffffffff AND NOT EXISTS
        (SELECT 1 FROM thread_member m WHERE m.thread = (e.id >> 32 << 32) + e.thread AND m.email = e.id)))`,
    repair: 'thread',
  },
  {
    what: 'something finds the thread of a message that should not',
    find: `SELECT NULL, 'email ' || min(email), key, rest FROM thread_key WHERE ${IS_STRAY_KEY} GROUP BY key, rest`,
    repair: 'stray thread key',
    needsIntactDatabase: true,
  },
  {
    what: 'a thread has a message that should not be in it',
    find: `SELECT NULL, 'email ' || (email & 0xffffffff), thread, email FROM thread_member WHERE ${IS_STRAY_MEMBER}`,
    repair: 'stray thread member',
    needsIntactDatabase: true,
  },
  {
    what: 'mail that is to leave has no recipient any more',
    find: `SELECT NULL, 'from ' || sender, id, 0 FROM outgoing
      WHERE NOT EXISTS (SELECT 1 FROM recipient r WHERE r.outgoing = outgoing.id)`,
    repair: 'outgoing',
    needsIntactDatabase: true,
  },
  {
    what: 'a recipient of mail that is gone',
    find: `SELECT NULL, address, outgoing, n FROM recipient
      WHERE NOT EXISTS (SELECT 1 FROM outgoing o WHERE o.id = recipient.outgoing)`,
    repair: 'recipient',
    needsIntactDatabase: true,
  },
  {
    what: 'rows of a mailbox that is gone',
    find: `SELECT NULL, 'mailbox ' || mailbox, mailbox, 0 FROM lost_mailbox`,
    repair: 'mailbox',
    needsIntactDatabase: true,
  },
];

const SNAPSHOT = `
  CREATE TEMP TABLE used (blob INTEGER PRIMARY KEY, n INTEGER NOT NULL);
  INSERT INTO used SELECT blob, count(*) FROM (SELECT blob FROM email UNION ALL
    SELECT part FROM part_use u WHERE EXISTS (SELECT 1 FROM blob b WHERE b.id = u.blob AND b.kind >= 2)) GROUP BY blob;
  CREATE TEMP TABLE keyed (email INTEGER PRIMARY KEY, n INTEGER NOT NULL);
  INSERT INTO keyed SELECT (key >> 32 << 32) + email AS id, count(*) FROM thread_key GROUP BY id;
  CREATE TEMP VIEW lost_mailbox AS SELECT mailbox FROM
    (SELECT mailbox FROM chunk UNION SELECT mailbox FROM expunged WHERE records IS NOT NULL
      UNION SELECT mailbox FROM imported UNION SELECT mailbox FROM external_id)
    WHERE mailbox NOT IN (SELECT id FROM mailbox) AND mailbox NOT IN (SELECT mailbox FROM buried);
`;
const DROP_SNAPSHOT =
  'DROP VIEW IF EXISTS temp.lost_mailbox; DROP TABLE IF EXISTS temp.used; DROP TABLE IF EXISTS temp.keyed;';

export interface Findings {
  /** What SQLite says of the pages; nothing when they are sound. */
  readonly complaints: readonly string[];
  readonly problems: readonly StoreProblem[];
  /** Together with each problem what would put it right; more of them than problems where there are many. */
  readonly repairable: readonly Repairable[];
  /** How large the database is. */
  readonly pages: number;
}

export interface Repairable {
  /** Undefined for what is too much to be reported. */
  readonly problem: StoreProblem | undefined;
  readonly repair: Repair;
}

/** Where what is not in the database is. */
export interface ShardFolders {
  readonly segments: string;
  readonly packs: string;
}

export function inspectShard(db: Database, folders: ShardFolders): Findings {
  const found = complaints(db);
  const problems: StoreProblem[] = found.length === 0 ? [] : unreadableEmails(db);
  const repairable: Repairable[] = [];
  try {
    db.exec('PRAGMA temp_store = MEMORY');
    db.exec('BEGIN');
    db.exec(SNAPSHOT);
    for (const check of CHECKS) runCheck(db, check, found.length === 0, { problems, repairable });
    db.exec(`${DROP_SNAPSHOT} COMMIT`);
  } catch (error) {
    db.rollback();
    problems.push(problem(`the check stopped: ${(error as Error).message}`));
  }
  try {
    problems.push(...checkSegments(db, folders.segments));
    problems.push(...checkPacks(db, folders.packs, MAX_REPORTED));
  } catch (error) {
    problems.push(problem(`large messages cannot be looked for: ${(error as Error).message}`));
  }
  return { complaints: found, problems, repairable, pages: pagesOf(db) };
}

function pagesOf(db: Database): number {
  try {
    return db.value('PRAGMA page_count') as number;
  } catch {
    return 0;
  }
}

export const problem = (what: string, email?: EmailId, repaired = false): StoreProblem => ({
  where: 'meta.db',
  what,
  repaired,
  ...(email === undefined ? {} : { email }),
});

function complaints(db: Database): readonly string[] {
  try {
    const rows = db.prepare('PRAGMA integrity_check(100)').all();
    return rows.map((row) => row[0] as string).filter((line) => line !== 'ok');
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Beside broken pages: which messages are hit, found by reading every one of them. */
function unreadableEmails(db: Database): StoreProblem[] {
  const problems: StoreProblem[] = [];
  const read = db.prepare(
    'SELECT e.facts, s.bytes FROM email e JOIN blob b ON b.id = e.blob LEFT JOIN spool s ON s.blob = b.id WHERE e.id = ?',
  );
  let last = 0;
  try {
    for (;;) {
      const rows = db.prepare('SELECT id FROM email WHERE id > ? ORDER BY id LIMIT 100').all(last);
      if (rows.length === 0 || problems.length >= MAX_REPORTED) return problems;
      assertAscending(rows, last, 'emails');
      for (const row of rows) {
        last = row[0] as number;
        try {
          read.get(last);
        } catch {
          problems.push(problem('the message cannot be read', last as EmailId));
        }
      }
    }
  } catch {
    problems.push(problem(`the list of messages cannot be read after email ${last}`));
    return problems;
  }
}

function runCheck(
  db: Database,
  check: Check,
  isIntact: boolean,
  { problems, repairable }: { readonly problems: StoreProblem[]; readonly repairable: Repairable[] },
): void {
  const { what, repair: kind, needsIntactDatabase = false } = check;
  const mayRepair = kind !== undefined && (isIntact || !needsIntactDatabase);
  const rows = db.prepare(`${check.find} LIMIT ${mayRepair ? MAX_REPAIRED : MAX_REPORTED}`).all();
  for (const [i, [email, detail, key, extra]] of rows.entries()) {
    const text = detail === null ? what : `${what} (${detail})`;
    const found = i < MAX_REPORTED ? problem(text, (email as EmailId | null) ?? undefined) : undefined;
    if (mayRepair)
      repairable.push({ problem: found, repair: { kind, key: key as number, extra: extra as number } });
    else if (found !== undefined) problems.push(found);
  }
}

interface OpenSegment {
  readonly segment: number;
  readonly fd: number | undefined;
  /** Why it cannot be opened. */
  readonly fault: string | undefined;
}

/** Records in segments: in range and with the right head. Asked by page, so that no snapshot is held. */
function checkSegments(db: Database, directory: string): StoreProblem[] {
  const page = `SELECT id, segment, offset, size, crc32 FROM blob WHERE kind = 1 AND (segment, offset) > (?, ?)
    ORDER BY segment, offset LIMIT 500`;
  const problems: StoreProblem[] = [];
  let file: OpenSegment | undefined;
  for (let at: readonly [number, number] = [-1, -1]; problems.length < MAX_REPORTED; ) {
    const rows = db.prepare(page).all(...at);
    if (rows.length === 0) break;
    for (const row of rows) {
      const [id, segment, offset, size, sum] = row as [number, number, number, number, number];
      if (segment < at[0] || (segment === at[0] && offset <= at[1])) {
        problems.push(problem(`the records of ${segmentName(segment)} are out of order`));
        return problems;
      }
      at = [segment, offset];
      if (file?.segment !== segment) {
        if (file?.fd !== undefined) closeSync(file.fd);
        file = { segment, ...openSegment(join(directory, segmentName(segment))) };
      }
      const what = file.fault ?? recordFault(file.fd as number, offset, size, sum);
      if (what !== undefined) problems.push(...hitEmails(db, id, `${segmentName(segment)}: ${what}`));
    }
  }
  if (file?.fd !== undefined) closeSync(file.fd);
  return problems;
}

function openSegment(path: string): Pick<OpenSegment, 'fd' | 'fault'> {
  try {
    return { fd: openSync(path, 'r'), fault: undefined };
  } catch (error) {
    return { fd: undefined, fault: wordsOf(error as Error) };
  }
}

function recordFault(fd: number, offset: number, size: number, sum: number): string | undefined {
  const head = Buffer.alloc(RECORD_HEAD_BYTES);
  try {
    if (fstatSync(fd).size < offset + size) return 'the file ends before the message does';
    readSync(fd, head, 0, RECORD_HEAD_BYTES, offset - RECORD_HEAD_BYTES);
  } catch (error) {
    return wordsOf(error as Error);
  }
  return isRecordHead(head, size, sum) ? undefined : 'there is something else in the place of the message';
}

/** The emails of a blob as they are now; none when it was deleted meanwhile. */
function hitEmails(db: Database, blob: number, what: string): StoreProblem[] {
  if (db.prepare('SELECT 1 FROM blob WHERE id = ?').get(blob) === undefined) return [];
  const rows = db.prepare(`SELECT id FROM email WHERE blob = ? LIMIT ${MAX_REPORTED}`).all(blob);
  return rows.map((row) => ({ ...problem(what, row[0] as EmailId), where: 'segments' }));
}
