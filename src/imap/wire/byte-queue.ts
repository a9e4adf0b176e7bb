/**
 * Unread input: chunks as the socket gave them, read from the front without joining them, and a gatherer for the rare
 * token that spans several. Feeding a megabyte octet by octet costs a megabyte of copying, not its square.
 */
import { EMPTY } from '../../base/bytes.ts';

export class ByteQueue {
  #chunks: Buffer[] = [];
  #first = 0;
  #offset = 0;
  #length = 0;

  /** Octets not yet consumed. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** What can be read without copying: the rest of the oldest chunk; empty when there is nothing. */
  front(): Buffer {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return EMPTY;
    return this.#offset === 0 ? chunk : chunk.subarray(this.#offset);
  }

  /** Moves on by at most the length of `front()`. */
  consume(count: number): void {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return;
    this.#offset += count;
    this.#length -= count;
    if (this.#offset < chunk.length) return;
    this.#offset = 0;
    this.#chunks[this.#first++] = EMPTY;
    // Dropping the consumed prefix only when it is half of all keeps the removal at constant cost per chunk.
    if (this.#first * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
  }

  takeAll(): Buffer {
    const all = Buffer.concat([this.front(), ...this.#chunks.slice(this.#first + 1)]);
    this.clear();
    return all;
  }

  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#offset = 0;
    this.#length = 0;
  }
}

export class Gatherer {
  #bytes: Buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(256, needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  peek(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Everything gathered followed by `last`; without a copy when nothing was gathered. */
  takeWith(last: Buffer): Buffer {
    if (this.#length === 0) return last;
    this.append(last);
    const all = this.peek();
    this.clear();
    return all;
  }

  clear(): void {
    this.#bytes = EMPTY;
    this.#length = 0;
  }
}
