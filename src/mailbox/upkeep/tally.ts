/** A number for each email number; emails are numbered from 1, so an array is the smallest map. */
export class Tally {
  #values = new Uint32Array(1024);

  get(key: number): number {
    return this.#values[key] ?? 0;
  }

  add(key: number, by: number): void {
    this.set(key, this.get(key) + by);
  }

  set(key: number, value: number): void {
    if (key >= this.#values.length) {
      const larger = new Uint32Array(Math.max(key + 1, this.#values.length * 2));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[key] = value;
  }

  *keysNotIn(other: Tally): Generator<number> {
    for (let key = 0; key < this.#values.length; key++) {
      if (this.#values[key] !== 0 && other.get(key) === 0) yield key;
    }
  }
}
