/**
 * When something is due next in each account that is held here: whoever puts it off says so here, and who wakes it hears. A hint: what is
 * put off is in the store, and is found there after a crash.
 */
import type { AccountId } from '../model/model.ts';

export class Alarms {
  readonly #next = new Map<AccountId, number>();
  #hear: () => void = () => {};

  /** There is one who listens. */
  listen(hear: () => void): void {
    this.#hear = hear;
  }

  /** Something of the account is due then. For the same time as before too: who listens may have heard of that and have put it off. */
  set(account: AccountId, atMs: number): void {
    if ((this.#next.get(account) ?? Number.POSITIVE_INFINITY) < atMs) return;
    this.#next.set(account, atMs);
    this.#hear();
  }

  /** Whoever asks looks at these; they are due no more. */
  takeDue(nowMs: number): readonly AccountId[] {
    const due = [...this.#next].filter(([, atMs]) => atMs <= nowMs).sort(([, a], [, b]) => a - b);
    for (const [account] of due) this.#next.delete(account);
    return due.map(([account]) => account);
  }

  /** Undefined: nothing. */
  get earliestMs(): number | undefined {
    let earliest: number | undefined;
    for (const atMs of this.#next.values()) if (earliest === undefined || atMs < earliest) earliest = atMs;
    return earliest;
  }
}
