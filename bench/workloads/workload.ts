/** One row of the table: what is done, counted in what, and how the users it needs are filled. */
import type { Running } from '../peers/peer.ts';

export interface Outcome {
  readonly operations: number;
  readonly bytes?: number;
  /** Of single operations, in ms. */
  readonly latenciesMs?: readonly number[];
  /** Only the operations count for the rate, not what had to be done between them; they came one after the other. */
  readonly isRatedByLatency?: boolean;
}

export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  /** The user whose mailbox must be filled before: `big` is 100,000 small messages, `corpus` the realistic ones. */
  readonly needs?: 'big' | 'corpus';
  /** Starts the server anew before it runs. */
  readonly isCold?: boolean;
  /** Also run with each server's other promise: ours without waiting for the sync, theirs with it. */
  readonly changesFlags?: boolean;
  run(server: Running, scale: number): Promise<Outcome>;
}

/** Users of the filled mailboxes. */
export const BIG_USER = 0;
export const CORPUS_USER = 1;
export const BIG_COUNT = 100_000;
export const CORPUS_COUNT = 2_000;

export async function timed<T>(latencies: number[], work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const value = await work();
  latencies.push(performance.now() - start);
  return value;
}
