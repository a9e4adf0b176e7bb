/**
 * One AccountBatch becomes rows. The only place where mail rows are written in the course of business (removing an
 * account and repairing are the two others).
 *
 * `expect` is compared with the modseq in memory: this process owns the shard, so the map is the truth, and it is
 * refilled from the database after a rollback.
 */
import type { AccountId, EmailId, MailboxRow } from '../../mailbox/model/model.ts';
import { type AccountBatch, type NewEmail, StoreError } from '../../mailbox/port/store.ts';
import { BlobChanges, type Blobs } from './blobs.ts';
import type { Database } from './database.ts';
import { sealFacts } from './emails.ts';
import type { Work } from './group-commit.ts';
import { mailboxKey } from './keys.ts';
import { SUBSCRIBED_UNASKED } from './schema/mail.ts';
import { Staged } from './staging.ts';

const SQL = {
  modseq: 'SELECT modseq FROM account WHERE id = ?',
  account: `INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET modseq = excluded.modseq, next_mailbox = excluded.next_mailbox,
      next_email = excluded.next_email, next_uidvalidity = excluded.next_uidvalidity,
      used_bytes = excluded.used_bytes, used_messages = excluded.used_messages`,
  mailbox: `REPLACE INTO mailbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  deleteMailbox: 'DELETE FROM mailbox WHERE id = ?',
  bury: 'INSERT OR IGNORE INTO buried VALUES (?)',
  updateChunk: 'UPDATE chunk SET count = ?, maxmod = ?, records = ? WHERE mailbox = ? AND first = ?',
  insertChunk: 'INSERT INTO chunk (count, maxmod, records, mailbox, first) VALUES (?, ?, ?, ?, ?)',
  dropChunk: 'DELETE FROM chunk WHERE mailbox = ? AND first = ?',
  email: `INSERT INTO email (id, blob, size, prefix, envelope, structure, facts)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  orphans: 'REPLACE INTO orphan_subscriptions VALUES (?, ?)',
  retain: `INSERT INTO extra_reference VALUES (?, 1) ON CONFLICT (email) DO UPDATE SET n = n + 1`,
  hasEmail: 'SELECT 1 FROM email WHERE id = ?',
  release: 'UPDATE extra_reference SET n = n - 1 WHERE email = ? RETURNING n',
  forgetExtra: 'DELETE FROM extra_reference WHERE email = ?',
  deleteEmail: 'DELETE FROM email WHERE id = ? RETURNING blob',
  updateExpunged: 'UPDATE expunged SET at = ?, uids = ?, records = ? WHERE mailbox = ? AND modseq = ?',
  insertExpunged:
    'INSERT INTO expunged (at, uids, records, mailbox, modseq, account) VALUES (?, ?, ?, ?, ?, ?)',
  prune: 'DELETE FROM expunged WHERE mailbox = ? AND modseq <= ?',
  imported: 'INSERT OR IGNORE INTO imported VALUES (?, ?)',
  nameExternally: 'INSERT OR IGNORE INTO external_id VALUES (?, ?, ?)',
  hasExternalIds: 'SELECT 1 FROM external_id WHERE mailbox = ? LIMIT 1',
  forgetExternalId: 'DELETE FROM external_id WHERE mailbox = ? AND uid = ?',
} as const;

/** What a batch needs from its shard. */
export interface BatchContext {
  readonly db: Database;
  readonly blobs: Blobs;
  /** The last modseq of accounts, as the running transaction has it. */
  readonly modseqs: Map<number, number>;
  /** Accounts whose removal has begun: whoever still has one in memory must not bring back any of its rows. */
  readonly destroyed: Set<number>;
  /** As last written or read, compared by identity; an account without an entry is written. */
  readonly orphans: Map<number, readonly string[]>;
  /** Of this start of the store, for new accounts. */
  readonly epoch: number;
  /** Resolves when all that was committed before the call is on disk. */
  readonly sync: () => Promise<void>;
  /** Mailboxes that may have become empty graves. */
  readonly onExhumed: (mailboxKeys: readonly number[]) => void;
}

export class BatchWork implements Work {
  readonly #context: BatchContext;
  readonly #batch: AccountBatch;
  readonly #changes = new BlobChanges();

  constructor(context: BatchContext, batch: AccountBatch) {
    this.#context = context;
    this.#batch = batch;
  }

  apply(): void {
    const { account } = this.#batch;
    this.#checkBase();
    writeRows(this.#context, this.#batch);
    this.#writeEmails();
    this.#writeHistory();
    this.#context.modseqs.set(account, this.#batch.row.modseq);
  }

  undo(): void {
    this.#context.modseqs.delete(this.#batch.account);
    this.#context.orphans.delete(this.#batch.account);
    this.#context.blobs.rollback(this.#changes);
  }

  done(): void {
    const { batch, context } = { batch: this.#batch, context: this.#context };
    context.blobs.settle(this.#changes, context.sync);
    if (batch.droppedChunks.length === 0 && batch.prunedHistory.length === 0) return;
    const touched = [...batch.droppedChunks, ...batch.prunedHistory].map((it) => it.mailbox);
    context.onExhumed([...new Set(touched)].map((mailbox) => mailboxKey(batch.account, mailbox)));
  }

  #checkBase(): void {
    const { account, expect } = this.#batch;
    if (this.#context.destroyed.has(account)) {
      throw new StoreError('conflict', `account ${account} is being removed`);
    }
    const stored = storedModseq(this.#context, account);
    if (stored !== expect) {
      throw new StoreError(
        'conflict',
        `account ${account} is at ${stored}, the change was made for ${expect}`,
      );
    }
  }

  #writeEmails(): void {
    const { db } = this.#context;
    for (const email of this.#batch.emails) this.#writeEmail(email);
    for (const id of this.#batch.retained) {
      if (db.prepare(SQL.hasEmail).get(id) === undefined) {
        throw new StoreError('damaged', `email ${id} is gone and cannot be referred to again`);
      }
      db.prepare(SQL.retain).run(id);
    }
    for (const id of this.#batch.released) releaseEmail(this.#context, id, this.#changes);
  }

  #writeEmail(email: NewEmail): void {
    const { db, blobs } = this.#context;
    if (!(email.blob instanceof Staged)) throw new StoreError('io', 'the bytes were staged by another store');
    const { envelope, bodyStructure } = email;
    db.prepare(SQL.email).run(
      email.id,
      blobs.use(email.blob, this.#changes),
      email.sizeBytes,
      email.prefix && email.prefix.length > 0 ? email.prefix : null,
      envelope.length,
      bodyStructure.length,
      sealFacts(email),
    );
  }

  #writeHistory(): void {
    const { db } = this.#context;
    const { account, expunged, prunedHistory, imported, externalIds } = this.#batch;
    for (const { mailbox, modseq, uids, records, atMs } of expunged) {
      const key = mailboxKey(account, mailbox);
      if (db.prepare(SQL.updateExpunged).run(atMs, uids, records ?? null, key, modseq) > 0) continue;
      db.prepare(SQL.insertExpunged).run(atMs, uids, records ?? null, key, modseq, account);
      this.#forgetExternalIds(key, uids);
    }
    for (const { mailbox, upTo } of prunedHistory) {
      db.prepare(SQL.prune).run(mailboxKey(account, mailbox), upTo);
    }
    for (const { mailbox, key } of imported) db.prepare(SQL.imported).run(mailboxKey(account, mailbox), key);
    for (const { mailbox, uid, id } of externalIds) {
      db.prepare(SQL.nameExternally).run(mailboxKey(account, mailbox), uid, id);
    }
  }

  #forgetExternalIds(mailbox: number, uids: Buffer): void {
    const { db } = this.#context;
    if (db.prepare(SQL.hasExternalIds).get(mailbox) === undefined) return;
    for (let at = 0; at + 4 <= uids.length; at += 4) {
      db.prepare(SQL.forgetExternalId).run(mailbox, uids.readUInt32LE(at));
    }
  }
}

/** The modseq the account is at, 0 when it has no row: what the next batch must expect. */
export function storedModseq({ db, modseqs }: BatchContext, account: AccountId): number {
  return modseqs.get(account) ?? (db.prepare(SQL.modseq).get(account)?.[0] as number | undefined) ?? 0;
}

export type BatchRows = Pick<
  AccountBatch,
  'account' | 'row' | 'mailboxes' | 'deletedMailboxes' | 'chunks' | 'droppedChunks'
>;

/** The account's own rows, without a look at what was there. */
export function writeRows(context: BatchContext, rows: BatchRows): void {
  const { db, epoch } = context;
  const { account, row, mailboxes, deletedMailboxes, chunks, droppedChunks } = rows;
  db.prepare(SQL.account).run(
    account,
    row.modseq,
    row.nextMailbox,
    row.nextEmail,
    row.nextUidValidity,
    row.usedBytes,
    row.usedMessages,
    epoch,
  );
  writeOrphans(context, rows);
  for (const mailbox of mailboxes) writeMailbox(db, account, mailbox);
  for (const mailbox of deletedMailboxes) {
    db.prepare(SQL.deleteMailbox).run(mailboxKey(account, mailbox));
    db.prepare(SQL.bury).run(mailboxKey(account, mailbox));
  }
  for (const { mailbox, first } of droppedChunks) {
    db.prepare(SQL.dropChunk).run(mailboxKey(account, mailbox), first);
  }
  for (const chunk of chunks) {
    const key = mailboxKey(account, chunk.mailbox);
    const { count, maxModseq, records, first } = chunk;
    if (db.prepare(SQL.updateChunk).run(count, maxModseq, records, key, first) === 0) {
      db.prepare(SQL.insertChunk).run(count, maxModseq, records, key, first);
    }
  }
}

function writeOrphans({ db, orphans }: BatchContext, { account, row }: BatchRows): void {
  if (orphans.get(account) === row.orphanSubscriptions) return;
  db.prepare(SQL.orphans).run(account, JSON.stringify(row.orphanSubscriptions));
  orphans.set(account, row.orphanSubscriptions);
}

function writeMailbox(db: Database, account: AccountId, row: MailboxRow): void {
  db.prepare(SQL.mailbox).run(
    mailboxKey(account, row.id),
    row.uidValidity,
    row.uidNext,
    row.modseq,
    row.createdModseq,
    row.exists,
    row.unseen,
    row.deleted,
    row.bytes,
    subscribedOf(row),
    row.recentFrom,
    row.expungedFloor,
    row.role ?? null,
    row.name,
    row.keywords.length === 0 ? '[]' : JSON.stringify(row.keywords),
    row.keywordSets.length === 0 ? '[]' : JSON.stringify(row.keywordSets),
    row.firstUnseen,
  );
}

function subscribedOf({ subscribed, isSubscribedUnasked }: MailboxRow): number {
  if (!subscribed) return 0;
  return isSubscribedUnasked ? SUBSCRIBED_UNASKED : 1;
}

/** One reference less; at none the row goes, and the bytes when no other email has them. */
export function releaseEmail(
  { db, blobs }: Pick<BatchContext, 'db' | 'blobs'>,
  id: EmailId,
  changes: BlobChanges,
): void {
  const extra = db.prepare(SQL.release).get(id);
  if (extra !== undefined) {
    if (extra[0] === 0) db.prepare(SQL.forgetExtra).run(id);
    return;
  }
  const row = db.prepare(SQL.deleteEmail).get(id);
  if (row !== undefined) blobs.release(row[0] as number, changes);
}
