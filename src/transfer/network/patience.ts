/**
 * How long it is tried again when the old server does not answer, or says that it is too much: pauses that double, up to a limit,
 * until it has not worked at all for longer than the person has patience. What works resets it.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { SourceFailure } from './failure.ts';

export interface PatienceOptions {
  /** For how long it may not work at all. */
  readonly longestMs: number;
  /** Told before each pause. */
  onPause(failure: SourceFailure, ms: number): void;
  /** Tests own the time. */
  readonly sleep?: (ms: number) => Promise<unknown>;
  readonly now?: () => number;
}

/** The first pause and the longest. */
const PAUSES: Readonly<Record<'lost' | 'busy', readonly [firstMs: number, longestMs: number]>> = {
  lost: [1000, 60_000],
  busy: [30_000, 15 * 60_000],
};

export class Patience {
  readonly #options: PatienceOptions;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #now: () => number;
  #failures = 0;
  #sinceMs: number | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? sleepFor;
    this.#now = options.now ?? Date.now;
  }

  worked(): void {
    this.#failures = 0;
    this.#sinceMs = undefined;
  }

  /** Waits, or throws the failure when it has been too long, or no waiting helps. */
  async pause(failure: SourceFailure): Promise<void> {
    if (failure.kind !== 'lost' && failure.kind !== 'busy') throw failure;
    this.#sinceMs ??= this.#now();
    const [first, longest] = PAUSES[failure.kind];
    const own = Math.min(longest, first * 2 ** Math.min(this.#failures, 20));
    const ms = Math.max(own, Math.min(failure.waitMs ?? 0, 60 * 60_000));
    this.#failures++;
    const waited = this.#now() - this.#sinceMs;
    if (waited + ms > this.#options.longestMs) throw failure;
    this.#options.onPause(failure, ms);
    await this.#sleep(ms);
  }
}
