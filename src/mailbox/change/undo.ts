/**
 * What a change has done so far, as steps that take it back in reverse order. Whatever a change writes it writes through
 * this log, the rows it collects included, so that nothing can be changed without its inverse.
 */
export class Undo {
  readonly #inverses: (() => void)[] = [];

  /** A place to come back to. */
  mark(): number {
    return this.#inverses.length;
  }

  /** Everything that was done after the mark is taken back. */
  rollBack(mark: number): void {
    while (this.#inverses.length > mark) (this.#inverses.pop() as () => void)();
  }

  /** For what has an inverse of its own. */
  did(inverse: () => void): void {
    this.#inverses.push(inverse);
  }

  /** Restores all of this value's fields, however they are changed from here on. */
  keep<T extends object>(value: T): void {
    const before = { ...value };
    this.did(() => Object.assign(value, before));
  }

  append<T>(list: T[], items: readonly T[]): void {
    const { length } = list;
    for (const item of items) list.push(item);
    this.did(() => {
      list.length = length;
    });
  }

  add<T>(set: Set<T>, item: T): void {
    if (set.has(item)) return;
    set.add(item);
    this.did(() => set.delete(item));
  }

  put<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key);
    const before = map.get(key) as V;
    map.set(key, value);
    this.did(() => {
      if (had) map.set(key, before);
      else map.delete(key);
    });
  }
}
