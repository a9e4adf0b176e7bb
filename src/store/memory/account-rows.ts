/**
 * The rows of one account, and a batch applied to them. A batch is looked at first and applied then, so that one which is
 * refused has touched nothing; nothing after the look can fail.
 */
import { EMPTY } from '../../base/bytes.ts';
import type { AccountRow, EmailFacts, EmailId, MailboxId, MailboxRow } from '../../mailbox/model/model.ts';
import { unpackUids } from '../../mailbox/model/record.ts';
import {
  type AccountBatch,
  type ChunkRow,
  type ExpungedRow,
  type ExternalId,
  type NewEmail,
  StoreError,
} from '../../mailbox/port/store.ts';
import { type EmailBytes, MemoryBlob } from './bytes.ts';
import { SortedRows } from './sorted-rows.ts';

export interface StoredEmail extends EmailBytes {
  readonly facts: EmailFacts;
  references: number;
}

/** What is kept of a mailbox beside its row; it outlives the row until the reaper is done. */
export class MailboxRows {
  readonly chunks = new SortedRows<ChunkRow>();
  readonly expunged = new SortedRows<ExpungedRow>();
  readonly externalIds = new SortedRows<ExternalId>();
  /** Import keys in hexadecimal. */
  readonly imported = new Set<string>();

  get isEmptyGrave(): boolean {
    return this.chunks.size === 0 && this.expunged.size === 0;
  }

  readonly #names = new Set<string>();

  /** The first message of a mailbox to have an id keeps it. */
  nameExternally(named: ExternalId): void {
    if (this.#names.has(named.id) || this.externalIds.get(named.uid) !== undefined) return;
    this.#names.add(named.id);
    this.externalIds.set(named.uid, named);
  }

  forgetExternalId(uid: number): void {
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
  readonly #buried = new Set<MailboxId>();
  readonly #rows = new Map<MailboxId, MailboxRows>();

  /** For reading: of a mailbox that has none, empty ones. */
  of(mailbox: MailboxId): MailboxRows {
    return this.#rows.get(mailbox) ?? new MailboxRows();
  }

  get buried(): readonly MailboxId[] {
    return [...this.#buried].sort((a, b) => a - b);
  }

  unreleased(beforeMs: number, limit: number, skip: number): readonly ExpungedRow[] {
    const all = [...this.#rows.values()].flatMap(({ expunged }) => expunged.all());
    return all
      .filter(({ atMs, records }) => records !== undefined && atMs < beforeMs)
      .sort((a, b) => a.atMs - b.atMs || a.modseq - b.modseq)
      .slice(skip, skip + limit);
  }

  get hasWorkForReaper(): boolean {
    return this.#buried.size > 0 || this.unreleased(Number.POSITIVE_INFINITY, 1, 0).length > 0;
  }

  /** All of it, or a StoreError and nothing. */
  apply(batch: AccountBatch): void {
    this.#check(batch);
    this.row = batch.row;
    for (const row of batch.mailboxes) this.mailboxes.set(row.id, row);
    for (const id of batch.deletedMailboxes) {
      this.mailboxes.delete(id);
      this.#buried.add(id);
    }
    for (const { mailbox, first } of batch.droppedChunks) this.#at(mailbox).chunks.delete(first);
    for (const chunk of batch.chunks) this.#at(chunk.mailbox).chunks.set(chunk.first, chunk);
    this.#applyEmails(batch);
    this.#applyHistory(batch);
    this.#fillGraves();
  }

  #check({ account, expect, emails, retained }: AccountBatch): void {
    const modseq = this.row?.modseq ?? 0;
    if (modseq !== expect) {
      throw new StoreError(
        'conflict',
        `account ${account} is at ${modseq}, the change was made for ${expect}`,
      );
    }
    const added = new Set<EmailId>();
    for (const { id, blob } of emails) {
      if (added.has(id) || this.emails.get(id) !== undefined)
        throw new StoreError('io', `email ${id} is there already`);
      if (!(blob instanceof MemoryBlob) || blob.isGivenUp)
        throw new StoreError('io', 'the message was staged by another store, or its upload was given up');
      added.add(id);
    }
    for (const id of retained) {
      if (added.has(id) || this.emails.get(id) !== undefined) continue;
      throw new StoreError('damaged', `email ${id} is gone and cannot be referred to again`);
    }
  }

  #applyEmails({ emails, retained, released }: AccountBatch): void {
    for (const email of emails) this.emails.set(email.id, stored(email));
    for (const id of retained) this.#refer(id, 1);
    for (const id of released) this.#refer(id, -1);
  }

  #refer(id: EmailId, by: number): void {
    const email = this.emails.get(id);
    if (email === undefined) return;
    email.references += by;
    if (email.references === 0) this.emails.delete(id);
  }

  #applyHistory({ expunged, prunedHistory, imported, externalIds }: AccountBatch): void {
    for (const row of expunged) {
      const rows = this.#at(row.mailbox);
      rows.expunged.set(row.modseq, row);
      if (rows.externalIds.size > 0) for (const uid of unpackUids(row.uids)) rows.forgetExternalId(uid);
    }
    for (const { mailbox, upTo } of prunedHistory) this.#at(mailbox).expunged.deleteUpTo(upTo);
    for (const { mailbox, key } of imported) this.#at(mailbox).imported.add(key.toString('hex'));
    for (const named of externalIds) this.#at(named.mailbox).nameExternally(named);
  }

  #fillGraves(): void {
    for (const id of this.#buried) {
      if (!this.of(id).isEmptyGrave) continue;
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

function stored(email: NewEmail): StoredEmail {
  const { id, sizeBytes, envelope, bodyStructure, parts, prefix = EMPTY } = email;
  const blob = email.blob as MemoryBlob;
  blob.use();
  return { facts: { id, sizeBytes, envelope, bodyStructure, parts }, prefix, blob, references: 1 };
}
