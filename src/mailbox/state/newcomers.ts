/**
 * Correspondents that the store may not have shown to somebody who has asked it, as `recent-threads.ts` has threads: two deliveries of one
 * turn cannot both be the first from an address. Each question opens a window; what was noted since then is here until it is closed.
 *
 * Bounded by what comes in while the slowest question is open; without one, by what the store has not yet applied.
 */
interface Newcomer {
  readonly modseq: number;
  readonly kinds: number;
}

export interface NewcomerWindow {
  /** What was noted of it since what the store tells; 0: nothing. */
  kindsOf(key: string): number;
  close(): void;
}

export interface NewcomersUnderWay {
  /** To be opened before the store is asked, and closed in any case. */
  open(): NewcomerWindow;
}

export class Newcomers implements NewcomersUnderWay {
  /** Of the last change that the store has applied. */
  #committed: number;
  /** In the order in which they were noted last. */
  readonly #known = new Map<string, Newcomer>();
  /** In the order in which they were opened, so their floors ascend. */
  readonly #windows = new Set<{ readonly floor: number }>();

  constructor(modseq: number) {
    this.#committed = modseq;
  }

  open(): NewcomerWindow {
    const window = {
      floor: this.#committed,
      kindsOf: (key: string) => this.kindsOf(key),
      close: () => {
        this.#windows.delete(window);
        this.#forget();
      },
    };
    this.#windows.add(window);
    return window;
  }

  kindsOf(key: string): number {
    return this.#known.get(key)?.kinds ?? 0;
  }

  /** The returned function takes it back; called in reverse order. */
  add(modseq: number, key: string, kinds: number): () => void {
    const before = this.#known.get(key);
    this.#known.delete(key);
    this.#known.set(key, { modseq, kinds: (before?.kinds ?? 0) | kinds });
    return () => {
      this.#known.delete(key);
      if (before !== undefined) this.#known.set(key, before);
    };
  }

  /** The store has applied all changes up to this modseq. */
  committed(modseq: number): void {
    this.#committed = modseq;
    this.#forget();
  }

  /** What every open window's answer of the store has as well. */
  #forget(): void {
    const [oldest] = this.#windows;
    const floor = oldest?.floor ?? this.#committed;
    for (const [key, { modseq }] of this.#known) {
      if (modseq > floor) return;
      this.#known.delete(key);
    }
  }
}
