/**
 * Greylisting (RFC 6647): a message of a network, sender and recipient that were never seen together is to come again in some minutes,
 * as every mail server does and many programs that send spam do not.
 *
 * Whoever passed once passes for weeks; a network that has passed several times is not asked again. A sender whose domain is proven
 * is known by that domain, so that it may come from another address of a large provider the next time. What is remembered stands
 * in the files of a `GreylistLog`, which all workers share; the oldest is forgotten first.
 */
import { createHmac } from 'node:crypto';
import { LruMap } from '../base/lru.ts';

export interface GreylistSettings {
  /** Before it, a message that comes again is still too early. */
  readonly delayMs: number;
}

export interface Triplet {
  /** A /24, a /64, or the name of a domain that is proven. */
  readonly from: string;
  readonly sender: string;
  readonly recipient: string;
}

export interface GreylistEntry {
  readonly kind: 'seen' | 'passed';
  /** Of the network or domain, and of all three: hexadecimal, 16 digits. */
  readonly from: string;
  readonly key: string;
  readonly atMs: number;
}

/** Where it outlives the process, and what other processes have added. */
export interface GreylistLog {
  /** Gives what is new since the last call, the oldest first, and resolves when all of it was taken. Never throws. */
  news(take: (entry: GreylistEntry) => void): Promise<void>;
  /** False: it is full for today. */
  add(entries: readonly GreylistEntry[]): Promise<boolean>;
}

/** RFC 6647 §5: whoever comes again later than that is new. */
const RETRY_MS = 2 * 86_400_000;
/** Since it last passed. */
export const PASS_MS = 36 * 86_400_000;
/** Written down again only so often. */
const RENEW_MS = 86_400_000;
/** A network that has passed with so many messages sends mail as it should. */
const KNOWN_AFTER = 5;
const MAX_ENTRIES = 200_000;
const MAX_NETWORKS = 50_000;

export class Greylist {
  readonly #settings: GreylistSettings;
  readonly #log: GreylistLog;
  readonly #secret: string;
  readonly #nowMs: () => number;
  readonly #seen = new LruMap<string, number>(MAX_ENTRIES);
  readonly #passed = new LruMap<string, number>(MAX_ENTRIES);
  readonly #passes = new LruMap<string, number>(MAX_NETWORKS);

  /** `secret`: of this installation, so that nobody can make two keys the same. */
  constructor(settings: GreylistSettings, log: GreylistLog, secret: string, nowMs: () => number) {
    this.#settings = settings;
    this.#log = log;
    this.#secret = secret;
    this.#nowMs = nowMs;
  }

  /** Of all recipients of a message: whether it is to come again. Never throws. */
  async delays(triplets: readonly Triplet[]): Promise<boolean> {
    await this.#log.news((entry) => this.#take(entry));
    const nowMs = this.#nowMs();
    const asked = triplets.map((triplet) => ({ from: this.#hash(triplet.from), key: this.#keyOf(triplet) }));
    const waiting = asked.filter((one) => !this.#mayPass(one, nowMs));
    const fresh = waiting.filter(({ key }) => !this.#isSeen(key, nowMs));
    if (fresh.length > 0) {
      const entries = fresh.map((one) => ({ ...one, kind: 'seen', atMs: nowMs }) as const);
      // Where nothing can be remembered, nobody is made to wait for ever.
      if (!(await this.#log.add(entries))) return false;
      for (const entry of entries) this.#take(entry);
    }
    if (waiting.length > 0) return true;
    await this.#notePassed(asked, nowMs);
    return false;
  }

  #mayPass({ from, key }: Pick<GreylistEntry, 'from' | 'key'>, nowMs: number): boolean {
    if ((this.#passes.get(from) ?? 0) >= KNOWN_AFTER) return true;
    if (nowMs - (this.#passed.get(key) ?? Number.NEGATIVE_INFINITY) < PASS_MS) return true;
    const seenMs = this.#seen.get(key);
    return this.#isSeen(key, nowMs) && seenMs !== undefined && nowMs - seenMs >= this.#settings.delayMs;
  }

  #isSeen(key: string, nowMs: number): boolean {
    const seenMs = this.#seen.get(key);
    return seenMs !== undefined && nowMs - seenMs < RETRY_MS;
  }

  async #notePassed(asked: readonly Pick<GreylistEntry, 'from' | 'key'>[], nowMs: number): Promise<void> {
    const due = asked.filter(
      ({ key }) => nowMs - (this.#passed.get(key) ?? Number.NEGATIVE_INFINITY) >= RENEW_MS,
    );
    if (due.length === 0) return;
    const entries = due.map((one) => ({ ...one, kind: 'passed', atMs: nowMs }) as const);
    await this.#log.add(entries);
    for (const entry of entries) this.#take(entry);
  }

  #take({ kind, from, key, atMs }: GreylistEntry): void {
    if (kind === 'seen') {
      if (!this.#isSeen(key, atMs)) this.#seen.set(key, atMs);
      return;
    }
    if (this.#passed.get(key) === undefined) this.#passes.set(from, (this.#passes.get(from) ?? 0) + 1);
    this.#passed.set(key, atMs);
  }

  #keyOf({ from, sender, recipient }: Triplet): string {
    return this.#hash(`${from}\n${sender.toLowerCase()}\n${recipient.toLowerCase()}`);
  }

  #hash(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('hex').slice(0, 16);
  }
}
