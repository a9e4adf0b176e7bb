/**
 * The time by which mail is given up for good. A clock that jumps ahead by more than a day, be it while the server runs or while it
 * does not, is not believed before the server has run for a day with it: whoever has set it wrong has that long to see it, and nothing is
 * lost. A clock that is set back is believed at once, since then nothing is due.
 *
 * Nor does the jump make anything older once it is believed: a machine may have begun with its clock at 1970, and what was put away then
 * is no 50 years old. Of time that nobody has seen pass, nothing counts.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { KeepingClock } from '../keeping.ts';

/** What is remembered between two runs of the server. */
export interface TimeMemory {
  readonly knownMs: number;
  /** So long the server has run with a clock that is further ahead. */
  readonly waitedMs: number;
  /** In the order of time. */
  readonly jumps?: readonly Jump[];
}

/** Of the clock, ahead; it was believed. */
export interface Jump {
  readonly beforeMs: number;
  readonly afterMs: number;
}

export interface KnownTimeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory?: TimeMemory | undefined;
  /** Goes on whatever becomes of the clock. */
  readonly elapsedMs?: () => number;
}

const DAY_MS = 24 * 3600_000;
/** Each of them took a day to be believed. */
const MOST_JUMPS = 1000;

export class KnownTime implements KeepingClock {
  readonly #options: KnownTimeOptions;
  readonly #elapsedMs: () => number;
  #knownMs: number;
  #waitedMs: number;
  #lookedAt: number;
  #isWaiting = false;
  #jumps: readonly Jump[];

  constructor(options: KnownTimeOptions) {
    const { clock, memory, elapsedMs = () => performance.now() } = options;
    this.#options = options;
    this.#elapsedMs = elapsedMs;
    this.#knownMs = memory?.knownMs ?? clock.nowMs();
    this.#waitedMs = memory?.waitedMs ?? 0;
    this.#lookedAt = elapsedMs();
    this.#jumps = memory?.jumps ?? [];
  }

  get memory(): TimeMemory {
    this.nowMs();
    return { knownMs: this.#knownMs, waitedMs: this.#waitedMs, jumps: this.#jumps };
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
      if (isAhead) this.#believe({ beforeMs: Math.round(expectedMs), afterMs: wallMs });
      else if (wallMs < expectedMs) this.#goBack(wallMs);
      this.#knownMs = wallMs;
      this.#waitedMs = 0;
      this.#isWaiting = false;
    } else this.#knownMs = Math.round(expectedMs);
    return this.#knownMs;
  }

  dueMs(atMs: number, ageMs: number): number {
    let due = atMs + ageMs;
    for (const { beforeMs, afterMs } of this.#jumps)
      if (atMs <= beforeMs && due > beforeMs) due += afterMs - beforeMs;
    return due;
  }

  pastMs(ageMs: number): number {
    const nowMs = this.nowMs();
    return this.#jumps.reduceRight(
      (pastMs, { beforeMs, afterMs }) => (pastMs < afterMs ? pastMs - (afterMs - beforeMs) : pastMs),
      nowMs - ageMs,
    );
  }

  #believe(jump: Jump): void {
    this.#jumps = [...this.#jumps, jump].slice(-MOST_JUMPS);
  }

  /** It was not as far ahead as that. */
  #goBack(wallMs: number): void {
    if (this.#jumps.every(({ afterMs }) => afterMs <= wallMs)) return;
    this.#jumps = this.#jumps
      .map(({ beforeMs, afterMs }) => ({ beforeMs, afterMs: Math.min(afterMs, wallMs) }))
      .filter(({ beforeMs, afterMs }) => afterMs > beforeMs);
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
