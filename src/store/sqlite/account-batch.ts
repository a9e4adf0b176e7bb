/**
 * One AccountBatch becomes rows. The only place where mail rows are written in the course of business (removing an
 * account and repairing are the two others).
 *
 * `expect` is compared with the modseq in memory: this process owns the shard, so the map is the truth, and it is
 * refilled from the database after a rollback.
 */
import { EMPTY } from '../../base/bytes.ts';
import { FACTS_VERSION } from '../../mailbox/model/facts.ts';
import { HISTORY_KINDS } from '../../mailbox/model/history.ts';
import type { AccountId, AccountRow, MailboxId, MailboxRow } from '../../mailbox/model/model.ts';
import {
  type AccountBatch,
  type NewEmail,
  type RowChange,
  type RowChangeOf,
  StoreError,
} from '../../mailbox/port/store.ts';
import { putAnnotation } from './annotation-rows.ts';
import { forgetBelonging, putBelonging } from './belonging-rows.ts';
import { BlobChanges, type Blobs } from './blobs.ts';
import { meet, pruneCorrespondents, putCorrespondence } from './correspondent-rows.ts';
import type { Database } from './database.ts';
import { sealRecord } from './fact-record.ts';
import type { FlagBatch } from './flag-journal.ts';
import { packTrace } from './import-trace.ts';
import { KEYWORD_KINDS, mailboxKey } from './keys.ts';
import { dropLesson, putLesson } from './lesson-rows.ts';
import { changeRecipient, writeOutgoing } from './outgoing-rows.ts';
import { releaseEmail, retainEmail } from './references.ts';
import { addRuleEntry, dropScript, forget, pruneRuleEntries, putScript, remember } from './rule-rows.ts';
import { SUBSCRIBED_UNASKED } from './schema/mail.ts';
import { putSeen, putShare } from './share-rows.ts';
import { Staged } from './staging.ts';
import { forgetLeavers, giveThread, indexThread, noteLeaver, packThread } from './threads.ts';
import type { Work } from './transactions.ts';
import { sealFacts } from './wire-facts.ts';

const SQL = {
  modseq: 'SELECT modseq FROM account WHERE id = ?',
  account: `INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET modseq = excluded.modseq, next_mailbox = excluded.next_mailbox,
      next_email = excluded.next_email, next_uidvalidity = excluded.next_uidvalidity,
      used_bytes = excluded.used_bytes, used_messages = excluded.used_messages,
      facts_version = excluded.facts_version, history_floor = excluded.history_floor,
      changes_floor = excluded.changes_floor, email_modseq = excluded.email_modseq,
      mailbox_modseq = excluded.mailbox_modseq, unthreaded = excluded.unthreaded,
      room_told = excluded.room_told, refused_since = excluded.refused_since, refused_bytes = excluded.refused_bytes`,
  mailbox: `REPLACE INTO mailbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  keyword: 'REPLACE INTO keyword VALUES (?, ?, ?, ?)',
  dropKeyword: 'DELETE FROM keyword WHERE mailbox = ? AND kind = ? AND number = ?',
  deleteMailbox: 'DELETE FROM mailbox WHERE id = ?',
  bury: 'REPLACE INTO buried (mailbox, at, deletion) VALUES (?, ?, ?)',
  updateChunk: 'UPDATE chunk SET count = ?, maxmod = ?, records = ? WHERE mailbox = ? AND first = ?',
  insertChunk: 'INSERT INTO chunk (count, maxmod, records, mailbox, first) VALUES (?, ?, ?, ?, ?)',
  dropChunk: 'DELETE FROM chunk WHERE mailbox = ? AND first = ?',
  email: `INSERT INTO email (id, blob, size, prefix, envelope, structure, facts, thread, thread_keys)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  derived: 'REPLACE INTO derived VALUES (?, ?)',
  updateFacts: 'UPDATE email SET envelope = ?, structure = ?, facts = ? WHERE id = ?',
  orphans: 'REPLACE INTO orphan_subscriptions VALUES (?, ?)',
  updateHistory: `UPDATE expunged SET at = ?, uids = ?, records = ?, kind = ?, emails = ?, numbers = ?, mailbox = ?,
      deletion = ? WHERE account = ? AND modseq = ?`,
  insertHistory: `INSERT INTO expunged (at, uids, records, kind, emails, numbers, mailbox, deletion, account, modseq)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  prune: 'DELETE FROM expunged WHERE account = ? AND modseq <= ?',
  imported: `INSERT INTO imported (mailbox, key, trace) VALUES (?, ?, ?) ON CONFLICT (mailbox, key)
    DO UPDATE SET trace = excluded.trace WHERE excluded.trace <> x''`,
  forgetImport: 'DELETE FROM imported WHERE mailbox = ? AND key = ?',
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
  readonly lineage: number;
  /** How far the database has come with all that is committed, see `lineage.ts`. */
  readonly progress: { value: number };
  /** Resolves when all that was committed before the call is on disk. */
  readonly sync: () => Promise<void>;
  /** Mailboxes that may have become empty graves. */
  readonly onExhumed: (mailboxKeys: readonly number[]) => void;
}

/** So many rows that whoever writes them lets others run in between: some ten milliseconds. */
const MANY = 400;
const EMAILS_PER_PIECE = 32;

export class BatchWork implements Work {
  readonly #context: BatchContext;
  readonly #batch: AccountBatch;
  readonly #blobs = new BlobChanges();

  constructor(context: BatchContext, batch: AccountBatch) {
    this.#context = context;
    this.#batch = batch;
  }

  get bringsMail(): boolean {
    return this.#batch.changes.some(({ kind }) => kind === 'email');
  }

  /** Of very many emails. */
  get pieces(): (() => Iterable<void>) | undefined {
    return this.#batch.changes.length < MANY ? undefined : () => this.#applyInPieces();
  }

  apply(): void {
    const { changes } = this.#batch;
    this.#checkBase();
    this.#write(changes);
    this.#moveOn();
  }

  /** Emails first: nobody asks for them before he has seen the rows that name them. */
  *#applyInPieces(): Iterable<void> {
    const { changes } = this.#batch;
    this.#checkBase();
    const emails = changes.filter(({ kind }) => kind === 'email');
    for (let at = 0; at < emails.length; at += EMAILS_PER_PIECE) {
      this.#write(emails.slice(at, at + EMAILS_PER_PIECE));
      yield;
    }
    // Its removal may have begun meanwhile.
    this.#checkBase();
    this.#write(changes.filter(({ kind }) => kind !== 'email'));
    this.#moveOn();
  }

  #write(changes: readonly RowChange[]): void {
    const writing = { ...this.#context, account: this.#batch.account, changes: this.#blobs };
    for (const change of changes) writeChange(writing, change);
  }

  #moveOn(): void {
    const { account, row } = this.#batch;
    writeAccount(this.#context, account, row);
    this.#context.modseqs.set(account, row.modseq);
  }

  undo(): void {
    this.#context.modseqs.delete(this.#batch.account);
    this.#context.orphans.delete(this.#batch.account);
    this.#context.blobs.rollback(this.#blobs);
  }

  done(): void {
    const { account, expect, row, changes } = this.#batch;
    this.#context.progress.value += row.modseq - expect;
    this.#context.blobs.settle(this.#blobs, this.#context.sync);
    const left = new Set<number>();
    for (const change of changes) {
      const mailbox = leavesGrave(change);
      if (mailbox !== undefined) left.add(mailboxKey(account, mailbox));
    }
    if (left.size > 0) this.#context.onExhumed([...left]);
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
}

/** The mailbox that may be an empty grave from now on. */
function leavesGrave(change: RowChange): MailboxId | undefined {
  if (change.kind === 'chunk-dropped') return change.mailbox;
  if (change.kind === 'mailbox-deleted') return change.row.id;
  return change.kind === 'history' && change.row.records === undefined ? change.row.mailbox : undefined;
}

/** A batch on its way into the database. */
interface Writing extends BatchContext {
  readonly account: AccountId;
  readonly changes: BlobChanges;
}

type Writers = { readonly [Kind in RowChange['kind']]: (to: Writing, change: RowChangeOf<Kind>) => void };

const WRITERS: Writers = {
  mailbox: ({ db, account }, { row }) => writeMailbox(db, account, row),
  'mailbox-deleted': ({ db, account }, { row: { id, atMs, deletion } }) => {
    db.prepare(SQL.deleteMailbox).run(mailboxKey(account, id));
    db.prepare(SQL.bury).run(mailboxKey(account, id), atMs, deletion ?? null);
  },
  chunk: ({ db, account }, { row: { mailbox, first, count, maxModseq, records } }) => {
    const key = mailboxKey(account, mailbox);
    if (db.prepare(SQL.updateChunk).run(count, maxModseq, records, key, first) === 0)
      db.prepare(SQL.insertChunk).run(count, maxModseq, records, key, first);
  },
  'chunk-dropped': ({ db, account }, { mailbox, first }) => {
    db.prepare(SQL.dropChunk).run(mailboxKey(account, mailbox), first);
  },
  keyword: ({ db, account }, { mailbox, row }) => {
    const value = row.kind === 'name' ? row.name : row.members.join();
    db.prepare(SQL.keyword).run(mailboxKey(account, mailbox), KEYWORD_KINDS[row.kind], row.number, value);
  },
  'keyword-dropped': ({ db, account }, { mailbox, row }) => {
    db.prepare(SQL.dropKeyword).run(mailboxKey(account, mailbox), KEYWORD_KINDS[row.kind], row.number);
  },
  email: (to, { email }) => writeEmail(to, email),
  retained: ({ db }, { emails }) => {
    for (const id of emails) retainEmail(db, id);
  },
  released: (to, { emails }) => {
    // What is let go of is overwritten: a page that is free keeps what was on it. It costs a few microseconds for each email.
    to.db.exec('PRAGMA secure_delete = ON');
    try {
      for (const id of emails) {
        const thread = releaseEmail(to, id, to.changes);
        if (thread !== undefined) noteLeaver(to.db, id, thread);
      }
    } finally {
      to.db.exec('PRAGMA secure_delete = FAST');
    }
  },
  facts: ({ db }, { email, facts }) => {
    const { envelope, bodyStructure } = facts;
    const sealed = sealFacts(facts);
    if (db.prepare(SQL.updateFacts).run(envelope.length, bodyStructure.length, sealed, email) > 0)
      db.prepare(SQL.derived).run(email, sealRecord(FACTS_VERSION, facts));
  },
  threaded: ({ db }, { email, thread }) => giveThread(db, email, thread),
  history: ({ db, account }, { row }) => {
    const { mailbox, modseq, kind, uids, emails, numbers, records = null, deletion = null, atMs } = row;
    const key = mailboxKey(account, mailbox);
    const values = [atMs, uids, records, HISTORY_KINDS.indexOf(kind), emails, numbers, key, deletion];
    if (db.prepare(SQL.updateHistory).run(...values, account, modseq) > 0) return;
    db.prepare(SQL.insertHistory).run(...values, account, modseq);
    forgetExternalIds(db, key, uids);
  },
  'history-pruned': ({ db, account }, { upTo }) => {
    db.prepare(SQL.prune).run(account, upTo);
    forgetLeavers(db, account, upTo);
  },
  imported: ({ db, account }, { mailbox, key, trace }) => {
    db.prepare(SQL.imported).run(mailboxKey(account, mailbox), key, packTrace(trace));
  },
  'external-id': ({ db, account }, { row: { mailbox, uid, id } }) => {
    db.prepare(SQL.nameExternally).run(mailboxKey(account, mailbox), uid, id);
  },
  'import-forgotten': ({ db, account }, { mailbox, key }) => {
    db.prepare(SQL.forgetImport).run(mailboxKey(account, mailbox), key);
  },
  outgoing: ({ db }, { row, recipients }) => writeOutgoing(db, row, recipients),
  recipient: (to, { change }) => {
    changeRecipient(to, change);
  },
  script: ({ db, account }, { row, text }) => putScript(db, account, row, text),
  'script-dropped': ({ db, account }, { id }) => dropScript(db, account, id),
  belonging: ({ db, account }, { row }) => putBelonging(db, account, row),
  'belonging-forgotten': ({ db, account }, { id }) => forgetBelonging(db, account, id),
  lesson: ({ db }, { lesson }) => putLesson(db, lesson),
  'lesson-learned': ({ db }, { lesson }) => dropLesson(db, lesson),
  annotation: ({ db, account }, { place, value }) => putAnnotation(db, account, place, value),
  share: ({ db, account }, row) => putShare(db, account, row),
  seen: ({ db, account }, row) => putSeen(db, account, row),
  correspondence: ({ db, account }, { row }) => putCorrespondence(db, account, row),
  correspondents: ({ db, account }, { rows }) => meet(db, account, rows),
  'correspondents-pruned': ({ db, account }, most) => pruneCorrespondents(db, account, most),
  remembered: ({ db, account }, { memory }) => remember(db, account, memory),
  forgotten: ({ db, account }, { keys }) => forget(db, account, keys),
  'rule-entry': ({ db, account }, { entry }) => addRuleEntry(db, account, entry),
  'rule-entries-pruned': ({ db, account }, { beforeMs, most }) =>
    pruneRuleEntries(db, account, beforeMs, most),
};

function writeChange<Kind extends RowChange['kind']>(to: Writing, change: RowChangeOf<Kind>): void {
  const write: (to: Writing, change: RowChangeOf<Kind>) => void = WRITERS[change.kind as Kind];
  write(to, change);
}

function writeEmail({ db, blobs, changes }: Writing, email: NewEmail): void {
  if (!(email.blob instanceof Staged)) throw new StoreError('io', 'the bytes were staged by another store');
  const { envelope, bodyStructure, thread } = email;
  const keys = thread === undefined ? EMPTY : packThread(thread);
  db.prepare(SQL.email).run(
    email.id,
    blobs.use(email.blob, changes),
    email.sizeBytes,
    email.prefix && email.prefix.length > 0 ? email.prefix : null,
    envelope.length,
    bodyStructure.length,
    sealFacts(email),
    thread?.thread ?? 0,
    keys,
  );
  db.prepare(SQL.derived).run(email.id, sealRecord(FACTS_VERSION, email));
  if (thread !== undefined) indexThread(db, email.id, thread.thread, keys);
}

function forgetExternalIds(db: Database, mailbox: number, uids: Buffer): void {
  if (uids.length === 0 || db.prepare(SQL.hasExternalIds).get(mailbox) === undefined) return;
  for (let at = 0; at + 4 <= uids.length; at += 4)
    db.prepare(SQL.forgetExternalId).run(mailbox, uids.readUInt32LE(at));
}

/** The modseq the account is at, 0 when it has no row: what the next batch must expect. */
export function storedModseq({ db, modseqs }: BatchContext, account: AccountId): number {
  return modseqs.get(account) ?? (db.prepare(SQL.modseq).get(account)?.[0] as number | undefined) ?? 0;
}

/** Rows as they are to be, without a look at what was there: the account's own, and changes of flags. */
export function writeFlagRows(
  context: BatchContext,
  { account, row, changes }: Pick<FlagBatch, 'account' | 'row' | 'changes'>,
): void {
  writeAccount(context, account, row);
  const writing = { ...context, account, changes: new BlobChanges() };
  for (const change of changes) writeChange(writing, change);
}

function writeAccount(
  { db, epoch, lineage, orphans }: BatchContext,
  account: AccountId,
  row: AccountRow,
): void {
  db.prepare(SQL.account).run(
    account,
    row.modseq,
    row.nextMailbox,
    row.nextEmail,
    row.nextUidValidity,
    row.usedBytes,
    row.usedMessages,
    epoch,
    lineage,
    row.factsVersion,
    row.historyFloor,
    row.changesFloor,
    row.emailModseq,
    row.mailboxModseq,
    row.unthreaded,
    row.roomTold,
    row.refusedSinceMs,
    row.refusedBytes,
  );
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
    row.firstUnseen,
    row.infoModseq,
    row.sortOrder,
  );
}

function subscribedOf({ subscribed, isSubscribedUnasked }: MailboxRow): number {
  if (!subscribed) return 0;
  return isSubscribedUnasked ? SUBSCRIBED_UNASKED : 1;
}
