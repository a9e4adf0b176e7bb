/**
 * Answers that are kept for as long as their zone allows, absences too (RFC 2308). Whoever sends us mail chooses what we
 * ask for, so it has a bound in number, and what is large is not kept at all.
 */
import type { Clock } from '../base/clock.ts';
import { LruMap } from '../base/lru.ts';
import type { Answer, RecordType } from './answer.ts';

const MAX_ENTRIES = 10_000;
const MAX_ANSWER_BYTES = 4096;

interface Kept {
  readonly answer: Answer<RecordType>;
  readonly untilMs: number;
}

export class DnsCache {
  readonly #clock: Clock;
  readonly #kept: LruMap<string, Kept>;

  constructor(clock: Clock, maxEntries = MAX_ENTRIES) {
    this.#clock = clock;
    this.#kept = new LruMap(maxEntries);
  }

  get size(): number {
    return this.#kept.size;
  }

  find(key: string): Answer<RecordType> | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.untilMs > this.#clock.nowMs()) return kept?.answer;
    this.#kept.delete(key);
    return undefined;
  }

  /** `sizeBytes`: of the message that it came in. */
  keep(
    key: string,
    answer: Answer<RecordType>,
    { ttlSeconds, sizeBytes }: { readonly ttlSeconds: number; readonly sizeBytes: number },
  ): void {
    if (ttlSeconds <= 0 || sizeBytes > MAX_ANSWER_BYTES) return;
    this.#kept.set(key, { answer, untilMs: this.#clock.nowMs() + ttlSeconds * 1000 });
  }
}
