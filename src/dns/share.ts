/**
 * As much of the resolver as one part of the program may have, so that no other part waits for it: strangers, who choose what is asked
 * about their mail, and the queue, each have a share.
 *
 * Within a share askers take turns, and none has all places: whoever asks for names that nobody answers waits for himself. What
 * has waited too long is not asked (`busy`).
 */
import type { Answer, Dns, RecordType } from './answer.ts';

export interface ShareOptions {
  /** Questions at once, of all askers and of one. */
  readonly atOnce: number;
  readonly perAsker: number;
  /** Of one asker. */
  readonly mostWaiting: number;
  readonly maxWaitMs: number;
}

interface Line {
  running: number;
  /** In the order they came; each is called when its turn has come. */
  readonly waiting: Set<() => void>;
}

export class DnsShare {
  readonly #dns: Dns;
  readonly #options: ShareOptions;
  readonly #lines = new Map<string, Line>();
  /** Those who wait for nothing but a place, the next one first. */
  readonly #next = new Map<string, Line>();
  #free: number;

  constructor(dns: Dns, options: ShareOptions) {
    this.#dns = dns;
    this.#options = options;
    this.#free = options.atOnce;
  }

  of(asker: string): Dns {
    return { ask: (name, type) => this.#ask(asker, name, type) };
  }

  async #ask<T extends RecordType>(asker: string, name: string, type: T): Promise<Answer<T>> {
    const line = this.#lines.get(asker) ?? { running: 0, waiting: new Set() };
    this.#lines.set(asker, line);
    if (!(await this.#enter(asker, line))) return { kind: 'busy', detail: 'too many questions at once' };
    try {
      return await this.#dns.ask(name, type);
    } finally {
      line.running--;
      this.#free++;
      this.#seat(asker, line);
    }
  }

  /** False: there was no place, or none in time. */
  #enter(asker: string, line: Line): Promise<boolean> | boolean {
    const { perAsker, mostWaiting, maxWaitMs } = this.#options;
    if (this.#free > 0 && line.running < perAsker) {
      this.#free--;
      line.running++;
      return true;
    }
    if (line.waiting.size >= mostWaiting) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => {
      line.waiting.delete(go);
      this.#forget(asker, line);
      resolve(false);
    }, maxWaitMs);
    const go = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    line.waiting.add(go);
    if (line.running < perAsker) this.#next.set(asker, line);
    return promise;
  }

  /** The asker has given a place back, and goes behind all others who wait. */
  #seat(asker: string, line: Line): void {
    if (line.waiting.size > 0) this.#next.set(asker, line);
    else this.#forget(asker, line);
    for (const [name, one] of this.#next) {
      if (this.#free === 0) return;
      this.#next.delete(name);
      const [go] = one.waiting;
      if (go === undefined) continue;
      one.waiting.delete(go);
      this.#free--;
      one.running++;
      // Behind the others, where this loop comes to it again.
      if (one.waiting.size > 0 && one.running < this.#options.perAsker) this.#next.set(name, one);
      go();
    }
  }

  #forget(asker: string, { running, waiting }: Line): void {
    if (waiting.size > 0) return;
    this.#next.delete(asker);
    if (running === 0) this.#lines.delete(asker);
  }
}
