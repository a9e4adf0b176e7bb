/**
 * What is remembered of those who connect: how many connections an address block opened in the last minute, and who has named too
 * many recipients that are not there. In memory; a start forgets it.
 */
import { addressBlock, isLoopback } from '../base/ip-address.ts';
import { LruMap } from '../base/lru.ts';

const MINUTE_MS = 60_000;
const SLOW_MS = 10 * MINUTE_MS;
/** Blocks that are remembered; the one that was heard of longest ago is forgotten. */
const MAX_BLOCKS = 20_000;

interface Window {
  startMs: number;
  count: number;
  /** Of the minute before. */
  before: number;
}

export class Strangers {
  readonly #perMinute: number;
  readonly #nowMs: () => number;
  readonly #windows = new LruMap<string, Window>(MAX_BLOCKS);
  readonly #slowUntilMs = new LruMap<string, number>(MAX_BLOCKS);

  /** `perMinute`: connections of one block. `nowMs` never goes back. */
  constructor(perMinute: number, nowMs: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#nowMs = nowMs;
  }

  /** Counts it in; false: there are too many. Loopback is exempt, as it is everywhere. */
  connects(address: string): boolean {
    if (isLoopback(address)) return true;
    const nowMs = this.#nowMs();
    const block = networkOf(address);
    const window = this.#windows.get(block) ?? { startMs: nowMs, count: 0, before: 0 };
    this.#windows.set(block, window);
    const passedMs = nowMs - window.startMs;
    if (passedMs >= MINUTE_MS) {
      window.before = passedMs < 2 * MINUTE_MS ? window.count : 0;
      window.count = 0;
      window.startMs = passedMs < 2 * MINUTE_MS ? window.startMs + MINUTE_MS : nowMs;
    }
    // As much of the minute before as lies within the last sixty seconds.
    const share = 1 - (nowMs - window.startMs) / MINUTE_MS;
    if (window.count + window.before * share >= this.#perMinute) return false;
    window.count++;
    return true;
  }

  /** Its commands wait from now on. */
  slowDown(address: string): void {
    if (!isLoopback(address)) this.#slowUntilMs.set(networkOf(address), this.#nowMs() + SLOW_MS);
  }

  isSlow(address: string): boolean {
    return (this.#slowUntilMs.get(networkOf(address)) ?? 0) > this.#nowMs();
  }
}

/** Who commands one address of it commands the others: a /24, or a /64. */
export function networkOf(address: string): string {
  if (address.includes(':')) return addressBlock(address);
  return `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
}
