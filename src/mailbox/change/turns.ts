/**
 * Group commit, the domain's half: operations asked for in one turn of the event loop run one after the other in memory,
 * their rows go to the store in one call, and each caller goes on when that is durable.
 *
 * Invariants: operations of an account run in the order asked; nobody is answered or notified before the turn is
 * durable; when the store refuses an account's batch, all of that account's operations of the turn are undone and
 * refused, in memory too. Readers that saw such a change in between wait on `account.unsettled`, which then rejects.
 */
import { setImmediate } from 'node:timers';
import type { Clock } from '../../base/clock.ts';
import { MailboxError } from '../model/errors.ts';
import { type AccountBatch, type MailStore, StoreError } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import { AccountChange } from './account-change.ts';

export interface Operation<T> {
  readonly account: AccountState;
  /** Runs synchronously; throws MailboxError before it has changed anything or after, both are undone. */
  readonly run: (change: AccountChange) => T;
  /** Only flags change: `store.flags = "delayed"` may answer before it is on the disk. */
  readonly isDeferrable?: boolean;
}

interface Waiting {
  readonly operation: Operation<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface AccountTurn {
  readonly change: AccountChange;
  readonly done: { waiting: Waiting; value: unknown }[];
  isDeferrable: boolean;
}

export class Turns {
  readonly #store: Pick<MailStore, 'write'>;
  readonly #clock: Clock;
  #queue: Waiting[] = [];
  #isScheduled = false;
  /** Accounts whose last turn is not yet applied: their next operations wait for it. */
  readonly #applying = new Set<AccountState>();

  constructor(store: Pick<MailStore, 'write'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Resolves with the operation's result once it is durable; rejects with MailboxError, and then nothing has changed. */
  run<T>(operation: Operation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ operation, resolve: resolve as (value: unknown) => void, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const turns = new Map<AccountState, AccountTurn>();
    const later: Waiting[] = [];
    for (const waiting of this.#queue) {
      const { account } = waiting.operation;
      if (this.#applying.has(account)) later.push(waiting);
      else this.#runOne(waiting, turns);
    }
    this.#queue = later;
    const written = [...turns].filter(([, turn]) => !turn.change.isEmpty);
    for (const [account, turn] of turns) if (turn.change.isEmpty) this.#settleEmpty(account, turn);
    if (written.length > 0) this.#write(written);
  }

  #runOne(waiting: Waiting, turns: Map<AccountState, AccountTurn>): void {
    const { account, run, isDeferrable } = waiting.operation;
    let turn = turns.get(account);
    if (turn === undefined) {
      turn = { change: new AccountChange(account, this.#clock.nowMs()), done: [], isDeferrable: true };
      turns.set(account, turn);
    }
    const mark = turn.change.begin();
    try {
      const value = run(turn.change);
      turn.done.push({ waiting, value });
      turn.isDeferrable &&= isDeferrable === true;
    } catch (error) {
      turn.change.rollBack(mark);
      waiting.reject(error);
    }
  }

  /** Nothing changed, but what the answer was computed from may not be durable yet. */
  #settleEmpty(account: AccountState, turn: AccountTurn): void {
    const settled = account.unsettled ?? Promise.resolve();
    settled.then(
      () => {
        for (const { waiting, value } of turn.done) waiting.resolve(value);
      },
      (error: unknown) => {
        for (const { waiting } of turn.done) waiting.reject(error);
      },
    );
  }

  #write(written: [AccountState, AccountTurn][]): void {
    const batches: AccountBatch[] = written.map(([, turn]) => turn.change.toBatch(turn.isDeferrable));
    for (const [account] of written) this.#applying.add(account);
    const { committed, durable } = this.#store.write(batches);
    const outcomes = committed.then(
      (results) => results,
      (error: unknown) => written.map(() => asStoreError(error)),
    );
    const applied = outcomes.then((results) => {
      written.forEach(([account, turn], index) => {
        this.#applying.delete(account);
        const error = results[index];
        if (error !== undefined) undo(account, turn, error);
      });
      if (this.#queue.length > 0) this.#schedule();
      return results;
    });
    written.forEach(([account, turn], index) => {
      this.#settle(account, turn, index, applied, durable);
    });
  }

  #settle(
    account: AccountState,
    turn: AccountTurn,
    index: number,
    applied: Promise<readonly (StoreError | undefined)[]>,
    durable: Promise<void>,
  ): void {
    const own = applied.then(async (results) => {
      const error = results[index];
      if (error !== undefined) throw refusal(error);
      await durable;
    });
    // A turn that is durable sooner than one before it (delayed flags are) settles nothing but itself.
    const before = account.unsettled;
    const settled =
      before === undefined
        ? own
        : before.then(
            () => own,
            () => own,
          );
    account.unsettled = settled;
    const done = (): void => {
      if (account.unsettled === settled) account.unsettled = undefined;
    };
    settled.then(done, done);
    own.then(
      () => {
        for (const { waiting, value } of turn.done) waiting.resolve(value);
        notify(account, turn.change);
      },
      (error: unknown) => {
        for (const { waiting } of turn.done) waiting.reject(error);
      },
    );
  }
}

function undo(account: AccountState, turn: AccountTurn, error: StoreError): void {
  turn.change.rollBack(0);
  for (const mailbox of turn.change.touched) {
    for (const watcher of mailbox.viewers) if (watcher.readModseq > mailbox.modseq) watcher.invalidate();
  }
  if (error.code === 'conflict') {
    account.isStale = true;
    for (const listener of account.listeners) listener.onEvicted('the account was changed elsewhere');
  }
}

function notify(account: AccountState, change: AccountChange): void {
  for (const mailbox of change.touched) for (const watcher of mailbox.viewers) watcher.hint();
  if (change.touched.size === 0 || account.listeners.size === 0) return;
  const ids = [...change.touched].map((mailbox) => mailbox.id);
  for (const listener of account.listeners) listener.onAccountChange(ids);
}

function asStoreError(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError('io', String(error), { cause: error });
}

function refusal(error: StoreError): MailboxError {
  if (error.code === 'conflict')
    return new MailboxError('conflict', 'the account was changed elsewhere; try again');
  const why = error.code === 'full' ? 'the disk is full' : 'storage failed';
  return new MailboxError('unavailable', `${why}; nothing was changed, try again later`, { cause: error });
}
