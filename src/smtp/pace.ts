/** How long a message may take on its way, and how slowly it may come. */
import { type Connection, ReadTimeout } from '../net/connection.ts';

export interface Deadlines {
  readonly idleMs: number;
  readonly dataMs: number;
  readonly minRate: number;
  readonly slowStartMs: number;
}

/**
 * RFC 5321 §4.5.3.2.7 for the silence. No transfer agent needs an hour for a message, and none that works sends less than
 * a hundred octets a second.
 */
export const DEADLINES: Deadlines = Object.freeze({
  idleMs: 5 * 60_000,
  dataMs: 3_600_000,
  minRate: 100,
  slowStartMs: 60_000,
});

/** Of one message, from its first octet. */
export class Pace {
  readonly #stream: Connection;
  readonly #deadlines: Deadlines;
  readonly #startMs: number;
  #bytes = 0;

  constructor(stream: Connection, deadlines: Deadlines) {
    this.#stream = stream;
    this.#deadlines = deadlines;
    this.#startMs = stream.nowMs;
  }

  /** Octets of the message come now, and no command. */
  limitReads(): void {
    const { idleMs, dataMs } = this.#deadlines;
    this.#stream.limitReads({ idleMs, totalMs: Math.max(1, this.#startMs + dataMs - this.#stream.nowMs) });
  }

  /** Throws ReadTimeout when all of it came too slowly. */
  came(bytes: number, isLast: boolean): void {
    const { minRate, slowStartMs } = this.#deadlines;
    this.#bytes += bytes;
    const ms = this.#stream.nowMs - this.#startMs;
    if (!isLast && ms > slowStartMs && this.#bytes < (minRate * ms) / 1000) {
      throw new ReadTimeout('the message comes too slowly');
    }
  }
}
