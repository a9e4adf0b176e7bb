/**
 * The threads of emails. The email's own row says which it is in and by what ids it is found; the rows of `thread_key` and
 * `thread_member` follow from it and are made again from it.
 *
 * `email.thread_keys`: four octets of the subject's hash, then for each id an octet, 1 for the own one and 0 for a named one, and
 * the eight of its hash. All numbers have their highest octet first.
 */
import { Buffer } from 'node:buffer';
import { ID_HASH_BYTES } from '../../mail/message-id.ts';
import { type AccountId, type EmailId, emailId, emailNumber } from '../../mailbox/model/model.ts';
import type { EmailThread, ThreadMatch } from '../../mailbox/model/threads.ts';
import { bufferOf, type Database, type Row, type SqlValue } from './database.ts';
import { accountRange } from './keys.ts';

const SUBJECT_BYTES = 4;
const KEY_BYTES = 1 + ID_HASH_BYTES;
/** Of `thread_key`. */
const COLUMNS = 6;

/** How many rows of `thread_key` an email must have. */
export const KEYS_OF_EMAIL = `max(0, length(thread_keys) - ${SUBJECT_BYTES}) / ${KEY_BYTES}`;
/** Of a row of `thread_key` that no email's own row knows of. */
export const IS_STRAY_KEY = `NOT EXISTS (SELECT 1 FROM email e WHERE e.id = (key >> 32 << 32) + thread_key.email
  AND e.thread = thread_key.thread AND substr(hex(e.thread_keys), 1, 8) = printf('%08X', subject)
  AND instr(hex(e.thread_keys), printf('%02X%08X%08X', own, key & 0xffffffff, rest)) > 0)`;
/** Of a row of `thread_member`. */
export const IS_STRAY_MEMBER = `NOT EXISTS (SELECT 1 FROM email e WHERE e.id = thread_member.email
  AND e.id >> 32 = thread_member.thread >> 32 AND e.thread = thread_member.thread & 0xffffffff)`;

const SQL = {
  give: 'UPDATE email SET thread = ?, thread_keys = ? WHERE id = ? AND thread = 0',
  keys: 'SELECT thread, thread_keys FROM email WHERE id = ?',
  member: 'INSERT OR IGNORE INTO thread_member VALUES (?, ?)',
  forgetMember: 'DELETE FROM thread_member WHERE thread = ? AND email = ?',
  forgetKey: 'DELETE FROM thread_key WHERE key = ? AND rest = ? AND own = ? AND email = ?',
  isKnown: 'SELECT 1 FROM thread_key WHERE key = ? AND rest = ?',
  // In whatever order: to sort costs a statement more than to look up.
  own: 'SELECT own, email, thread, subject FROM thread_key WHERE key = ? AND rest = ? AND own = 1 LIMIT ?',
  matches: `SELECT own, email, thread, subject FROM thread_key WHERE key = ? AND rest = ?
    ORDER BY own DESC, email DESC LIMIT ?`,
  count: 'SELECT count(*) FROM thread_member WHERE thread = ?',
  hasFirst: 'SELECT 1 FROM email WHERE id = ? AND thread = ?',
  allMembers: `SELECT thread & 0xffffffff, email & 0xffffffff FROM (
    SELECT thread, email FROM thread_member WHERE (thread, email) > (?1, ?2) AND thread <= ?3
    UNION ALL SELECT thread, email FROM thread_leaver WHERE (thread, email) > (?1, ?2) AND thread <= ?3
    ORDER BY thread, email LIMIT ?4)`,
  leaves: 'INSERT OR REPLACE INTO thread_leaver SELECT ?1, ?2, id, modseq FROM account WHERE id = ?2 >> 32',
  forgetLeavers: 'DELETE FROM thread_leaver WHERE account = ? AND modseq <= ?',
  members: 'SELECT email FROM thread_member WHERE thread = ? ORDER BY email LIMIT ?',
} as const;

/** Several rows in one statement: half of what they cost one by one. */
const insertKeys = (count: number): string =>
  `INSERT OR IGNORE INTO thread_key VALUES ${new Array(count).fill('(?, ?, ?, ?, ?, ?)').join()}`;
/** By the number of rows. */
const INSERT_KEYS: readonly string[] = Array.from({ length: 9 }, (_, count) => insertKeys(count));

/** For the email's own row. */
export function packThread({ subject, own, named }: EmailThread): Buffer {
  const out = Buffer.allocUnsafe(SUBJECT_BYTES + ((own === undefined ? 0 : 1) + named.length) * KEY_BYTES);
  out.writeUInt32BE(subject);
  let at = SUBJECT_BYTES;
  if (own !== undefined) at = packId(out, at, 1, own);
  for (const id of named) at = packId(out, at, 0, id);
  return out;
}

function packId(out: Buffer, at: number, isOwn: 0 | 1, id: string): number {
  out[at] = isOwn;
  out.write(id, at + 1, 'latin1');
  return at + KEY_BYTES;
}

/** What finds the email, after its own row. */
export function indexThread(db: Database, email: EmailId, thread: number, keys: Buffer): void {
  const number = emailNumber(email);
  if (thread !== number) db.prepare(SQL.member).run(email - number + thread, email);
  const rows = keyRows(email, thread, keys);
  const count = rows.length / COLUMNS;
  if (count > 0) db.prepare(INSERT_KEYS[count] ?? insertKeys(count)).run(...rows);
}

/** To an email that is there and has none. */
export function giveThread(db: Database, email: EmailId, is: EmailThread): void {
  const keys = packThread(is);
  if (db.prepare(SQL.give).run(is.thread, keys, email) > 0) indexThread(db, email, is.thread, keys);
}

/** Makes what finds an email anew, as its own row says. */
export function mendIndex(db: Database, email: EmailId): boolean {
  const row = db.prepare(SQL.keys).get(email);
  if (row === undefined || row[0] === 0 || !(row[1] instanceof Uint8Array)) return false;
  indexThread(db, email, row[0] as number, bufferOf(row[1]));
  return true;
}

/** With the email's own row, of which these are the values. */
export function forgetThread(db: Database, email: EmailId, thread: SqlValue, keys: SqlValue): void {
  if (typeof thread !== 'number' || thread === 0 || !(keys instanceof Uint8Array)) return;
  const number = emailNumber(email);
  if (thread !== number) db.prepare(SQL.forgetMember).run(email - number + thread, email);
  const rows = keyRows(email, thread, bufferOf(keys));
  for (let at = 0; at < rows.length; at += COLUMNS) db.prepare(SQL.forgetKey).run(...rows.slice(at, at + 4));
}

export function threadMatches(
  db: Database,
  account: AccountId,
  ids: readonly string[],
  which: 'own' | 'any',
  limit: number,
): readonly (readonly ThreadMatch[])[] {
  const [base] = accountRange(account);
  const isKnown = db.prepare(SQL.isKnown);
  const matches = db.prepare(which === 'own' ? SQL.own : SQL.matches);
  return ids.map((id) => {
    const [key, rest] = [base + half(id, 0), half(id, 4)];
    // Most ids are new.
    if (which === 'any' && isKnown.get(key, rest) === undefined) return NONE;
    const found = matches.all(key, rest, limit).map(match);
    return which === 'own' ? found.sort((a, b) => b.email - a.email) : found;
  });
}

const NONE: readonly ThreadMatch[] = Object.freeze([]);

function match([own, email, thread, subject]: Row): ThreadMatch {
  return {
    isOwn: own === 1,
    email: email as number,
    thread: thread as number,
    subject: subject as number,
  };
}

export function threadSize(db: Database, account: AccountId, thread: number): number {
  const first = emailId(account, thread);
  const others = db.prepare(SQL.count).get(first)?.[0] as number;
  return others + (db.prepare(SQL.hasFirst).get(first, thread) === undefined ? 0 : 1);
}

/** Their numbers, ascending. */
export function threadMembers(
  db: Database,
  account: AccountId,
  thread: number,
  limit: number,
): readonly number[] {
  const first = emailId(account, thread);
  const others = db.prepare(SQL.members).all(first, limit);
  const numbers = others.map(([email]) => emailNumber(email as EmailId));
  if (db.prepare(SQL.hasFirst).get(first, thread) !== undefined) numbers.push(thread);
  return numbers.sort((a, b) => a - b).slice(0, limit);
}

/** An email that is gone: its thread may still be asked for. */
export function noteLeaver(db: Database, email: EmailId, thread: number): void {
  const number = emailNumber(email);
  if (thread !== number) db.prepare(SQL.leaves).run(email - number + thread, email);
}

/** The history names none of those any more. */
export function forgetLeavers(db: Database, account: AccountId, upTo: number): void {
  db.prepare(SQL.forgetLeavers).run(account, upTo);
}

/** As `MailStore.loadThreadMembers`. */
export function allMembers(
  db: Database,
  account: AccountId,
  after: { readonly thread: number; readonly email: number },
  limit: number,
): readonly number[] {
  const [, last] = accountRange(account);
  const [thread, email] = [emailId(account, after.thread), emailId(account, after.email)];
  return db.prepare(SQL.allMembers).all(thread, email, last, limit).flat() as number[];
}

/** Four octets as a number. */
function half(id: string, at: number): number {
  return (
    id.charCodeAt(at) * 0x100_0000 +
    ((id.charCodeAt(at + 1) << 16) | (id.charCodeAt(at + 2) << 8) | id.charCodeAt(at + 3))
  );
}

/** The columns of all rows, one after the other. */
function keyRows(email: EmailId, thread: number, keys: Buffer): SqlValue[] {
  const rows: SqlValue[] = [];
  if (keys.length < SUBJECT_BYTES) return rows;
  const number = emailNumber(email);
  const base = email - number;
  const subject = keys.readUInt32BE();
  for (let at = SUBJECT_BYTES; at + KEY_BYTES <= keys.length; at += KEY_BYTES) {
    const [key, rest] = [base + keys.readUInt32BE(at + 1), keys.readUInt32BE(at + 5)];
    rows.push(key, rest, keys[at] as number, number, thread, subject);
  }
  return rows;
}
