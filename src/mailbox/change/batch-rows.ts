/**
 * The rows of one account's turn on their way to the store. Everything collected here is taken back with the operation
 * that collected it; what a mailbox's messages have become is asked of its list at the end.
 */
import { asUid, type EmailId, type MailboxId, type ModSeq, type Uid } from '../model/model.ts';
import type { AccountBatch, ExpungedRow, ExternalId, NewEmail } from '../port/store.ts';
import type { WritableAccount } from '../state/account.ts';
import type { WritableMailbox } from '../state/mailbox.ts';
import type { Undo } from './undo.ts';

export class BatchRows {
  readonly #undo: Undo;
  readonly #touched = new Set<WritableMailbox>();
  readonly #deleted: MailboxId[] = [];
  readonly #emails: NewEmail[] = [];
  readonly #retained: EmailId[] = [];
  readonly #released: EmailId[] = [];
  readonly #expunged = new Map<string, ExpungedRow>();
  readonly #pruned: { mailbox: MailboxId; upTo: ModSeq }[] = [];
  readonly #imported: { mailbox: MailboxId; key: Buffer }[] = [];
  readonly #externalIds: ExternalId[] = [];
  readonly #droppedChunks: { mailbox: MailboxId; first: Uid }[] = [];

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  /** Mailboxes whose rows or messages change in this turn, those that it deletes among them. */
  get touched(): ReadonlySet<WritableMailbox> {
    return this.#touched;
  }

  touch(mailbox: WritableMailbox): void {
    this.#undo.add(this.#touched, mailbox);
  }

  deleteMailbox(mailbox: MailboxId): void {
    this.#undo.append(this.#deleted, [mailbox]);
  }

  addEmail(email: NewEmail): void {
    this.#undo.append(this.#emails, [email]);
  }

  retain(email: EmailId): void {
    this.#undo.append(this.#retained, [email]);
  }

  release(emails: readonly EmailId[]): void {
    this.#undo.append(this.#released, emails);
  }

  putExpunged(row: ExpungedRow): void {
    this.#undo.put(this.#expunged, `${row.mailbox}/${row.modseq}`, row);
  }

  pruneHistory(mailbox: MailboxId, upTo: ModSeq): void {
    this.#undo.append(this.#pruned, [{ mailbox, upTo }]);
  }

  rememberImport(mailbox: MailboxId, key: Buffer): void {
    this.#undo.append(this.#imported, [{ mailbox, key }]);
  }

  nameExternally(mailbox: MailboxId, uid: number, id: string): void {
    this.#undo.append(this.#externalIds, [{ mailbox, uid: asUid(uid), id }]);
  }

  dropChunk(mailbox: MailboxId, first: number): void {
    this.#undo.append(this.#droppedChunks, [{ mailbox, first: asUid(first) }]);
  }

  /**
   * Called once, after the last operation of the turn. The messages of a mailbox that this turn deletes are written like
   * any other's: what the reaper will find there are exactly those that were in it at the end.
   */
  toBatch(account: WritableAccount, expect: number, deferrable: boolean): AccountBatch {
    const touched = [...this.#touched];
    const messages = touched.map((mailbox) => ({ id: mailbox.id, ...mailbox.takeDirty() }));
    return {
      account: account.id,
      expect,
      row: { ...account.row },
      mailboxes: touched.filter((mailbox) => !mailbox.isGone).map((mailbox) => mailbox.toRow()),
      deletedMailboxes: this.#deleted,
      chunks: messages.flatMap(({ chunks }) => chunks),
      droppedChunks: [
        ...this.#droppedChunks,
        ...messages.flatMap(({ id, dropped }) => dropped.map((first) => ({ mailbox: id, first }))),
      ],
      emails: this.#emails,
      retained: this.#retained,
      released: this.#released,
      expunged: [...this.#expunged.values()],
      prunedHistory: this.#pruned,
      imported: this.#imported,
      externalIds: this.#namesOfThoseThere(touched),
      deferrable,
    };
  }

  /** A message that this turn has removed again has no name to remember. */
  #namesOfThoseThere(touched: readonly WritableMailbox[]): readonly ExternalId[] {
    if (this.#externalIds.length === 0) return this.#externalIds;
    const mailboxes = new Map(touched.map((mailbox) => [mailbox.id, mailbox]));
    return this.#externalIds.filter(
      ({ mailbox, uid }) => (mailboxes.get(mailbox)?.loaded?.indexOf(uid) ?? -1) >= 0,
    );
  }
}
