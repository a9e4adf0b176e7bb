/**
 * The time by which mail is given up for good. A clock that jumps ahead by more than a day, be it while the server runs or while it
 * does not, is not believed before the server has run for a day with it: whoever has set it wrong has that long to see it, and nothing is
 * lost. A clock that is set back is believed at once, since then nothing is due.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';

/** What is remembered between two runs of the server. */
export interface TimeMemory {
  readonly knownMs: number;
  /** So long the server has run with a clock that is further ahead. */
  readonly waitedMs: number;
}

export interface KnownTimeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory?: TimeMemory | undefined;
  /** Goes on whatever becomes of the clock. */
  readonly elapsedMs?: () => number;
}

const DAY_MS = 24 * 3600_000;

export class KnownTime implements Clock {
  readonly #options: KnownTimeOptions;
  readonly #elapsedMs: () => number;
  #knownMs: number;
  #waitedMs: number;
  #lookedAt: number;
  #isWaiting = false;

  constructor(options: KnownTimeOptions) {
    const { clock, memory, elapsedMs = () => performance.now() } = options;
    this.#options = options;
    this.#elapsedMs = elapsedMs;
    this.#knownMs = memory?.knownMs ?? clock.nowMs();
    this.#waitedMs = memory?.waitedMs ?? 0;
    this.#lookedAt = elapsedMs();
  }

  get memory(): TimeMemory {
    this.nowMs();
    return { knownMs: this.#knownMs, waitedMs: this.#waitedMs };
  }

  nowMs(): number {
    const { clock } = this.#options;
    const wallMs = clock.nowMs();
    const lookedAt = this.#elapsedMs();
    const sinceMs = Math.max(0, lookedAt - this.#lookedAt);
    this.#lookedAt = lookedAt;
    const expectedMs = this.#knownMs + sinceMs;
    const isAhead = wallMs > expectedMs + DAY_MS;
    if (isAhead) this.#noteJump(wallMs, expectedMs);
    this.#waitedMs += sinceMs;
    if (!isAhead || this.#waitedMs >= DAY_MS) {
      this.#knownMs = wallMs;
      this.#waitedMs = 0;
      this.#isWaiting = false;
    } else this.#knownMs = Math.round(expectedMs);
    return this.#knownMs;
  }

  #noteJump(wallMs: number, expectedMs: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const days = Math.round((wallMs - expectedMs) / DAY_MS);
    this.#options.log.warn(
      { days, known: new Date(expectedMs).toISOString(), clock: new Date(wallMs).toISOString() },
      'the clock has jumped ahead, or the server was off: mail that is due to be given up is kept for another day',
    );
  }
}
