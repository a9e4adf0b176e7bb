/**
 * `store.flags = "delayed"`: changes of flags are answered when they are in the journal, which is one write to a file
 * instead of a transaction of three pages. What waits is kept merged in memory, the last state of each row, and goes
 * into the database in one transaction: after DELAY_MS, before whatever else is written, and before anybody reads
 * the rows. So nobody ever sees the database without it, and a thousand changes of one chunk are one row.
 *
 * A killed process loses nothing: the journal is read at the next start. A power cut loses at most the changes of the
 * last 100 ms, and never the order of those of one account: each is applied only on the modseq it was made for. When
 * what waits cannot be written (a full disk, a checkpoint at work), nothing more is taken until it is.
 */
import type { AccountId } from '../../mailbox/model/model.ts';
import type { AccountBatch, RowChange } from '../../mailbox/port/store.ts';
import { type BatchContext, storedModseq, writeFlagRows } from './account-batch.ts';
import { storeError } from './database.ts';
import type { FlagBatch, FlagChange, FlagJournal } from './flag-journal.ts';
import type { Work } from './transactions.ts';

/** Half of what is promised: the other half is for the transaction and its sync. */
const DELAY_MS = 50;
/** Until the next try, when the transaction was refused. */
const RETRY_MS = 5000;
/** Some milliseconds of rows in one transaction. */
const MAX_ROWS = 256;
const MAX_JOURNAL_BYTES = 8 * 1024 * 1024;

/** The rows of one account as they are to be. */
interface Waiting {
  /** The modseq that the database has. */
  readonly from: number;
  row: AccountBatch['row'];
  /** The last state of each row, by what names it. */
  readonly changes: Map<string, FlagBatch['changes'][number]>;
}

export interface DelayedFlagsOptions {
  /** Writes what waits, with a sync to follow; `retryLater` when that fails. */
  readonly flush: () => void;
  /** The changes of an account were lost to a damaged database. */
  readonly onTrouble: (error: Error) => void;
}

export class DelayedFlags {
  readonly #context: BatchContext;
  readonly #journal: FlagJournal;
  readonly #options: DelayedFlagsOptions;
  readonly #waiting = new Map<AccountId, Waiting>();
  #rows = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What waits could not be written yet: nothing more is taken. */
  #isRefused = false;

  constructor(context: BatchContext, journal: FlagJournal, options: DelayedFlagsOptions) {
    this.#context = context;
    this.#journal = journal;
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  has(account: AccountId): boolean {
    return this.#waiting.has(account);
  }

  /**
   * Takes all of these batches or none: false when one is more than a change of flags, was made for another modseq, or
   * there is no room. Then they are to be written as any others, which finds the same faults and says so.
   */
  take(batches: readonly AccountBatch[]): boolean {
    if (this.#isRefused || this.#isFull()) return false;
    try {
      const changes = batches.map(asFlagBatch);
      if (!changes.every((batch) => batch !== undefined && this.#isNext(batch))) return false;
      this.#journal.append(changes as FlagBatch[]);
      for (const batch of changes) this.#add(batch as FlagBatch);
    } catch {
      return false;
    }
    if (this.#isFull()) this.#options.flush();
    else this.#wait(DELAY_MS);
    return true;
  }

  /** What a journal held at the start; what the database has already is left out. */
  recover(batches: readonly FlagBatch[]): void {
    for (const batch of batches) {
      try {
        if (this.#isNext(batch)) this.#add(batch);
      } catch (error) {
        this.#options.onTrouble(storeError(error, `reading the journal for account ${batch.account}`));
      }
    }
    // New records would be written over those that wait.
    this.#isRefused = this.isWaiting;
  }

  /** For the next transaction, before anything else in it; one for each account. */
  works(): readonly Work[] {
    return this.#waiting.size === 0 ? NO_WORKS : [...this.#waiting].map((entry) => this.#workOf(entry));
  }

  retryLater(): void {
    if (this.isWaiting) this.#wait(RETRY_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#journal.close();
  }

  #wait(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#options.flush();
    }, ms);
  }

  #isFull(): boolean {
    return this.#rows >= MAX_ROWS || this.#journal.sizeBytes >= MAX_JOURNAL_BYTES;
  }

  #isNext({ account, expect }: FlagBatch): boolean {
    return !this.#context.destroyed.has(account) && storedModseq(this.#context, account) === expect;
  }

  #add({ account, expect, row, changes }: FlagBatch): void {
    let waiting = this.#waiting.get(account);
    if (waiting === undefined) {
      waiting = { from: expect, row, changes: new Map() };
      this.#waiting.set(account, waiting);
    }
    waiting.row = row;
    const before = waiting.changes.size;
    for (const change of changes) waiting.changes.set(nameOf(change), change);
    this.#rows += waiting.changes.size - before;
    this.#context.modseqs.set(account, row.modseq);
  }

  #workOf([account, waiting]: readonly [AccountId, Waiting]): Work {
    let damages = 0;
    let damage: Error | undefined;
    return {
      apply: () => {
        try {
          writeFlagRows(this.#context, { account, row: waiting.row, changes: [...waiting.changes.values()] });
        } catch (error) {
          const reason = storeError(error, `storing flags of account ${account}`);
          if (reason.code === 'damaged') damages++;
          damage = reason;
          throw reason;
        }
      },
      undo: () => {
        // Once among others, whose page it may have been, and once alone.
        if (damages > 1) this.#forget(account, damage as Error);
        else this.#remember(account, waiting);
      },
      done: () => {
        this.#context.progress.value += waiting.row.modseq - waiting.from;
        this.#drop(account);
      },
    };
  }

  /** Rolled back, perhaps with a later batch of the same account: what waits is still the truth. */
  #remember(account: AccountId, { row }: Waiting): void {
    this.#isRefused = true;
    this.#context.modseqs.set(account, row.modseq);
    this.#context.orphans.delete(account);
  }

  /** The next change of the account is refused, since it was made for a modseq that is not there; then it is loaded anew. */
  #forget(account: AccountId, reason: Error): void {
    this.#context.modseqs.delete(account);
    this.#context.orphans.delete(account);
    this.#options.onTrouble(reason);
    this.#drop(account);
  }

  #drop(account: AccountId): void {
    this.#rows -= this.#waiting.get(account)?.changes.size ?? 0;
    this.#waiting.delete(account);
    if (this.isWaiting) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isRefused = false;
    this.#journal.restart();
  }
}

const NO_WORKS: readonly Work[] = Object.freeze([]);

/** Undefined when it is more than a change of flags. */
export function asFlagBatch({
  account,
  expect,
  row,
  changes,
  deferrable,
}: AccountBatch): FlagBatch | undefined {
  if (!deferrable || expect === 0) return undefined;
  const flags = changes.filter(isFlagChange);
  return flags.length === changes.length ? { account, expect, row, changes: flags } : undefined;
}

function isFlagChange(change: RowChange): change is FlagChange {
  return change.kind === 'mailbox' || change.kind === 'chunk' || change.kind === 'history';
}

function nameOf(change: FlagBatch['changes'][number]): string {
  switch (change.kind) {
    case 'mailbox':
      return `mailbox ${change.row.id}`;
    case 'chunk':
      return `chunk ${change.row.mailbox} ${change.row.first}`;
    case 'history':
      return `history ${change.row.modseq}`;
    case 'keyword':
      return `keyword ${change.mailbox} ${change.row.kind} ${change.row.number}`;
  }
}
