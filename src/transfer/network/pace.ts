/** Not more octets a second than the person, or the old server, wants: everybody who fetches from it shares one. */
import { setTimeout as sleepFor } from 'node:timers/promises';

/** So much may come at once. */
const BURST_SECONDS = 1;

export class Pace {
  readonly #bytesPerSecond: number;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #now: () => number;
  /** When everything that came so far would have come at this pace. */
  #dueMs: number;

  /** Infinity: no limit. */
  constructor(
    bytesPerSecond: number,
    time: { readonly sleep?: (ms: number) => Promise<unknown>; readonly now?: () => number } = {},
  ) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#sleep = time.sleep ?? sleepFor;
    this.#now = time.now ?? (() => performance.now());
    this.#dueMs = this.#now();
  }

  /** Called behind what came; resolves when the next may be asked for. */
  async spend(bytes: number): Promise<void> {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return;
    const now = this.#now();
    this.#dueMs = Math.max(this.#dueMs, now - BURST_SECONDS * 1000) + (bytes / this.#bytesPerSecond) * 1000;
    if (this.#dueMs > now) await this.#sleep(this.#dueMs - now);
  }
}
