/**
 * A map that forgets what was not used for longest when it is full: whatever strangers can make us remember is kept in
 * one of these.
 */
export class LruMap<K, V> {
  readonly #capacity: number;
  readonly #items = new Map<K, V>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.size;
  }

  /** Counts as a use. */
  get(key: K): V | undefined {
    const value = this.#items.get(key);
    if (value === undefined) return undefined;
    this.#items.delete(key);
    this.#items.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#items.delete(key);
    if (this.#items.size >= this.#capacity) {
      const oldest = this.#items.keys().next();
      if (!oldest.done) this.#items.delete(oldest.value);
    }
    this.#items.set(key, value);
  }

  delete(key: K): boolean {
    return this.#items.delete(key);
  }
}
