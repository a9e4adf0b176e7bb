/**
 * One time budget over several phases: a handshake, a sign-in and a first command share sixty seconds, however the
 * client spreads them. Each phase asks how much is left instead of starting a fresh timer, so a peer that is slow in
 * every phase cannot add the waits up.
 *
 * Measured on the monotonic clock: a corrected wall clock neither kills nor extends anything.
 */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

export class Deadline {
  readonly #endMs: number;
  readonly #nowMs: () => number;

  private constructor(endMs: number, nowMs: () => number) {
    this.#endMs = endMs;
    this.#nowMs = nowMs;
  }

  static after(budgetMs: number, nowMs: () => number = () => performance.now()): Deadline {
    return new Deadline(nowMs() + budgetMs, nowMs);
  }

  get remainingMs(): number {
    return Math.max(0, this.#endMs - this.#nowMs());
  }

  get isOver(): boolean {
    return this.#nowMs() >= this.#endMs;
  }

  /** The phase's own limit, cut to what is left of the whole. */
  atMost(phaseMs: number): number {
    return Math.min(phaseMs, this.remainingMs);
  }

  /** Throws when nothing is left; for loops that work without waiting. */
  check(phase: string): void {
    if (this.isOver) throw new DeadlineExceeded(`${phase}: out of time`);
  }

  /** Waits for `work`, or throws when the budget ends first. The work itself is not stopped; its failure is swallowed. */
  async bound<T>(work: Promise<T>, phase: string): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new DeadlineExceeded(`${phase}: out of time`)), this.remainingMs);
    try {
      return await Promise.race([work, promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
