import { addressBlock } from './connection-limits.ts';
import { isLoopback } from './stream.ts';

/**
 * Wrong passwords cost time, and more of them from one address cost more: the first failure waits `firstMs`, each further
 * one twice as long, up to `maxMs`, whatever account and connection it is tried on. A success forgives its address; so does
 * time. Guessing slows to a few tries a minute per address, and a person who mistyped hardly notices.
 *
 * Loopback waits only `firstMs`: behind a proxy or a webmail everybody comes from there, and one guesser must not slow down
 * all of them. The table is bounded; when a flood of addresses fills it, the oldest are forgotten first.
 */
const MAX_ADDRESSES = 50_000;
const FORGIVE_MS = 15 * 60_000;

interface Entry {
  failures: number;
  lastMs: number;
}

export class Penalties {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(options: { readonly firstMs: number; readonly maxMs: number; readonly nowMs?: () => number }) {
    this.#firstMs = options.firstMs;
    this.#maxMs = options.maxMs;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Counts a failure; gives how long its answer has to wait. */
  failed(address: string): number {
    if (isLoopback(address)) return this.#firstMs;
    const block = addressBlock(address);
    const entry = this.#entries.get(block);
    const nowMs = this.#nowMs();
    const failures = entry && nowMs - entry.lastMs < FORGIVE_MS ? entry.failures + 1 : 1;
    // Taken out and put back, the map stays in the order of the last failure.
    this.#entries.delete(block);
    this.#entries.set(block, { failures, lastMs: nowMs });
    if (this.#entries.size > MAX_ADDRESSES) this.#entries.delete(this.#entries.keys().next().value as string);
    return Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(failures - 1, 20));
  }

  succeeded(address: string): void {
    this.#entries.delete(addressBlock(address));
  }
}
