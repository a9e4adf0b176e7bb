/**
 * What the supervisor and its workers say to each other, over the channel between a process and its parent. No mail
 * goes this way: only how to live and end, what all have to hear about who knocks, and in which accounts there is room again.
 */
import type { News } from './gossip.ts';

/** Told to a worker before it does anything. */
export interface Beginning {
  readonly kind: 'begin';
  readonly worker: number;
  readonly workers: number;
  /** Nobody else runs yet: the data folder can be opened as a whole, and looked at. */
  readonly isFirst: boolean;
  /** The addresses as bound by the first one, by listener. */
  readonly listen?: Readonly<Record<string, string>>;
}

export type ToWorker =
  | Beginning
  | { readonly kind: 'stop' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'ask-alive' }
  | { readonly kind: 'news'; readonly from: number; readonly news: News }
  /** One has ended: what it said of itself is no longer so. */
  | { readonly kind: 'gone'; readonly worker: number }
  /** One is new, and has heard nothing. */
  | { readonly kind: 'newcomer'; readonly worker: number };

export type ToSupervisor =
  | { readonly kind: 'ready'; readonly listen: Readonly<Record<string, string>>; readonly accounts: number }
  | { readonly kind: 'alive'; readonly isAlive: boolean }
  | { readonly kind: 'news'; readonly news: News }
  /** It cannot start, for this reason and whatever is tried. */
  | { readonly kind: 'failed'; readonly message: string; readonly isUsage: boolean };

/** The name under which a worker is known to the relay, and its socket in the data folder. */
export const workerName = (worker: number): string => `worker-${worker}`;
