/**
 * What follows when a shard is not what it was: an older copy was put back, or acknowledged changes are missing from it.
 *
 * Clients know UIDs, modseqs and other numbers that this copy has not given out. Giving them to other messages would
 * show people the wrong mail from their caches. So the shard begins a new lineage, and every account, when it is first
 * loaded in it, jumps all its numbers ahead: UIDs, modseqs, UIDVALIDITY of mailboxes to come, ids of mailboxes and emails.
 * History from before is no longer offered (`expungedFloor`, `changesFloor`): whoever comes from there compares instead.
 *
 * How far a database has come is the sum of its accounts' modseqs, with those of removed accounts: it grows with every
 * change, costs nothing to keep, and needs no row of its own.
 */
import { type AccountId, MAX_UID } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { BatchContext } from './account-batch.ts';
import type { Database } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import { accountRange } from './keys.ts';
import type { Testimony } from './witness.ts';

/** More than a mailbox gets in the days between a backup and the loss; a mailbox has room for 2,000 such jumps. */
export const UID_JUMP = 1_000_000;
/** A hundred changes to each of these messages. */
export const LINEAGE_MODSEQ_JUMP = 100_000_000;
/** Mailboxes an account has made meanwhile. */
const MAILBOX_JUMP = 10_000;
const MAX_U32 = 0xffff_ffff;
/** Of a snapshot that was put back, for each second that it is old, so that a second time from the same one jumps further than the first. */
const UIDS_A_SECOND = 10;
const MODSEQS_A_SECOND = 1000;
const MOST_SECONDS = 50_000_000;
const MAILBOXES_PER_SLICE = 100;

const SQL = {
  progress: `SELECT min(9007199254740991, (SELECT coalesce(sum(modseq), 0) FROM account)
    + coalesce((SELECT value FROM store WHERE key = 'removed'), 0))`,
  lineage: 'SELECT lineage, modseq FROM account WHERE id = ?',
  mailboxes: 'SELECT id FROM mailbox WHERE id BETWEEN ? AND ? AND id > ? ORDER BY id LIMIT ?',
  all: 'SELECT id, modseq FROM account',
  jumpMailbox: `UPDATE mailbox SET uidnext = CASE WHEN uidnext < ?1 THEN uidnext + ?2 ELSE uidnext END,
    modseq = ?3, expunged_floor = ?3 WHERE id = ?4`,
  jumpAccount: `UPDATE account SET modseq = ?1, changes_floor = ?1, email_modseq = ?1, mailbox_modseq = ?1, lineage = ?2,
    next_mailbox = min(next_mailbox + ?3, ?5),
    next_email = min(next_email + ?4, ?5), next_uidvalidity = min(max(next_uidvalidity + ?3, ?6), ?5)
    WHERE id = ?7 AND lineage < ?2`,
} as const;

const FOLLOWS = 'UIDs and modseqs jump ahead, so that no client takes new mail for what it has in its cache';

/** Undefined when the rows that say it cannot be read. */
export function progressOf(db: Database): number | undefined {
  try {
    return db.value(SQL.progress) as number;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged') return undefined;
    throw error;
  }
}

export interface Break {
  /** For the log: what was found, and what follows. */
  readonly what: string;
  /** Acknowledged changes are missing. */
  readonly isLoss: boolean;
}

/** Compares the database with what was acknowledged; undefined when it has come as far or further. */
export function breakOf(db: Database, name: string, testimony: Testimony): Break | undefined {
  const isWitnessed = isWitnessedIn(db) === true;
  const record = testimony.of(name);
  const progress = progressOf(db);
  if (record !== undefined && progress !== undefined && progress < record.progress) {
    const missing = record.progress - progress;
    const last = new Date(record.atMs).toISOString();
    return {
      what: `${name}/meta.db is older than what was acknowledged until ${last}: ${missing} changes or more are missing (an older copy was put back, or its log meta.db-wal was lost or damaged); ${FOLLOWS}`,
      isLoss: true,
    };
  }
  if (testimony.isCopy) {
    return {
      what: `${name}: this data folder is a copy of the one that was served before: it was moved, or put back from a backup; ${FOLLOWS}`,
      isLoss: false,
    };
  }
  if (!isWitnessed || record !== undefined) return undefined;
  return {
    what: `${name}: the witness says nothing of this shard, so it may be an older copy; ${FOLLOWS}`,
    isLoss: false,
  };
}

/** Whether there was a record of it before; undefined when that cannot be read. */
export function isWitnessedIn(db: Database): boolean | undefined {
  try {
    return db.value("SELECT value FROM store WHERE key = 'witnessed'") === 1;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged') return undefined;
    throw error;
  }
}

/** In the transaction that marks the shard as in use; returns the lineage from now on. */
export function beginLineage(db: Database, broken: Break | undefined): number {
  const lineage = (db.value("SELECT value FROM store WHERE key = 'lineage'") as number | null) ?? 0;
  if (broken === undefined) return lineage;
  db.prepare("UPDATE store SET value = value + 1 WHERE key = 'lineage'").run();
  if (broken.isLoss) {
    db.prepare('INSERT INTO incident (at, what) VALUES (?, ?)').run(Date.now(), broken.what);
  }
  return lineage + 1;
}

export interface Incident {
  readonly atMs: number;
  readonly what: string;
}

/** What was found missing at a start and nobody has taken note of; nothing when that cannot be read. */
export function incidentsIn(db: Database): readonly Incident[] {
  try {
    const rows = db.prepare('SELECT at, what FROM incident ORDER BY id').all();
    return rows.map(([at, what]) => ({ atMs: at as number, what: what as string }));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged') return [];
    throw error;
  }
}

/** Before an account is shown for the first time in this lineage: the jump, durable. */
export async function joinLineage(
  context: BatchContext,
  commits: GroupCommit,
  account: AccountId,
): Promise<void> {
  const { db, lineage, modseqs } = context;
  const row = db.prepare(SQL.lineage).get(account);
  if (row === undefined || (row[0] as number) >= lineage) return;
  const modseq = (row[1] as number) + LINEAGE_MODSEQ_JUMP;
  const [first, last] = accountRange(account);
  for (let after = first; ; ) {
    const ids = db.prepare(SQL.mailboxes).all(first, last, after, MAILBOXES_PER_SLICE);
    const isLast = ids.length < MAILBOXES_PER_SLICE;
    let isJumped = false;
    await commits.perform({
      apply: () => {
        for (const [id] of ids) jumpMailbox(db, id as number, { uids: UID_JUMP, modseq });
        isJumped = isLast && jumpAccount(db, account, lineage, { uids: UID_JUMP, modseq });
        modseqs.delete(account);
      },
      undo: () => modseqs.delete(account),
      done: () => {
        if (isJumped) context.progress.value += LINEAGE_MODSEQ_JUMP;
      },
    });
    if (isLast) return;
    after = ids.at(-1)?.[0] as number;
  }
}

/**
 * Of a shard that was put back from a snapshot and that nobody has opened yet, inside a transaction: a new lineage, in which all of its
 * accounts are.
 */
export function jumpAll(db: Database, ageMs: number): void {
  const seconds = Math.min(MOST_SECONDS, Math.max(0, Math.ceil(ageMs / 1000)));
  db.prepare("UPDATE store SET value = value + 1 WHERE key = 'lineage'").run();
  const lineage = db.value("SELECT value FROM store WHERE key = 'lineage'") as number;
  for (const [account, before] of db.prepare(SQL.all).all() as unknown as readonly [AccountId, number][]) {
    const uids = UID_JUMP + UIDS_A_SECOND * seconds;
    const modseq = before + LINEAGE_MODSEQ_JUMP + MODSEQS_A_SECOND * seconds;
    const [first, last] = accountRange(account);
    for (const [id] of db.prepare(SQL.mailboxes).all(first, last, first, -1))
      jumpMailbox(db, id as number, { uids, modseq });
    jumpAccount(db, account, lineage, { uids, modseq });
  }
}

interface Jump {
  readonly uids: number;
  /** Of the account, from now on. */
  readonly modseq: number;
}

/** Near the end of its UIDs a mailbox jumps no further; the rest is for mail. */
function jumpMailbox(db: Database, mailbox: number, { uids, modseq }: Jump): void {
  db.prepare(SQL.jumpMailbox).run(MAX_UID - uids - UID_JUMP, uids, modseq, mailbox);
}

function jumpAccount(db: Database, account: AccountId, lineage: number, { uids, modseq }: Jump): boolean {
  const seconds = Math.floor(Date.now() / 1000);
  const values = [modseq, lineage, MAILBOX_JUMP, uids, MAX_U32, seconds, account];
  return db.prepare(SQL.jumpAccount).run(...values) === 1;
}
