/** What is left of the steps and octets that a run may take; who asks for more than that is told by a `RunFault`. */
import type { Limits } from './limits.ts';

/** Why a script ended early. The message is kept then, whatever the script did before (RFC 5228 §2.10.6). */
export class RunFault extends Error {
  override readonly name = 'RunFault';
}

const CHEAP = 16;

export class Budget {
  readonly #limits: Limits;
  #steps = 0;
  #octets = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get steps(): number {
    return this.#steps;
  }

  get octets(): number {
    return Math.ceil(this.#octets);
  }

  step(): void {
    if (++this.#steps > this.#limits.steps)
      throw new RunFault(`the script takes more than ${this.#limits.steps} steps`);
  }

  /** Characters or octets that are compared one by one. */
  compare(count: number): void {
    this.#octets += count;
    if (this.#octets > this.#limits.octets)
      throw new RunFault(`the script compares more than ${this.#limits.octets} octets`);
  }

  /** Those that are searched, decoded or copied by the platform. */
  look(count: number): void {
    this.compare(count / CHEAP);
  }
}
