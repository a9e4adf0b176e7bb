/**
 * Changes that bring no mail, on a full disk: people make room by deleting, and that must not fail for want of room in the
 * log. First the reserve of the disk is given up; then the log is moved into the database, whose pages are there already,
 * and its room is used once more. Until that is done such a change waits.
 */
import type { StoreError } from '../../mailbox/port/store.ts';
import type { DiskRoom } from './disk-room.ts';
import type { Submitted } from './group-commit.ts';
import type { Work } from './transactions.ts';

/** Since there was no room at all. */
const TIGHT_MS = 60_000;

export interface PatientOptions {
  readonly submit: (works: readonly Work[]) => Submitted;
  /** Resolves when the log has room again, false when it could not be had. */
  readonly emptyLog: () => Promise<boolean>;
}

export class PatientWrites {
  readonly #options: PatientOptions;
  #tightMs = Number.NEGATIVE_INFINITY;
  room: DiskRoom | undefined;

  constructor(options: PatientOptions) {
    this.#options = options;
  }

  /** There was no room for a transaction: true when it can be tried again at once. */
  makeRoom(): boolean {
    this.#tightMs = performance.now();
    return this.room?.giveUpReserve() ?? false;
  }

  submit(works: readonly Work[]): Submitted {
    const turn = this.#options.submit(works);
    return performance.now() - this.#tightMs < TIGHT_MS ? this.#patiently(works, turn) : turn;
  }

  #patiently(works: readonly Work[], turn: Submitted): Submitted {
    const last = turn.committed.then((outcomes) => this.#again(works, outcomes, turn.durable));
    const durable = last.then((it) => it.durable);
    durable.catch(() => {});
    return { committed: last.then((it) => it.outcomes), durable };
  }

  async #again(
    works: readonly Work[],
    outcomes: readonly (StoreError | undefined)[],
    durable: Promise<void>,
  ): Promise<{ readonly outcomes: readonly (StoreError | undefined)[]; readonly durable: Promise<void> }> {
    const refused = [...works.keys()].filter((i) => outcomes[i]?.code === 'full' && !works[i]?.bringsMail);
    if (refused.length === 0 || !(await this.#options.emptyLog())) return { outcomes, durable };
    const second = this.#options.submit(refused.map((i) => works[i] as Work));
    const results = await second.committed;
    const merged = [...outcomes];
    for (const [at, i] of refused.entries()) merged[i] = results[at];
    const both = Promise.all([durable, second.durable]).then(() => {});
    both.catch(() => {});
    return { outcomes: merged, durable: both };
  }
}
