/** Rows in ascending order of a number that names each: one is found by halving, a page is read from where it begins. */
export class SortedRows<T> {
  readonly #keys: number[] = [];
  readonly #rows: T[] = [];

  get size(): number {
    return this.#rows.length;
  }

  get(key: number): T | undefined {
    const at = this.#lowerBound(key);
    return this.#keys[at] === key ? this.#rows[at] : undefined;
  }

  /** Inserted, or in the place of the row of that name. */
  set(key: number, row: T): void {
    const at = this.#lowerBound(key);
    const replaced = this.#keys[at] === key ? 1 : 0;
    this.#keys.splice(at, replaced, key);
    this.#rows.splice(at, replaced, row);
  }

  delete(key: number): void {
    const at = this.#lowerBound(key);
    if (this.#keys[at] !== key) return;
    this.#keys.splice(at, 1);
    this.#rows.splice(at, 1);
  }

  deleteUpTo(key: number): void {
    const end = this.#lowerBound(key + 1);
    this.#keys.splice(0, end);
    this.#rows.splice(0, end);
  }

  after(key: number, limit: number): T[] {
    const from = this.#lowerBound(key + 1);
    return this.#rows.slice(from, from + limit);
  }

  last(): T | undefined {
    return this.#rows.at(-1);
  }

  all(): readonly T[] {
    return this.#rows;
  }

  #lowerBound(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
