/**
 * How much a stranger can make the log say. Lines are told apart by their kind (the message, which is always a constant of
 * ours) and by their source: the address a connection comes from, or the account that a session is signed in to. Each
 * kind from each source has so many lines, and another one now and then. Strangers have many addresses, so all of them
 * together have a limit for each kind as well; an account's lines are its own and count for nobody else.
 *
 * What is left out is counted, and the counts are told: by source for those that did most, together for the rest.
 */
import { LruMap } from './lru.ts';

interface Limit {
  readonly lines: number;
  /** One more fits after this time. */
  readonly leakMs: number;
}

const PER_SOURCE: Limit = { lines: 50, leakMs: 2000 };
const PER_KIND: Limit = { lines: 1000, leakMs: 50 };
/** A few megabytes when strangers fill it. */
const MAX_BUCKETS = 10_000;
/** Sources that are counted by themselves; all others of a kind are one number. */
const MAX_COUNTED = 1000;
/** Lines of counts about single sources in one report. */
const MAX_TOLD = 20;

export interface LineSource {
  readonly name: string;
  /** Signed in: its lines are limited by themselves alone. */
  readonly isAccount: boolean;
}

export interface LeftOut {
  readonly kind: string;
  /** Undefined: of several. */
  readonly source?: string;
  readonly lines: number;
}

interface Bucket {
  level: number;
  atMs: number;
}

export class LineLimits {
  readonly #nowMs: () => number;
  readonly #buckets = new LruMap<string, Bucket>(MAX_BUCKETS);
  #total = 0;
  readonly #leftOut = new Map<string, { readonly kind: string; readonly source?: string; lines: number }>();

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Lines left out since the start. */
  get total(): number {
    return this.#total;
  }

  /** Whether the line is to be written; when not, it is counted. A line without a source is one of ours. */
  admits(kind: string, source: LineSource | undefined): boolean {
    const own = source && this.#bucket(`${kind}\n${source.name}`, PER_SOURCE);
    const shared = source?.isAccount === true ? undefined : this.#bucket(kind, PER_KIND);
    const isFull =
      (own !== undefined && own.level + 1 > PER_SOURCE.lines) ||
      (shared !== undefined && shared.level + 1 > PER_KIND.lines);
    if (isFull) this.#count(kind, source?.name);
    else {
      if (own !== undefined) own.level++;
      if (shared !== undefined) shared.level++;
    }
    return !isFull;
  }

  /** What was left out since the last call, the largest numbers first. */
  takeLeftOut(): LeftOut[] {
    const all = [...this.#leftOut.values()].sort((a, b) => b.lines - a.lines);
    this.#leftOut.clear();
    const told: LeftOut[] = all.filter(({ source }) => source !== undefined).slice(0, MAX_TOLD);
    const rest = new Map<string, number>();
    for (const one of all) {
      if (!told.includes(one)) rest.set(one.kind, (rest.get(one.kind) ?? 0) + one.lines);
    }
    return [...told, ...[...rest].map(([kind, lines]) => ({ kind, lines }))];
  }

  #count(kind: string, source: string | undefined): void {
    this.#total++;
    const own = source === undefined ? kind : `${kind}\n${source}`;
    const key = this.#leftOut.has(own) || this.#leftOut.size < MAX_COUNTED ? own : kind;
    const counted = this.#leftOut.get(key);
    if (counted !== undefined) counted.lines++;
    else
      this.#leftOut.set(key, { kind, ...(key === kind || source === undefined ? {} : { source }), lines: 1 });
  }

  /** With its level as of now. */
  #bucket(key: string, limit: Limit): Bucket {
    const nowMs = this.#nowMs();
    const bucket = this.#buckets.get(key) ?? { level: 0, atMs: nowMs };
    bucket.level = Math.max(0, bucket.level - Math.max(0, nowMs - bucket.atMs) / limit.leakMs);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
