/**
 * The verbs of a change that are about what is stored of emails beside their octets: what was computed from these, the threads,
 * and what filters are to learn from them. Nothing that a client has been told changes by them, so messages keep their modseq and nobody is told.
 */
import type { ComputedFacts } from '../model/facts.ts';
import type { Lesson } from '../model/lessons.ts';
import { type EmailId, emailNumber, type ModSeq } from '../model/model.ts';
import { type EmailThread, type KnownThreads, type ThreadNames, threadOf } from '../model/threads.ts';
import type { WritableAccount } from '../state/account.ts';
import type { MailboxState, WritableMailbox } from '../state/mailbox.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

export class FactChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #write: (mailbox: MailboxState) => WritableMailbox;
  readonly #takeModseq: () => ModSeq;

  /** Writing a mailbox takes the modseq of the operation as well. */
  constructor(
    account: WritableAccount,
    undo: Undo,
    rows: BatchRows,
    write: (mailbox: MailboxState) => WritableMailbox,
    takeModseq: () => ModSeq,
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

  /** In the place of what it taught before. */
  teach(lesson: Lesson): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'lesson', lesson });
  }

  learned(lesson: Lesson): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'lesson-learned', lesson });
  }

  /** Every email of the account has facts of this version. */
  noteVersion(version: number): void {
    this.#takeModseq();
    this.#account.row.factsVersion = version;
  }

  /** The thread of the next email to be made in this change, among what is known by now; undefined when its turn is later. */
  threadOfNext(names: ThreadNames, known: KnownThreads): EmailThread | undefined {
    const { unthreaded, nextEmail } = this.#account.row;
    return unthreaded > 0 ? undefined : this.#decide(nextEmail, names, known);
  }

  /** Of an email that is there and has none. */
  giveThread(email: EmailId, names: ThreadNames, known: KnownThreads): void {
    const thread = this.#decide(emailNumber(email), names, known);
    this.#rows.add({ kind: 'threaded', email, thread });
  }

  /** All emails before this one have threads; 0: all emails have, and those to come get theirs as they come. */
  noteThreaded(next: number): void {
    this.#takeModseq();
    this.#account.row.unthreaded = next;
  }

  #decide(email: number, names: ThreadNames, known: KnownThreads): EmailThread {
    const thread = threadOf(email, names, known);
    this.#undo.did(this.#account.threads.add(this.#takeModseq(), email, thread));
    return thread;
  }

  /** Traits of loaded messages at these ascending rows. */
  setTraits(mailbox: MailboxState, rows: readonly number[], traits: readonly number[]): void {
    if (rows.length === 0) return;
    this.#undo.did(this.#write(mailbox).whole.setTraits(rows, traits));
  }
}
