/**
 * How long the event loop stood still: what one client's command costs everybody else. Measured only while somebody asks,
 * since the measurement is a timer that never sleeps.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;
/** Nobody has asked for so long: stop measuring. */
const FORGET_MS = 10 * 60_000;

export class EventLoopWatch {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;
  #forget: NodeJS.Timeout | undefined;

  /** The longest standstill since the last call, in milliseconds; 0 at the first, which starts the measurement. */
  takeLongestMs(): number {
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => this.stop(), FORGET_MS);
    this.#forget.unref();
    if (this.#histogram === undefined) {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#histogram.enable();
      return 0;
    }
    const longestMs = Math.max(0, this.#histogram.max / 1e6 - RESOLUTION_MS);
    this.#histogram.reset();
    return longestMs;
  }

  stop(): void {
    clearTimeout(this.#forget);
    this.#histogram?.disable();
    this.#histogram = undefined;
  }
}
