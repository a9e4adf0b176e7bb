/**
 * The rows of one account's turn on their way to the store. Everything collected here is taken back with the operation
 * that collected it; what a mailbox and its messages have become is asked of them at the end.
 */
import type { Correspondent } from '../model/correspondents.ts';
import type { MailboxId, Uid } from '../model/model.ts';
import type { AccountBatch, HistoryRow, RowChange } from '../port/store.ts';
import type { WritableAccount } from '../state/account.ts';
import type { WritableMailbox } from '../state/mailbox.ts';
import type { Undo } from './undo.ts';

/** What whoever follows an account is told of beside its mail. */
const OWN: ReadonlySet<RowChange['kind']> = new Set(['belonging', 'script', 'script-dropped']);

/** Mailboxes and chunks are written as they are at the end; a row of the history may be written twice in a turn. */
type Collected = Exclude<
  RowChange,
  { readonly kind: 'mailbox' | 'chunk' | 'chunk-dropped' | 'history' | 'correspondents' }
>;

export class BatchRows {
  readonly #undo: Undo;
  readonly #touched = new Set<WritableMailbox>();
  readonly #changes: RowChange[] = [];
  readonly #history = new Map<number, HistoryRow>();
  readonly #met = new Map<string, Correspondent>();

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  /** Mailboxes whose rows or messages change in this turn, those that it deletes among them. */
  get touched(): ReadonlySet<WritableMailbox> {
    return this.#touched;
  }

  /** What belongs to the account beside its mail changes. */
  get hasOwn(): boolean {
    return this.#changes.some(({ kind }) => OWN.has(kind));
  }

  /** Without those that are made at the end. */
  get count(): number {
    return this.#changes.length;
  }

  touch(mailbox: WritableMailbox): void {
    this.#undo.add(this.#touched, mailbox);
  }

  add(...changes: readonly Collected[]): void {
    this.#undo.append(this.#changes, changes);
  }

  putHistory(row: HistoryRow): void {
    this.#undo.put(this.#history, row.modseq, row);
  }

  /** Once a turn, however often it was met. */
  meet(row: Correspondent): void {
    const kinds = row.kinds | (this.#met.get(row.key)?.kinds ?? 0);
    this.#undo.put(this.#met, row.key, { ...row, kinds });
  }

  /** The reaper's, of a mailbox that is in memory no more. */
  dropChunk(mailbox: MailboxId, first: Uid): void {
    this.#undo.append(this.#changes, [{ kind: 'chunk-dropped', mailbox, first }]);
  }

  /**
   * Called once, after the last operation of the turn. The messages of a mailbox that this turn deletes are written like
   * any other's: what the reaper will find there are exactly those that were in it at the end.
   */
  toBatch(account: WritableAccount, expect: number, deferrable: boolean): AccountBatch {
    const changes: RowChange[] = [];
    for (const mailbox of this.#touched) {
      if (!mailbox.isGone) changes.push({ kind: 'mailbox', row: mailbox.toRow() });
      const { chunks, dropped } = mailbox.takeDirty();
      for (const first of dropped) changes.push({ kind: 'chunk-dropped', mailbox: mailbox.id, first });
      for (const row of chunks) changes.push({ kind: 'chunk', row });
    }
    for (const change of this.#changes) changes.push(change);
    if (this.#met.size > 0) changes.push({ kind: 'correspondents', rows: [...this.#met.values()] });
    // After the names of messages that came and went in this turn: a message that is gone has none.
    for (const row of this.#history.values()) changes.push({ kind: 'history', row });
    return { account: account.id, expect, row: { ...account.row }, changes, deferrable };
  }
}
