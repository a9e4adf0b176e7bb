/** A set of numbers that lie close together: a bit for each up to the highest. */
export class NumberSet {
  #bits = new Uint32Array(256);

  get sizeBytes(): number {
    return this.#bits.byteLength;
  }

  add(number: number): void {
    const word = number >>> 5;
    if (word >= this.#bits.length) {
      const larger = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[word] = (this.#bits[word] as number) | (1 << (number & 31));
  }

  has(number: number): boolean {
    return ((this.#bits[number >>> 5] ?? 0) & (1 << (number & 31))) !== 0;
  }

  /** Ascending, from this number on. */
  *from(first: number): Generator<number> {
    for (let word = first >>> 5; word < this.#bits.length; word++) {
      let bits = this.#bits[word] as number;
      if (word === first >>> 5) bits &= -1 << (first & 31);
      for (; bits !== 0; bits &= bits - 1) yield word * 32 + (31 - Math.clz32(bits & -bits));
    }
  }
}
