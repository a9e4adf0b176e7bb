/**
 * The verbs of a change that are about what was computed from the octets of emails: nothing that a client has been told changes
 * by them, so messages keep their modseq and nobody is told.
 */
import type { ComputedFacts } from '../model/facts.ts';
import type { EmailId } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { MailboxState, WritableMailbox } from '../state/mailbox.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

export class FactChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #write: (mailbox: MailboxState) => WritableMailbox;
  readonly #takeModseq: () => void;

  /** Writing a mailbox takes the modseq of the operation as well. */
  constructor(
    account: WritableAccount,
    undo: Undo,
    rows: BatchRows,
    write: (mailbox: MailboxState) => WritableMailbox,
    takeModseq: () => void,
  ) {
    this.#account = account;
    this.#undo = undo;
    this.#rows = rows;
    this.#write = write;
    this.#takeModseq = takeModseq;
  }

  /** Of an email that is there. */
  replace(email: EmailId, facts: ComputedFacts): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'facts', email, facts });
  }

  /** Every email of the account has facts of this version. */
  noteVersion(version: number): void {
    this.#takeModseq();
    this.#account.row.factsVersion = version;
  }

  /** Traits of loaded messages at these ascending rows. */
  setTraits(mailbox: MailboxState, rows: readonly number[], traits: readonly number[]): void {
    if (rows.length === 0) return;
    this.#undo.did(this.#write(mailbox).whole.setTraits(rows, traits));
  }
}
