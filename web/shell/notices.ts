/**
 * The one line at the bottom that says what was just done and lets it be undone, or what went wrong. A new one takes the place of the
 * one before. It stays ten seconds, and as long as somebody points at it.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export interface Notice {
  readonly number: number;
  readonly text: string;
  readonly isWrong?: boolean;
  readonly action?: { readonly text: string; readonly run: () => void };
}

export interface Timers {
  set(run: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export const NOTICE_MS = 10_000;

export class Notices {
  readonly #timers: Timers;
  readonly #now = signal<Notice | undefined>(undefined);
  readonly #isHeld = signal(false);
  #timer: unknown;
  #next = 1;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get now(): ReadonlySignal<Notice | undefined> {
    return this.#now;
  }

  get isHeld(): ReadonlySignal<boolean> {
    return this.#isHeld;
  }

  show(notice: Omit<Notice, 'number'>): void {
    this.#now.value = { ...notice, number: this.#next++ };
    this.#isHeld.value = false;
    this.#restart();
  }

  /** Its action, as its button does it. */
  act(): void {
    const { action } = this.#now.peek() ?? {};
    this.close();
    action?.run();
  }

  close(): void {
    this.#timers.clear(this.#timer);
    this.#now.value = undefined;
  }

  hold(): void {
    this.#timers.clear(this.#timer);
    this.#isHeld.value = true;
  }

  release(): void {
    this.#isHeld.value = false;
    if (this.#now.peek() !== undefined) this.#restart();
  }

  #restart(): void {
    this.#timers.clear(this.#timer);
    this.#timer = this.#timers.set(() => this.close(), NOTICE_MS);
  }
}
