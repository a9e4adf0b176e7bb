/** One row of the table: what is done, counted in what, and which mailboxes it needs. */
import type { Running } from '../peers/peer.ts';
import { cpuMs } from '../process-tree.ts';

export interface Outcome {
  readonly operations: number;
  readonly bytes?: number;
  /** Of single operations, in ms. */
  readonly latenciesMs?: readonly number[];
  /** Only the operations count for the rate, not what had to be done between them; they came one after the other. */
  readonly isRatedByLatency?: boolean;
  /** How long it took, when not all of the row counts and the operations were many at a time. */
  readonly wallMs?: number;
  /** The server's, of the operations alone; else it is taken over the whole row. */
  readonly cpuMs?: number;
  /** What the row says of memory, of all processes of the server. */
  readonly memoryMb?: number;
}

/** `big` is 100,000 small messages, `corpus` 10,000 realistic ones, `text` those of them without attachments, `million` the first ten times over, `accounts` ten thousand users. */
export type Need = 'big' | 'corpus' | 'text' | 'million' | 'accounts';

export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly needs?: Need;
  /** Fills what others need: runs once, before them, and is measured then. */
  readonly fills?: Need;
  /** Starts the server anew before it runs. */
  readonly isCold?: boolean;
  /** It takes so long that it is run once, as it comes. */
  readonly isOnce?: boolean;
  /** Less is on the disk afterwards. */
  readonly isPacking?: boolean;
  /** The other server does something else there, or nothing. */
  readonly isOursAlone?: boolean;
  /** Also run with each server's other promise: ours without waiting for the sync, theirs with it. */
  readonly changesFlags?: boolean;
  run(server: Running, scale: Scale): Promise<Outcome>;
}

/** Users of the filled mailboxes. */
export const BIG_USER = 0;
export const CORPUS_USER = 1;
/** Has the million in a mailbox of its own. */
export const MILLION_USER = 17;
export const NOTIFIED_USER = 18;
/** Whom nobody else works for. */
export const BYSTANDER_USER = 19;
export const TEXT_USER = 20;
/** Has a thousand mailboxes. */
export const MANY_USER = 21;
/** So many sign in for whole rows. */
export const ROW_USERS = 22;
/** Writers use users of their own, so that the filled mailboxes stay as they are. */
export const FIRST_WRITER = 2;
export const WRITERS = 15;

/** `--scale`: how large the mailboxes are and how often things are done. */
export class Scale {
  readonly factor: number;

  constructor(factor: number) {
    this.factor = factor;
  }

  times(count: number): number {
    return Math.ceil(count * this.factor);
  }

  get big(): number {
    return Math.max(2000, this.times(100_000));
  }

  get corpus(): number {
    return Math.max(200, this.times(10_000));
  }

  get text(): number {
    return this.corpus;
  }

  get million(): number {
    return this.big * 10;
  }

  get accounts(): number {
    return Math.max(200, this.times(10_000));
  }
}

export async function timed<T>(latencies: number[], work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const value = await work();
  latencies.push(performance.now() - start);
  return value;
}

/** For rows with work between the operations that nobody asks about: times them alone, and what the server spent on them. */
export class Stopwatch {
  readonly latenciesMs: number[] = [];
  readonly #pids: readonly number[];
  #cpuMs = 0;

  constructor(server: Running) {
    this.#pids = server.pids;
  }

  async time(work: () => Promise<unknown>): Promise<void> {
    const before = cpuMs(this.#pids);
    await timed(this.latenciesMs, work);
    this.#cpuMs += cpuMs(this.#pids) - before;
  }

  outcome(operations: number): Outcome {
    return { operations, latenciesMs: this.latenciesMs, isRatedByLatency: true, cpuMs: this.#cpuMs };
  }
}
