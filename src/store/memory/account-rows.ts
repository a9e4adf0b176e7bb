/**
 * The rows of one account, and a batch applied to them. A batch is looked at first and applied then, so that one which is
 * refused has touched nothing; nothing after the look can fail.
 */
import { EMPTY } from '../../base/bytes.ts';
import type { ComputedFacts } from '../../mailbox/model/facts.ts';
import type { KeywordRow } from '../../mailbox/model/keywords.ts';
import type { Lesson } from '../../mailbox/model/lessons.ts';
import {
  type AccountRow,
  type EmailId,
  emailNumber,
  type MailboxId,
  type MailboxRow,
} from '../../mailbox/model/model.ts';
import type { RecipientChange } from '../../mailbox/model/outgoing.ts';
import { unpackUids } from '../../mailbox/model/record.ts';
import type { EmailThread } from '../../mailbox/model/threads.ts';
import {
  type AccountBatch,
  type BuriedMailbox,
  type ChunkRow,
  type ExternalId,
  type HistoryPlace,
  type HistoryRow,
  type ImportTrace,
  type NewEmail,
  type RowChange,
  type RowChangeOf,
  StoreError,
} from '../../mailbox/port/store.ts';
import { AnnotationRows } from './annotation-rows.ts';
import { BelongingRows } from './belonging-rows.ts';
import { type EmailBytes, MemoryBlob } from './bytes.ts';
import { CorrespondentRows } from './correspondent-rows.ts';
import { OutgoingRows } from './outgoing-rows.ts';
import { RuleRows } from './rule-rows.ts';
import { ShareRows } from './share-rows.ts';
import { SortedRows } from './sorted-rows.ts';
import { ThreadRows } from './thread-rows.ts';

export interface StoredEmail extends EmailBytes {
  readonly id: EmailId;
  readonly sizeBytes: number;
  facts: ComputedFacts;
  thread: EmailThread | undefined;
  references: number;
}

/** What is kept of a mailbox beside its row; it outlives the row until the reaper is done. */
export class MailboxRows {
  readonly chunks = new SortedRows<ChunkRow>();
  readonly externalIds = new SortedRows<ExternalId>();
  /** By import key in hexadecimal. */
  readonly imported = new Map<string, ImportTrace | undefined>();

  readonly #keywords = new Map<string, KeywordRow>();

  get keywords(): readonly KeywordRow[] {
    return [...this.#keywords.values()].sort(
      (a, b) => Number(a.kind === 'set') - Number(b.kind === 'set') || a.number - b.number,
    );
  }

  putKeyword(row: KeywordRow): void {
    this.#keywords.set(`${row.kind} ${row.number}`, row);
  }

  dropKeyword(row: KeywordRow): void {
    this.#keywords.delete(`${row.kind} ${row.number}`);
  }

  readonly #names = new Set<string>();

  /** The first message of a mailbox to have an id keeps it. */
  nameExternally(named: ExternalId): void {
    if (this.#names.has(named.id) || this.externalIds.get(named.uid) !== undefined) return;
    this.#names.add(named.id);
    this.externalIds.set(named.uid, named);
  }

  forgetExternalIds(uids: Iterable<number>): void {
    if (this.externalIds.size > 0) for (const uid of uids) this.#forgetExternalId(uid);
  }

  #forgetExternalId(uid: number): void {
    const named = this.externalIds.get(uid);
    if (named === undefined) return;
    this.#names.delete(named.id);
    this.externalIds.delete(uid);
  }
}

export class AccountRows {
  row: AccountRow | undefined;
  readonly mailboxes = new SortedRows<MailboxRow>();
  readonly emails = new SortedRows<StoredEmail>();
  readonly history = new SortedRows<HistoryRow>();
  readonly threads = new ThreadRows();
  readonly outgoing = new OutgoingRows();
  readonly rules = new RuleRows();
  readonly annotations = new AnnotationRows();
  readonly shares = new ShareRows();
  readonly belongings = new BelongingRows();
  readonly lessons = new SortedRows<Lesson>();
  readonly correspondents = new CorrespondentRows();
  readonly #buried = new Map<MailboxId, BuriedMailbox>();
  readonly #rows = new Map<MailboxId, MailboxRows>();

  /** For reading: of a mailbox that has none, empty ones. */
  of(mailbox: MailboxId): MailboxRows {
    return this.#rows.get(mailbox) ?? new MailboxRows();
  }

  get buried(): readonly BuriedMailbox[] {
    return [...this.#buried.values()].sort((a, b) => a.id - b.id);
  }

  expunged(mailbox: MailboxId, after: number, limit: number): readonly HistoryRow[] {
    const later = this.history.after(after, this.history.size);
    return later.filter((row) => row.kind === 'expunged' && row.mailbox === mailbox).slice(0, limit);
  }

  unreleased(
    beforeMs: number,
    limit: number,
    after?: HistoryPlace,
    briefBeforeMs = beforeMs,
  ): readonly HistoryRow[] {
    const isBehind = ({ atMs, modseq }: HistoryRow): boolean =>
      after === undefined || atMs > after.atMs || (atMs === after.atMs && modseq > after.modseq);
    const isBefore = ({ atMs, deletion }: HistoryRow): boolean =>
      atMs < (deletion === undefined ? briefBeforeMs : beforeMs);
    return this.history
      .all()
      .filter((row) => row.records !== undefined && isBefore(row) && isBehind(row))
      .sort((a, b) => a.atMs - b.atMs || a.modseq - b.modseq)
      .slice(0, limit);
  }

  recoverable(beforeMs: number, limit: number, skip: number): readonly HistoryRow[] {
    return this.history
      .all()
      .filter((row) => row.records !== undefined && row.deletion !== undefined && row.atMs < beforeMs)
      .sort((a, b) => b.atMs - a.atMs || b.modseq - a.modseq)
      .slice(skip, skip + limit);
  }

  hasWorkForReaper(beforeMs: number, briefBeforeMs: number): boolean {
    if (this.buried.some(({ atMs }) => atMs < beforeMs)) return true;
    return this.unreleased(beforeMs, 1, undefined, briefBeforeMs).length > 0;
  }

  /** All of it, or a StoreError and nothing. */
  apply(batch: AccountBatch): void {
    this.#check(batch);
    this.row = batch.row;
    for (const change of batch.changes) this.#apply(change);
    this.#fillGraves();
  }

  /** Apart from batches: the account's modseq stays. */
  settle(change: RecipientChange): boolean {
    return this.outgoing.change(change, (email) => this.#refer(email, -1));
  }

  #check({ account, expect, changes }: AccountBatch): void {
    const modseq = this.row?.modseq ?? 0;
    if (modseq !== expect) {
      throw new StoreError(
        'conflict',
        `account ${account} is at ${modseq}, the change was made for ${expect}`,
      );
    }
    const added = new Set<EmailId>();
    for (const change of changes) {
      if (change.kind === 'outgoing' && change.recipients.length === 0)
        throw new StoreError('io', `outgoing mail ${change.row.id} has no recipient`);
      if (change.kind === 'email') this.#checkEmail(change.email, added);
      for (const id of change.kind === 'retained' ? change.emails : []) {
        if (added.has(id) || this.emails.get(id) !== undefined) continue;
        throw new StoreError('damaged', `email ${id} is gone and cannot be referred to again`);
      }
    }
  }

  #checkEmail({ id, blob }: NewEmail, added: Set<EmailId>): void {
    if (added.has(id) || this.emails.get(id) !== undefined)
      throw new StoreError('io', `email ${id} is there already`);
    if (!(blob instanceof MemoryBlob) || blob.isGivenUp)
      throw new StoreError('io', 'the message was staged by another store, or its upload was given up');
    added.add(id);
  }

  #apply<Kind extends RowChange['kind']>(change: RowChangeOf<Kind>): void {
    const apply: (change: RowChangeOf<Kind>) => void = this.#appliers[change.kind as Kind];
    apply(change);
  }

  readonly #appliers: { readonly [Kind in RowChange['kind']]: (change: RowChangeOf<Kind>) => void } = {
    mailbox: ({ row }) => this.mailboxes.set(row.id, row),
    'mailbox-deleted': ({ row }) => {
      this.mailboxes.delete(row.id);
      this.#buried.set(row.id, row);
    },
    chunk: ({ row }) => this.#at(row.mailbox).chunks.set(row.first, row),
    'chunk-dropped': ({ mailbox, first }) => this.#at(mailbox).chunks.delete(first),
    keyword: ({ mailbox, row }) => this.#at(mailbox).putKeyword(row),
    'keyword-dropped': ({ mailbox, row }) => this.#at(mailbox).dropKeyword(row),
    email: ({ email }) => {
      this.emails.set(email.id, stored(email));
      if (email.thread !== undefined) this.threads.put(emailNumber(email.id), email.thread);
    },
    retained: ({ emails }) => {
      for (const id of emails) this.#refer(id, 1);
    },
    released: ({ emails }) => {
      for (const id of emails) this.#refer(id, -1);
    },
    facts: ({ email, facts }) => {
      const stored = this.emails.get(email);
      if (stored !== undefined) stored.facts = facts;
    },
    // The external ids of its messages go with the first writing.
    history: ({ row }) => {
      this.history.set(row.modseq, row);
      this.of(row.mailbox).forgetExternalIds(unpackUids(row.uids));
    },
    'history-pruned': ({ upTo }) => {
      this.history.deleteUpTo(upTo);
      this.threads.forgetLeavers(upTo);
    },
    threaded: ({ email, thread }) => {
      const stored = this.emails.get(email);
      if (stored === undefined || stored.thread !== undefined) return;
      stored.thread = thread;
      this.threads.put(emailNumber(email), thread);
    },
    imported: ({ mailbox, key, trace }) => {
      const { imported } = this.#at(mailbox);
      const name = key.toString('hex');
      imported.set(name, trace ?? imported.get(name));
    },
    'external-id': ({ row }) => this.#at(row.mailbox).nameExternally(row),
    'import-forgotten': ({ mailbox, key }) => {
      this.#at(mailbox).imported.delete(key.toString('hex'));
    },
    outgoing: ({ row, recipients }) => this.outgoing.put(row, recipients),
    recipient: ({ change }) => {
      this.settle(change);
    },
    script: ({ row, text }) => this.rules.putScript(row, text),
    'script-dropped': ({ id }) => this.rules.dropScript(id),
    belonging: ({ row }) => this.belongings.put(row),
    'belonging-forgotten': ({ id }) => this.belongings.forget(id),
    lesson: ({ lesson }) => this.lessons.set(lesson.email, lesson),
    'lesson-learned': ({ lesson }) => {
      if (this.lessons.get(lesson.email)?.isSpam === lesson.isSpam) this.lessons.delete(lesson.email);
    },
    annotation: ({ place, value }) => this.annotations.put(place, value),
    share: (row) => this.shares.put(row),
    seen: (row) => this.shares.putSeen(row),
    correspondence: ({ row }) => {
      this.correspondents.correspondence = row;
    },
    correspondents: ({ rows }) => this.correspondents.meet(rows),
    'correspondents-pruned': (most) => this.correspondents.prune(most),
    remembered: ({ memory }) => this.rules.remember(memory),
    forgotten: ({ keys }) => this.rules.forget(keys),
    'rule-entry': ({ entry }) => this.rules.add(entry),
    'rule-entries-pruned': ({ beforeMs, most }) => this.rules.prune(beforeMs, most),
  };

  #refer(id: EmailId, by: number): void {
    const email = this.emails.get(id);
    if (email === undefined) return;
    email.references += by;
    if (email.references > 0) return;
    this.emails.delete(id);
    this.threads.drop(emailNumber(id), this.row?.modseq ?? 0);
  }

  #fillGraves(): void {
    if (this.#buried.size === 0) return;
    const held = new Set(
      this.unreleased(Number.POSITIVE_INFINITY, this.history.size).map((row) => row.mailbox),
    );
    for (const id of [...this.#buried.keys()]) {
      if (held.has(id) || this.of(id).chunks.size > 0) continue;
      this.#buried.delete(id);
      this.#rows.delete(id);
    }
  }

  #at(mailbox: MailboxId): MailboxRows {
    let rows = this.#rows.get(mailbox);
    if (rows === undefined) {
      rows = new MailboxRows();
      this.#rows.set(mailbox, rows);
    }
    return rows;
  }
}

function stored({ id, sizeBytes, prefix = EMPTY, blob, thread, ...facts }: NewEmail): StoredEmail {
  const bytes = blob as MemoryBlob;
  bytes.use();
  return { id, sizeBytes, facts, thread, prefix, blob: bytes, references: 1 };
}
