/**
 * One transaction for several pieces of work, each behind a savepoint of its own: a piece that fails takes back only itself, a
 * COMMIT that fails takes back all. Broken pages are the exception: once SQLite has met one, the transaction is lost, whatever is
 * rolled back in it. Then each piece gets a transaction of its own, and only those that need the broken page fail.
 *
 * What is refused leaves no trace. A COMMIT can fail when all of its frames are in the log (the device did what it was
 * told and says that it did not), and the next start would read them there: so a harmless transaction is written over
 * them, and synced, before anybody is told. What is committed stays so: nothing that goes wrong behind a COMMIT is thrown.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { StoreError } from '../../mailbox/port/store.ts';
import { type Database, isBrokenPage, isIoFailure, isSyncFailure, storeError } from './database.ts';
import type { WalSync } from './wal-sync.ts';

export interface Work {
  /** Runs inside the transaction; throws to refuse. May run again after `undo`. */
  apply(): void;
  /** The same in pieces, of work that would stop everybody else; undefined when it is not so large. */
  readonly pieces?: (() => Iterable<void>) | undefined;
  /** Takes back what `apply` remembered outside the database: a savepoint or the whole turn was rolled back. */
  undo?(): void;
  /** The transaction is committed (not yet durable). What it throws is reported, and changes nothing. */
  done?(): void;
  /** New mail: the last room on a disk is not for it. */
  readonly bringsMail?: boolean;
}

export type Large = Work & { readonly pieces: () => Iterable<void> };

/** Of this size a piece has a transaction of its own, see `runLarge`. */
export function isLarge(work: Work): work is Large {
  return work.pieces !== undefined;
}

export type Outcomes = (StoreError | undefined)[];

export interface Ran {
  readonly outcomes: Outcomes;
  readonly isCommitted: boolean;
  /** The log may hold what was refused until it is synced. */
  readonly isOverwritten?: boolean;
}

/** What turns need of the log's sync. */
export type Sync = Pick<WalSync, 'sync' | 'failure'>;

export interface TransactionOptions {
  /**
   * What has to be in the database before anything else is: it goes first, and when it is refused, so is the turn. But
   * for broken pages, which hold up nobody else.
   */
  readonly before?: () => readonly Work[];
  readonly onFatal: (error: Error) => void;
  /** Nobody can be told whose work it was: it is done. */
  readonly onTrouble: (error: Error) => void;
  /** After each COMMIT: the checkpointer looks at the length of the log. */
  readonly onCommit: () => void;
  /** A transaction that changes nothing anybody reads, but writes to the log. */
  readonly overwrite: () => void;
  /** There was no room: true when there is some now, which is for all but mail. */
  readonly makeRoom?: () => boolean;
}

export class Transactions {
  readonly #db: Database;
  readonly #sync: Sync;
  readonly #options: TransactionOptions;
  #unfinished: Promise<unknown> | undefined;

  constructor(db: Database, sync: Sync, options: TransactionOptions) {
    this.#db = db;
    this.#sync = sync;
    this.#options = options;
  }

  /** Settles with the large piece that is being applied. */
  get unfinished(): Promise<unknown> | undefined {
    return this.#unfinished;
  }

  /** Of small pieces, at once. */
  run(works: readonly Work[]): Ran {
    const { failure } = this.#sync;
    if (failure) return refusal(works, failure);
    const before = this.#options.before?.() ?? [];
    const all = [...before, ...works];
    const ran = this.#retry(all, before.length, this.#attempt(all, before.length));
    return { ...ran, outcomes: ran.outcomes.slice(before.length) };
  }

  /**
   * Alone in a transaction, during which the event loop runs on. Nothing else may be applied meanwhile, and what goes before it
   * has been.
   */
  async runLarge(work: Large): Promise<Ran> {
    const { failure } = this.#sync;
    if (failure) return refusal([work], failure);
    try {
      this.#db.prepare('BEGIN IMMEDIATE').run();
    } catch (error) {
      return refusal([work], storeError(error, 'starting a transaction'));
    }
    const written = this.#write(work);
    this.#unfinished = written;
    const error = await written;
    this.#unfinished = undefined;
    return error === undefined
      ? this.#commit([work], [undefined])
      : this.#abandon([work], [undefined], error);
  }

  async #write(work: Large): Promise<StoreError | undefined> {
    const slice = new TimeSlice();
    try {
      for (const _ of work.pieces()) await slice.spent();
      return undefined;
    } catch (error) {
      return storeError(error, 'applying a change');
    }
  }

  #attempt(works: readonly Work[], needed: number): Ran {
    return this.#together(works, needed) ?? this.#apart(works, needed);
  }

  /** What there was no room for, once more when room can be made. */
  #retry(works: readonly Work[], needed: number, ran: Ran): Ran {
    if (!ran.outcomes.some((error) => error?.code === 'full')) return ran;
    const again = [...works.keys()].filter((i) => ran.outcomes[i]?.code === 'full' && !works[i]?.bringsMail);
    if (again.length === 0 || this.#options.makeRoom?.() !== true) return ran;
    const second = this.#attempt(
      again.map((i) => works[i] as Work),
      again.filter((i) => i < needed).length,
    );
    const outcomes = [...ran.outcomes];
    for (const [at, i] of again.entries()) outcomes[i] = second.outcomes[at];
    const isOverwritten = ran.isOverwritten === true || second.isOverwritten === true;
    return { outcomes, isCommitted: ran.isCommitted || second.isCommitted, isOverwritten };
  }

  /** One transaction, which the first `needed` works must be in; undefined when several met broken pages in it. */
  #together(works: readonly Work[], needed: number): Ran | undefined {
    try {
      this.#db.prepare('BEGIN IMMEDIATE').run();
    } catch (error) {
      return refusal(works, storeError(error, 'starting a transaction'));
    }
    const outcomes: Outcomes = new Array(works.length).fill(undefined);
    let applied = 0;
    for (let i = 0; i < works.length; i++) {
      const error =
        works.length === 1 ? this.#apply(works[i] as Work) : this.#applyIsolated(works[i] as Work);
      outcomes[i] = error;
      if (error === undefined) applied++;
      else if (isBrokenPage(error) && works.length > 1) {
        this.#abandon(works, outcomes, error);
        return undefined;
      } else if (i < needed || !this.#db.isInTransaction) return this.#abandon(works, outcomes, error);
    }
    if (applied > 0) return this.#commit(works, outcomes);
    this.#rollBack();
    return { outcomes, isCommitted: false };
  }

  #apart(works: readonly Work[], needed: number): Ran {
    const outcomes: Outcomes = [];
    let isCommitted = false;
    let isOverwritten = false;
    for (const [i, work] of works.entries()) {
      const one = this.#together([work], 0) as Ran;
      const [error] = one.outcomes;
      outcomes.push(error);
      isCommitted ||= one.isCommitted;
      isOverwritten ||= one.isOverwritten === true;
      if (i >= needed || error === undefined || error.code === 'damaged') continue;
      outcomes.push(...works.slice(i + 1).map(() => error));
      break;
    }
    return { outcomes, isCommitted, isOverwritten };
  }

  #commit(works: readonly Work[], outcomes: Outcomes): Ran {
    try {
      this.#db.prepare('COMMIT').run();
    } catch (error) {
      if (isSyncFailure(error)) this.#options.onFatal(error as Error);
      const ran = this.#abandon(works, outcomes, storeError(error, 'committing'));
      if (!isIoFailure(error)) return ran;
      this.#overwrite();
      return { ...ran, isOverwritten: true };
    }
    for (let i = 0; i < works.length; i++) {
      if (outcomes[i] === undefined) this.#afterCommit(() => works[i]?.done?.());
    }
    this.#afterCommit(this.#options.onCommit);
    return { outcomes, isCommitted: true };
  }

  #afterCommit(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onTrouble(error as Error);
    }
  }

  /** It may fail as the COMMIT did, after its frames have taken the place of the others. */
  #overwrite(): void {
    try {
      this.#options.overwrite();
    } catch (error) {
      this.#options.onTrouble(error as Error);
    }
  }

  /** A transaction that cannot be ended would take all that comes with it. */
  #rollBack(): void {
    try {
      this.#db.rollback();
    } catch (error) {
      if (this.#db.isInTransaction) this.#options.onFatal(error as Error);
      else this.#options.onTrouble(error as Error);
    }
  }

  /** The whole turn is gone: everything that had been applied fails with the same reason. */
  #abandon(works: readonly Work[], outcomes: Outcomes, reason: StoreError): Ran {
    this.#rollBack();
    for (let i = works.length - 1; i >= 0; i--) {
      if (outcomes[i] !== undefined) continue;
      works[i]?.undo?.();
      outcomes[i] = reason;
    }
    return { outcomes, isCommitted: false };
  }

  /** Alone in its turn, a piece needs no savepoint: nothing else would be rolled back with it. */
  #apply(work: Work): StoreError | undefined {
    try {
      work.apply();
      return undefined;
    } catch (error) {
      work.undo?.();
      return storeError(error, 'applying a change');
    }
  }

  /** A savepoint that cannot be kept is the end of the turn: SQLite has rolled back, or the caller does. */
  #applyIsolated(work: Work): StoreError | undefined {
    try {
      this.#db.prepare('SAVEPOINT work').run();
    } catch (error) {
      return this.#lost(error);
    }
    const failure = this.#apply(work);
    try {
      if (failure !== undefined && this.#db.isInTransaction) this.#db.prepare('ROLLBACK TO work').run();
      if (this.#db.isInTransaction) this.#db.prepare('RELEASE work').run();
    } catch (error) {
      if (failure === undefined) work.undo?.();
      return this.#lost(error);
    }
    return failure;
  }

  #lost(error: unknown): StoreError {
    this.#rollBack();
    return storeError(error, 'keeping a savepoint');
  }
}
function refusal(works: readonly Work[], reason: StoreError): Ran {
  return { outcomes: works.map(() => reason), isCommitted: false };
}
