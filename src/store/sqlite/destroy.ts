/**
 * Removing all mail of an account, in transactions short enough to run beside everybody else's. Every slice looks for
 * what is still there, so it can be stopped at any moment and started again. The account's own row goes last.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { AccountId, EmailId } from '../../mailbox/model/model.ts';
import type { BatchContext } from './account-batch.ts';
import { BlobChanges } from './blobs.ts';
import { accountRange } from './keys.ts';
import { releaseEmail } from './references.ts';
import type { Work } from './transactions.ts';

/** Rows with bytes to give back take longest: about two milliseconds a slice. */
const EMAILS_PER_SLICE = 50;
const ROWS_PER_SLICE = 200;
const CHUNKS_PER_SLICE = 25;
const BLOCKS_PER_SLICE = 10;

const SLICES = [
  `DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE mailbox BETWEEN ? AND ? LIMIT ${CHUNKS_PER_SLICE})`,
  `DELETE FROM imported WHERE (mailbox, key) IN
     (SELECT mailbox, key FROM imported WHERE mailbox BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM external_id WHERE (mailbox, uid) IN
     (SELECT mailbox, uid FROM external_id WHERE mailbox BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM keyword WHERE (mailbox, kind, number) IN
     (SELECT mailbox, kind, number FROM keyword WHERE mailbox BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM buried WHERE mailbox IN (SELECT mailbox FROM buried WHERE mailbox BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM thread_key WHERE (key, rest, own, email) IN
     (SELECT key, rest, own, email FROM thread_key WHERE key BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM thread_member WHERE (thread, email) IN
     (SELECT thread, email FROM thread_member WHERE thread BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM thread_leaver WHERE (thread, email) IN
     (SELECT thread, email FROM thread_leaver WHERE thread BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM recipient WHERE id IN
     (SELECT id FROM recipient WHERE outgoing BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM outgoing WHERE id IN (SELECT id FROM outgoing WHERE id BETWEEN ? AND ? LIMIT ${CHUNKS_PER_SLICE})`,
  `DELETE FROM outgoing_log WHERE id IN
     (SELECT id FROM outgoing_log WHERE outgoing BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM script WHERE id IN (SELECT id FROM script WHERE id BETWEEN ? AND ? LIMIT 1)`,
  `DELETE FROM annotation WHERE id IN
     (SELECT id FROM annotation WHERE mailbox BETWEEN ? AND ? LIMIT ${CHUNKS_PER_SLICE})`,
  `DELETE FROM share WHERE (mailbox, identity) IN
     (SELECT mailbox, identity FROM share WHERE mailbox BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE mailbox BETWEEN ? AND ? LIMIT ${CHUNKS_PER_SLICE})`,
  `DELETE FROM belonging WHERE id IN (SELECT id FROM belonging WHERE id BETWEEN ? AND ? LIMIT ${CHUNKS_PER_SLICE})`,
  `DELETE FROM fact_block WHERE id IN (SELECT id FROM fact_block WHERE id BETWEEN ? AND ? LIMIT ${BLOCKS_PER_SLICE})`,
  `DELETE FROM lesson WHERE email IN (SELECT email FROM lesson WHERE email BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM remembered WHERE (key, rest) IN
     (SELECT key, rest FROM remembered WHERE key BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM correspondent WHERE (account, key) IN
     (SELECT account, key FROM correspondent WHERE account BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM correspondence WHERE id BETWEEN ? AND ?`,
  `DELETE FROM rule_entry WHERE id IN (SELECT id FROM rule_entry WHERE id BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
  `DELETE FROM mailbox WHERE id IN (SELECT id FROM mailbox WHERE id BETWEEN ? AND ? LIMIT ${ROWS_PER_SLICE})`,
] as const;

/** It has an index by account, of mailboxes only for what left them. */
const HISTORY = `DELETE FROM expunged WHERE id IN (SELECT id FROM expunged WHERE account = ? LIMIT ${CHUNKS_PER_SLICE})`;

const EMAILS = `SELECT id FROM email WHERE id BETWEEN ? AND ? LIMIT ${EMAILS_PER_SLICE}`;

/** How far the database has come is a sum over accounts that must not shrink: see `lineage.ts`. */
const KEEP_PROGRESS = `UPDATE store SET value = value + coalesce((SELECT modseq FROM account WHERE id = ?), 0)
  WHERE key = 'removed'`;

type Perform = (work: Work) => Promise<void>;

/** `perform` runs one transaction and resolves when it is durable. */
export async function destroyAccount(
  context: BatchContext,
  perform: Perform,
  account: AccountId,
): Promise<void> {
  const { db, modseqs, orphans, destroyed } = context;
  destroyed.add(account);
  const range = accountRange(account);
  for (const sql of SLICES) await repeat(perform, () => db.prepare(sql).run(...range));
  await repeat(perform, () => db.prepare(HISTORY).run(account));
  for (let more = true; more; ) more = await destroyEmails(context, perform, range);
  await perform({
    apply: () => {
      db.prepare('DELETE FROM orphan_subscriptions WHERE account = ?').run(account);
      db.prepare(KEEP_PROGRESS).run(account);
      db.prepare('DELETE FROM account WHERE id = ?').run(account);
      modseqs.delete(account);
      orphans.delete(account);
    },
  });
}

async function destroyEmails(
  context: BatchContext,
  perform: Perform,
  range: readonly [number, number],
): Promise<boolean> {
  const changes = new BlobChanges();
  let count = 0;
  await perform({
    apply: () => {
      const rows = context.db.prepare(EMAILS).all(...range);
      count = rows.length;
      for (const row of rows) {
        context.db.prepare('DELETE FROM extra_reference WHERE email = ?').run(row[0] as number);
        releaseEmail(context, row[0] as EmailId, changes);
      }
    },
    undo: () => context.blobs.rollback(changes),
    done: () => context.blobs.settle(changes, context.sync),
  });
  await yieldToLoop();
  return count > 0;
}

async function repeat(perform: Perform, slice: () => number): Promise<void> {
  for (let changed = 1; changed > 0; await yieldToLoop()) {
    await perform({
      apply: () => {
        changed = slice();
      },
    });
  }
}
