/**
 * Time as the code that is judged measures it, for as long as a run takes: it passes only where it is asked for, and as far as
 * the run's seed says. So who works in slices is interrupted where the seed wants it, and not where the machine was busy: never, at
 * every place where it can be, or now and then. A rest of some milliseconds is some turns of the event loop.
 *
 * The clock of the process is exchanged, for slices are not told whose clock they are to look at. Nothing else may run beside it that
 * measures time.
 */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import type { Random } from '../crash/random.ts';

/** Longer than any slice of work. */
const LONG_MS = 20;
const LONGEST_REST_TURNS = 4;

const { setImmediate: nextRealTurn, setTimeout: realRest } = timers;

const { now: dayMs } = Date;

/** For whoever waits for the machine itself. */
export const realNowMs: () => number = performance.now.bind(performance);

/** A turn of the event loop that nobody rests in but the test. */
export function nextTurn(): Promise<void> {
  return nextRealTurn();
}

export class Pace {
  /** Those who let others run, and will go on by themselves. */
  resting = 0;
  readonly #random: Random;
  readonly #share: number;
  #nowMs = realNowMs();

  constructor(random: Random) {
    this.#random = random;
    this.#share = random.pick([0, 0.05, 0.5, 1]);
  }

  /** One at a time. */
  async keptWhile<T>(work: () => Promise<T>): Promise<T> {
    const aheadMs = dayMs() - this.#nowMs;
    performance.now = () => this.#passing();
    // The day goes on as far: on a busy machine, or one that slept, more passes than anybody has asked for.
    Date.now = () => Math.floor(aheadMs + this.#nowMs);
    timers.setImmediate = <V>(value?: V) => this.#rest(1, value as V);
    timers.setTimeout = <V>(_?: number, value?: V) =>
      this.#rest(this.#random.integer(1, LONGEST_REST_TURNS), value as V);
    syncBuiltinESMExports();
    try {
      return await work();
    } finally {
      Reflect.deleteProperty(performance, 'now');
      Date.now = dayMs;
      Object.assign(timers, { setImmediate: nextRealTurn, setTimeout: realRest });
      syncBuiltinESMExports();
    }
  }

  #passing(): number {
    if (this.#share > 0 && this.#random.chance(this.#share)) this.#nowMs += LONG_MS;
    return this.#nowMs;
  }

  async #rest<V>(turns: number, value: V): Promise<V> {
    this.resting++;
    for (let left = turns; left > 0; left--) await nextRealTurn();
    this.resting--;
    return value;
  }
}
