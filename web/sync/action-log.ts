/**
 * Where actions wait that the server does not have yet, for all tabs of an account together. The page has one in memory; `keep/` has one
 * that outlives it. Whoever sends them does it alone.
 */
import type { Action } from './actions.ts';
import type { Lay } from './doubt.ts';
import type { Id } from './model.ts';

export interface Waiting {
  /** Of this action, in whatever tab. */
  readonly id: string;
  readonly action: Action;
  /** What takes it back. */
  readonly undo: Action;
  readonly lay: Lay;
}

/** What became of one: told to the other tabs. */
export interface Settled {
  readonly id: string;
  /** By id of email, the type of SetError (RFC 8620 §5.3). */
  readonly refused: Readonly<Record<Id, { readonly type: string }>>;
}

export type News =
  | { readonly kind: 'waits'; readonly waiting: Waiting }
  | { readonly kind: 'settled'; readonly settled: Settled };

export interface ActionLog {
  /** In the order in which they were done. */
  all(): Promise<readonly Waiting[]>;
  add(waiting: Waiting): Promise<void>;
  remove(id: string): Promise<void>;
  /** No other tab is in it at the same time. */
  alone<T>(run: () => Promise<T>): Promise<T>;
  tell(news: News): void;
  hear(run: (news: News) => void): void;
  close(): void;
}

/** Of one page, as long as it is open. */
export function memoryLog(): ActionLog {
  const waiting = new Map<string, Waiting>();
  return {
    all: async () => [...waiting.values()],
    add: async (one) => void waiting.set(one.id, one),
    remove: async (id) => void waiting.delete(id),
    alone: (run) => run(),
    tell: () => {},
    hear: () => {},
    close: () => {},
  };
}
