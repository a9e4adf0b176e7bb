/**
 * Group commit, the domain's half. A turn is everything asked for in one turn of the event loop, or as much of it as others can
 * wait for: operations run one after the other in memory, the rows of each account go to the store in one call, and each
 * caller goes on when that is durable.
 *
 * Invariants: operations of an account run in the order asked; nobody is answered or told before the turn is durable;
 * when the store refuses an account's batch, all of that account's operations of the turn are undone and refused, in
 * memory too. Readers that saw such a change in between wait on `account.unsettled`, which then rejects.
 */
import { setImmediate } from 'node:timers';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Author } from '../model/author.ts';
import { MailboxError, OutcomeUnknown } from '../model/errors.ts';
import { owedLevel } from '../model/room.ts';
import { type AccountBatch, type MailStore, StoreError, type StoreWrite } from '../port/store.ts';
import { refusalOf } from '../port/store-words.ts';
import { type AccountState, WritableAccount } from '../state/account.ts';
import { Outbox } from '../state/outbox.ts';
import { AccountChange } from './account-change.ts';
import { Hub } from './hub.ts';

export interface Operation<T> {
  readonly account: AccountState;
  /** Runs synchronously; throws MailboxError before it has changed anything or after, both are undone. */
  readonly run: (change: AccountChange) => T;
  /** Who asks for it; the server itself when nobody is named. */
  readonly by?: Author;
  /** Only flags change: `store.flags = "delayed"` may answer before it is on the disk. */
  readonly isDeferrable?: boolean;
}

/** What the store writes in some milliseconds; the operation that brings it above that is run to its end. */
const ROWS_PER_TURN = 200;

/** An operation whose caller waits for its answer. */
interface Waiting {
  readonly account: WritableAccount;
  readonly operation: Operation<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What one account's operations of a turn have come to; those that failed have been answered. */
interface AccountTurn {
  readonly account: WritableAccount;
  readonly change: AccountChange;
  readonly done: { waiting: Waiting; value: unknown }[];
  isDeferrable: boolean;
}

export class Turns {
  readonly #store: Pick<MailStore, 'write'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #hub = new Hub();
  /** Told of mail that is to leave, once it is durable. */
  readonly outbox = new Outbox();
  /** Told of accounts that have changed durably and whose owner is to be told how full they are. They do not throw. */
  readonly onRoom = new Set<(account: AccountState) => void>();
  /** And of those that have room again for what was refused. */
  readonly onRoomMade = new Set<(account: AccountState) => void>();
  /** And of those that use less, where others of their domain may have waited for that. */
  readonly onShared = new Set<(account: AccountState) => void>();
  #queue: Waiting[] = [];
  #isScheduled = false;
  /** Accounts whose last turn the store has not yet decided on: their next operations wait for it. */
  readonly #undecided = new Set<WritableAccount>();

  constructor(store: Pick<MailStore, 'write'>, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves with the operation's result once it is durable; rejects with MailboxError, and then nothing has changed. */
  run<T>(operation: Operation<T>): Promise<T> {
    const account = WritableAccount.of(operation.account);
    return new Promise<T>((resolve, reject) => {
      account.operations++;
      account.lastUsedMs = this.#clock.nowMs();
      this.#queue.push({
        account,
        operation,
        resolve: (value) => {
          account.operations--;
          resolve(value as T);
        },
        reject: (error) => {
          account.operations--;
          reject(error);
        },
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#runQueue();
    });
  }

  #runQueue(): void {
    const turns = new Map<WritableAccount, AccountTurn>();
    const later: Waiting[] = [];
    let isFull = false;
    for (const waiting of this.#queue) {
      if (isFull || this.#undecided.has(waiting.account)) later.push(waiting);
      else {
        this.#runOne(waiting, turns);
        isFull = rowsOf(turns) > ROWS_PER_TURN;
      }
    }
    this.#queue = later;
    if (isFull && later.length > 0) this.#schedule();
    const written: AccountTurn[] = [];
    for (const turn of turns.values()) {
      if (turn.change.isEmpty) this.#answerWhenSettled(turn);
      else written.push(turn);
    }
    if (written.length > 0) this.#write(written);
  }

  #runOne(waiting: Waiting, turns: Map<WritableAccount, AccountTurn>): void {
    const { account, operation } = waiting;
    if (account.isStale) {
      waiting.reject(new MailboxError('conflict', 'the account was changed elsewhere; try again'));
      return;
    }
    let turn = turns.get(account);
    if (turn === undefined) {
      const change = new AccountChange(account, this.#clock.nowMs());
      turn = { account, change, done: [], isDeferrable: true };
      turns.set(account, turn);
    }
    const mark = turn.change.begin(operation.by);
    try {
      const value = operation.run(turn.change);
      turn.done.push({ waiting, value });
      turn.isDeferrable &&= operation.isDeferrable === true;
    } catch (error) {
      waiting.reject(error);
      if (this.#rollBack(turn, mark)) return;
      turns.delete(account);
      refuse(
        turn,
        new MailboxError('unavailable', 'the server made a mistake; nothing was changed, try again'),
      );
    }
  }

  /** False when that is not possible: what is in memory cannot be relied on, and is loaded anew. */
  #rollBack({ account, change }: AccountTurn, mark?: number): boolean {
    try {
      change.rollBack(mark);
      return true;
    } catch (bug) {
      this.#log.error({ err: bug, account: account.id }, 'a refused change could not be undone in memory');
      account.abandon('the server made a mistake; sign in again');
      return false;
    }
  }

  /** Nothing changed, but what the answers were computed from may not be durable yet. */
  #answerWhenSettled(turn: AccountTurn): void {
    const settled = turn.account.unsettled ?? Promise.resolve();
    settled.then(
      () => answer(turn),
      (error: unknown) => refuse(turn, error),
    );
  }

  #write(turns: readonly AccountTurn[]): void {
    for (const { account } of turns) this.#undecided.add(account);
    const batches = turns.map(({ change, isDeferrable }) => change.toBatch(isDeferrable));
    const { committed, durable } = this.#hand(batches);
    durable.catch(() => {});
    const decided = committed.then(
      (errors) => this.#decide(turns, errors),
      (error: unknown) => this.#decide(turns, new Array(turns.length).fill(asStoreError(error))),
    );
    turns.forEach((turn, index) => {
      const outcome = decided.then(async (errors) => {
        const error = errors[index];
        if (error !== undefined) throw refusalOf(error);
        await durable.catch((reason: unknown) => this.#losePromise(turn, reason));
      });
      this.#settle(turn, outcome);
    });
  }

  /** A store that is closed says so at once. */
  #hand(batches: readonly AccountBatch[]): StoreWrite {
    try {
      return this.#store.write(batches);
    } catch (error) {
      return { committed: Promise.reject(error), durable: Promise.resolve() };
    }
  }

  /** The store has applied or refused each account's batch; what it refused is undone. Never throws. */
  #decide(
    turns: readonly AccountTurn[],
    errors: readonly (StoreError | undefined)[],
  ): readonly (StoreError | undefined)[] {
    turns.forEach((turn, index) => {
      this.#undecided.delete(turn.account);
      const error = errors[index];
      if (error !== undefined) this.#undo(turn, error);
      // Nobody has changed the account since: whoever wants to waits for this decision.
      else {
        turn.account.threads.committed(turn.account.modseq);
        turn.account.newcomers.committed(turn.account.modseq);
      }
    });
    if (this.#queue.length > 0) this.#schedule();
    return errors;
  }

  #undo(turn: AccountTurn, error: StoreError): void {
    const { account, change } = turn;
    const touched = [...change.touched];
    this.#rollBack(turn);
    for (const listener of account.listeners) listener.onTakenBack?.();
    for (const mailbox of touched) {
      for (const viewer of mailbox.viewers) if (viewer.readModseq > mailbox.modseq) viewer.events.onInvalid();
    }
    for (const follower of account.followers)
      if (follower.readModseq > account.modseq) follower.events.onInvalid();
    // Whoever has it now begins with what is stored.
    if (error.code === 'conflict' || error.code === 'fenced')
      account.abandon('the account was changed elsewhere');
  }

  /** Applied, but nobody can say whether it would survive a power cut: it may be told neither as done nor as not done. */
  #losePromise({ account }: AccountTurn, reason: unknown): never {
    account.abandon('storage failed; what was changed last may not be kept');
    throw new OutcomeUnknown('storage failed; it is not known whether this was kept', { cause: reason });
  }

  /** The turn's outcome reaches those who asked, and those who look. */
  #settle(turn: AccountTurn, outcome: Promise<void>): void {
    const { account, change } = turn;
    outcome.then(
      () => {
        answer(turn);
        this.#hub.tell(account, change.touched, change.touchesOwn);
        this.outbox.tell(change.outgoing.ids);
        if (change.hasFreed && account.shared !== undefined) for (const tell of this.onShared) tell(account);
        if (change.room.isMade) for (const tell of this.onRoomMade) tell(account);
        if (owedLevel(account) !== undefined) for (const tell of this.onRoom) tell(account);
      },
      (error: unknown) => refuse(turn, error),
    );
    // A turn that is durable sooner than one before it (delayed flags are) settles nothing but itself.
    const before = account.unsettled;
    const settled = before === undefined ? outcome : before.then(only(outcome), only(outcome));
    account.unsettled = settled;
    for (const listener of account.listeners) listener.onApplied?.();
    const forget = (): void => {
      if (account.unsettled === settled) account.unsettled = undefined;
    };
    settled.then(forget, forget);
  }
}

function rowsOf(turns: ReadonlyMap<WritableAccount, AccountTurn>): number {
  let rows = 0;
  for (const { change } of turns.values()) rows += change.rows;
  return rows;
}

function only<T>(value: T): () => T {
  return () => value;
}

function answer({ done }: AccountTurn): void {
  for (const { waiting, value } of done) waiting.resolve(value);
}

function refuse({ done }: AccountTurn, error: unknown): void {
  for (const { waiting } of done) waiting.reject(error);
}

function asStoreError(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError('io', String(error), { cause: error });
}
