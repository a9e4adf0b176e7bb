/**
 * Correspondents that the store may not have shown to somebody who has asked it, as `recent-threads.ts` has threads: two deliveries of one
 * turn cannot both be the first from an address. Each question opens a window; what was noted since then is here until it is closed.
 *
 * Bounded by what comes in while the slowest question is open; without one, by what the store has not yet applied.
 */
import { OpenQuestions } from './open-questions.ts';

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
  /** In the order in which they were noted last. */
  readonly #known = new Map<string, Newcomer>();
  readonly #questions: OpenQuestions;

  constructor(modseq: number) {
    this.#questions = new OpenQuestions(modseq, (floor) => this.#forget(floor));
  }

  open(): NewcomerWindow {
    const { close } = this.#questions.open();
    return { kindsOf: (key) => this.kindsOf(key), close };
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
    this.#questions.committed(modseq);
  }

  /** What every answer of the store has as well. */
  #forget(floor: number): void {
    for (const [key, { modseq }] of this.#known) {
      if (modseq > floor) return;
      this.#known.delete(key);
    }
  }
}
