/**
 * One timer for all connections. Each connection keeps the moment at which its patience ends as a plain number; once a
 * second the sweep asks all of them. Twenty thousand idle phones cost one timer and a fraction of a millisecond a
 * second instead of twenty thousand timers re-armed at every read. Deadlines are therefore late by up to a period,
 * which no mail protocol minds.
 */
export interface Swept {
  sweep(nowMs: number): void;
}

export class Sweep {
  readonly #members = new Set<Swept>();
  readonly #nowMs: () => number;
  readonly #periodMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(periodMs = 1000, nowMs: () => number = () => performance.now()) {
    this.#periodMs = periodMs;
    this.#nowMs = nowMs;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  get size(): number {
    return this.#members.size;
  }

  /** The timer runs only while there is somebody to ask, and never keeps the process alive by itself. */
  add(member: Swept): void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.tick(), this.#periodMs).unref();
  }

  remove(member: Swept): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What the timer does; tests call it with a clock of their own. */
  tick(): void {
    const nowMs = this.#nowMs();
    for (const member of this.#members) member.sweep(nowMs);
  }
}
