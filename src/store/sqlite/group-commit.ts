/**
 * Turns: all that changed in one turn of the event loop goes into one transaction (`transactions.ts`), each piece of work by
 * itself applied or refused, and shares one sync.
 *
 * A turn is applied synchronously inside `submit`, unless the checkpointer has paused the writers; then it queues, and
 * the order of the calls is kept.
 * `committed` tells what became of each piece, `durable` resolves after a sync that was started after the COMMIT.
 *
 * A large piece (thousands of messages at once) has a transaction of its own, during which the event loop runs on and writers are
 * paused. What it has written can be read meanwhile, though it may be taken back: whoever looks for what he does not know of
 * waits for `unfinished`.
 */
import { Mutex } from '../../base/gate.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { Database } from './database.ts';
import {
  isLarge,
  type Outcomes,
  type Ran,
  type Sync,
  type TransactionOptions,
  Transactions,
  type Work,
} from './transactions.ts';

export interface Submitted {
  readonly committed: Promise<readonly (StoreError | undefined)[]>;
  readonly durable: Promise<void>;
}

/** Instead of a large piece: what goes before it is done. */
const NOTHING: Work = { apply() {} };

interface QueuedTurn {
  readonly works: readonly Work[];
  readonly committed: PromiseWithResolvers<Outcomes>;
  readonly durable: PromiseWithResolvers<void>;
}

const RESOLVED: Promise<void> = Promise.resolve();

export interface GroupCommitOptions extends TransactionOptions {
  /** Only for the tests that prove that the power-cut test sees what it should. */
  readonly acknowledgesBeforeSync?: boolean;
}

export class GroupCommit {
  readonly #sync: Sync;
  readonly #transactions: Transactions;
  readonly #options: GroupCommitOptions;
  readonly #queue: QueuedTurn[] = [];
  readonly #pausing = new Mutex();
  #isPaused = false;
  #isClosed = false;

  constructor(db: Database, sync: Sync, options: GroupCommitOptions) {
    this.#sync = sync;
    this.#options = options;
    this.#transactions = new Transactions(db, sync, options);
  }

  submit(works: readonly Work[]): Submitted {
    if (this.#isClosed) return refused(works, new StoreError('closed', 'the store is closed'));
    if (this.#isPaused || works.some(isLarge)) return this.#enqueue(works);
    const ran = this.#transactions.run(works);
    return { committed: this.#told(ran), durable: this.#durable(ran.isCommitted) };
  }

  #enqueue(works: readonly Work[]): Submitted {
    const turn = {
      works,
      committed: Promise.withResolvers<Outcomes>(),
      durable: Promise.withResolvers<void>(),
    };
    turn.durable.promise.catch(() => {});
    this.#queue.push(turn);
    if (!this.#isPaused) this.#runQueue();
    return { committed: turn.committed.promise, durable: turn.durable.promise };
  }

  /** Turns wait: nothing new comes into the database now, but for the rest of a large piece. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Settles with the large piece that is being applied. */
  get unfinished(): Promise<unknown> | undefined {
    return this.#transactions.unfinished;
  }

  /** One piece of the store's own work: resolves when it is durable, throws why it was refused. */
  async perform(work: Work): Promise<void> {
    const { committed, durable } = this.submit([work]);
    const [error] = await committed;
    if (error) throw error;
    await durable;
  }

  /** While `work` runs no turn is applied; turns queue. One such work at a time. */
  paused<T>(work: () => Promise<T>): Promise<T> {
    return this.#pausing.run(async () => {
      this.#isPaused = true;
      try {
        return await work();
      } finally {
        this.#isPaused = false;
        this.#runQueue();
      }
    });
  }

  /** Later turns are refused; what is queued has been run when the checkpointer has ended, which comes first. */
  close(): void {
    this.#isClosed = true;
  }

  /** Up to the next turn with a large piece in it, which waits for whoever wants a pause as well. */
  #runQueue(): void {
    for (let [turn] = this.#queue; turn !== undefined; [turn] = this.#queue) {
      if (turn.works.some(isLarge)) {
        this.#isPaused = true;
        this.paused(() => this.#runFirst()).catch(this.#options.onFatal);
        return;
      }
      this.#queue.shift();
      this.#settle(turn, this.#transactions.run(turn.works));
    }
  }

  #settle(turn: QueuedTurn, ran: Ran): void {
    turn.committed.resolve(this.#told(ran));
    this.#durable(ran.isCommitted).then(turn.durable.resolve, turn.durable.reject);
  }

  /** All small pieces together, then each large one by itself. */
  async #runFirst(): Promise<void> {
    const turn = this.#queue.shift();
    if (turn === undefined) return;
    const ran = this.#transactions.run(turn.works.map((work) => (isLarge(work) ? NOTHING : work)));
    const outcomes = [...ran.outcomes];
    let { isCommitted, isOverwritten = false } = ran;
    for (const [i, work] of turn.works.entries()) {
      if (!isLarge(work) || outcomes[i] !== undefined) continue;
      const one = await this.#transactions.runLarge(work);
      outcomes[i] = one.outcomes[0];
      isCommitted ||= one.isCommitted;
      isOverwritten ||= one.isOverwritten === true;
    }
    this.#settle(turn, { outcomes, isCommitted, isOverwritten });
  }

  #told({ outcomes, isOverwritten }: Ran): Promise<Outcomes> {
    if (isOverwritten !== true) return Promise.resolve(outcomes);
    return this.#sync.sync().then(
      () => outcomes,
      () => outcomes,
    );
  }

  #durable(isCommitted: boolean): Promise<void> {
    if (!isCommitted || this.#options.acknowledgesBeforeSync === true) return RESOLVED;
    const durable = this.#sync.sync();
    durable.catch(() => {}); // whoever awaits it learns of the failure; nobody may be waiting
    return durable;
  }
}

function refused(works: readonly Work[], reason: StoreError): Submitted {
  return { committed: Promise.resolve(works.map(() => reason)), durable: RESOLVED };
}
