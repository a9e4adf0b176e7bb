/**
 * A file read forwards through one window of a megabyte, with views at any place near it: what a scanner needs that
 * looks a little ahead and a little back. Synchronous, see `source.ts`. A view is valid until the next call.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const WINDOW = 1024 * 1024;

export class FileWindow {
  readonly #file: number;
  readonly sizeBytes: number;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.sizeBytes = fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** The octets from `at`, fewer than `length` only at the end of the file. `length` is at most a window. */
  view(at: number, length: number): Buffer {
    const end = Math.min(at + Math.min(length, WINDOW), this.sizeBytes);
    if (at < this.#start || end > this.#start + this.#bytes.length) {
      this.#bytes = this.#read(at, Math.min(WINDOW, this.sizeBytes - at));
      this.#start = at;
    }
    return this.#bytes.subarray(at - this.#start, end - this.#start);
  }

  /** A copy that stays. */
  read(start: number, end: number): Buffer {
    if (start >= this.#start && end <= this.#start + this.#bytes.length) {
      return Buffer.from(this.#bytes.subarray(start - this.#start, end - this.#start));
    }
    return this.#read(start, end - start);
  }

  *slices(start: number, end: number, sliceBytes = 256 * 1024): Generator<Buffer> {
    for (let at = start; at < end; at += sliceBytes) {
      const slice = this.#read(at, Math.min(sliceBytes, end - at));
      yield slice;
      if (slice.length < Math.min(sliceBytes, end - at)) return;
    }
  }

  /** Place of `word` at or after `from`, or -1. */
  indexOf(word: Buffer, from: number): number {
    for (let at = from; at < this.sizeBytes; ) {
      // What is loaded first: a message ends far more often than a window does.
      const loaded = this.#start + this.#bytes.length - at;
      const view = this.view(at, at >= this.#start && loaded > word.length ? loaded : WINDOW);
      const found = view.indexOf(word);
      if (found >= 0) return at + found;
      if (at + view.length >= this.sizeBytes) return -1;
      at += view.length - word.length + 1;
    }
    return -1;
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, length));
    let have = 0;
    while (have < bytes.length) {
      const got = readSync(this.#file, bytes, have, bytes.length - have, at + have);
      if (got === 0) break;
      have += got;
    }
    return bytes.subarray(0, have);
  }
}
