/** Which conversations of a list are selected, and at which one somebody with a keyboard is. */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { Id } from '../sync/model.ts';

export class Selection {
  readonly #chosen = signal<ReadonlySet<Id>>(new Set());
  readonly #cursor = signal<Id | undefined>(undefined);
  #from: Id | undefined;

  /** Emails that stand for their conversations. */
  get chosen(): ReadonlySignal<ReadonlySet<Id>> {
    return this.#chosen;
  }

  get cursor(): ReadonlySignal<Id | undefined> {
    return this.#cursor;
  }

  toggle(id: Id): void {
    const next = new Set(this.#chosen.peek());
    if (!next.delete(id)) next.add(id);
    this.#from = id;
    this.#chosen.value = next;
  }

  /** From the one toggled last up to this one, as the rows stand. */
  extend(id: Id, rows: readonly (Id | undefined)[]): void {
    const [one, other] = [rows.indexOf(this.#from), rows.indexOf(id)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    if (one < 0) {
      this.toggle(id);
      return;
    }
    const between = rows.slice(one, other + 1).filter((row) => row !== undefined);
    this.#chosen.value = new Set([...this.#chosen.peek(), ...between]);
  }

  all(rows: readonly (Id | undefined)[]): void {
    this.#chosen.value = new Set(rows.filter((row) => row !== undefined));
  }

  clear(): void {
    this.#from = undefined;
    if (this.#chosen.peek().size > 0) this.#chosen.value = new Set();
  }

  /** Those that are no longer in the list are not selected. */
  keep(rows: readonly (Id | undefined)[]): void {
    const chosen = this.#chosen.peek();
    if (chosen.size === 0) return;
    const there = new Set(rows);
    const kept = [...chosen].filter((id) => there.has(id));
    if (kept.length !== chosen.size) this.#chosen.value = new Set(kept);
  }

  at(id: Id | undefined): void {
    this.#cursor.value = id;
  }

  /** The row so many further on; at the ends it stays. */
  step(by: number, rows: readonly (Id | undefined)[]): Id | undefined {
    const cursor = this.#cursor.peek();
    const now = cursor === undefined ? -1 : rows.indexOf(cursor);
    const next = now < 0 ? 0 : Math.min(Math.max(now + by, 0), rows.length - 1);
    const id = rows[next];
    if (id !== undefined) this.#cursor.value = id;
    return id;
  }
}
