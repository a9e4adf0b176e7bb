/**
 * One place where mail goes: its jobs in line, how many connections it takes, and whether it answers. Nothing waits here; the worker
 * asks what may run now.
 *
 * Senders take turns, so that one who sends ten thousand messages does not hold up another one's first. Concurrency grows with
 * what is delivered and falls with what is refused; after three failures to reach it the place is down, and one job at a time
 * finds out whether it is still so.
 */
import type { AccountId } from '../mailbox/model/model.ts';
import { type OutgoingId, outgoingAccount } from '../mailbox/model/outgoing.ts';
import { nextProbeMs } from './schedule.ts';

/** Recipients of one message that go the same way. */
export interface Job {
  readonly outgoing: OutgoingId;
  /** The domain, `local` or `report`. */
  readonly way: string;
  /** RFC 6710: the higher ones of an account go first. */
  readonly priority: number;
  /** Which of its recipients. */
  readonly recipients: Set<number>;
  isRunning: boolean;
}

export interface DestinationLimits {
  readonly first: number;
  readonly most: number;
  /** Of the time between two looks at a place that is down. */
  readonly probeMs?: number;
}

/** A sender's jobs of one priority; those before `at` have begun. */
interface Rank {
  readonly priority: number;
  readonly jobs: Job[];
  at: number;
}

const DOWN_AFTER = 3;
const REST_MS = 30_000;

export class Destination {
  readonly key: string;
  readonly #limits: DestinationLimits;
  /** By sender, the highest priority first: it orders one sender's mail and takes nothing from others. */
  readonly #lines = new Map<AccountId, Rank[]>();
  #limit: number;
  #active = 0;
  #failures = 0;
  /** Down, or too fast for it: nothing begins before. */
  #restsUntilMs = 0;
  #length = 0;

  constructor(key: string, limits: DestinationLimits) {
    this.key = key;
    this.#limits = limits;
    this.#limit = limits.first;
  }

  get length(): number {
    return this.#length;
  }

  get active(): number {
    return this.#active;
  }

  get limit(): number {
    return this.#limit;
  }

  get isDown(): boolean {
    return this.#failures >= DOWN_AFTER;
  }

  get restsUntilMs(): number {
    return this.#restsUntilMs;
  }

  get isIdle(): boolean {
    return this.#length === 0 && this.#active === 0;
  }

  add(job: Job, isFirst = false): void {
    const account = outgoingAccount(job.outgoing);
    const ranks = this.#lines.get(account) ?? [];
    this.#lines.set(account, ranks);
    const rank = rankOf(ranks, job.priority);
    if (!isFirst) rank.jobs.push(job);
    else if (rank.at > 0) rank.jobs[--rank.at] = job;
    else rank.jobs.unshift(job);
    this.#length++;
  }

  mayRun(nowMs: number): boolean {
    const most = this.isDown ? 1 : this.#limit;
    return this.#length > 0 && this.#active < most && this.#restsUntilMs <= nowMs;
  }

  /** The next one, of the sender whose turn it is. */
  begin(): Job | undefined {
    const [next] = this.#lines;
    if (next === undefined) return undefined;
    const [account, ranks] = next;
    const [rank] = ranks as [Rank];
    const job = rank.jobs[rank.at++];
    if (rank.at >= rank.jobs.length) ranks.shift();
    // To the end of the ring.
    this.#lines.delete(account);
    if (ranks.length > 0) this.#lines.set(account, ranks);
    this.#length--;
    this.#active++;
    return job;
  }

  end(): void {
    this.#active--;
  }

  /** It was there, and took something or did not. */
  answered(hasTaken: boolean): void {
    this.#failures = 0;
    if (hasTaken) this.#limit = Math.min(this.#limits.most, this.#limit + 1);
  }

  tooFast(nowMs: number): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#restsUntilMs = Math.max(this.#restsUntilMs, nowMs + REST_MS);
  }

  /** Nobody was reached. True when it is down from now on, or still: those that wait are to be told until when. */
  failed(nowMs: number, random: number): boolean {
    this.#failures++;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    if (!this.isDown) return false;
    this.#restsUntilMs = nextProbeMs(this.#failures - DOWN_AFTER + 1, nowMs, random, this.#limits.probeMs);
    return true;
  }

  /** Somebody says that it is there again. */
  forgive(): void {
    this.#failures = 0;
    this.#restsUntilMs = 0;
  }

  /** All that wait. */
  takeAll(): Job[] {
    const jobs = [...this.#lines.values()].flat().flatMap((rank) => rank.jobs.slice(rank.at));
    this.#lines.clear();
    this.#length = 0;
    return jobs;
  }
}

/** There are nineteen at most. */
function rankOf(ranks: Rank[], priority: number): Rank {
  const at = ranks.findIndex((one) => one.priority <= priority);
  const known = ranks[at];
  if (known?.priority === priority) return known;
  const rank = { priority, jobs: [], at: 0 };
  ranks.splice(at < 0 ? ranks.length : at, 0, rank);
  return rank;
}
