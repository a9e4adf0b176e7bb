/**
 * One fdatasync for all who wait for the same file: whoever asks while one runs is served by the next, so any number of
 * records that are written meanwhile share it.
 *
 * A sync that failed is never retried, nor is a later one believed: the kernel may have dropped the pages and forgotten about it.
 */
import * as fs from 'node:fs';
import { promisify } from 'node:util';

const fdatasync = promisify(fs.fdatasync);

export class SharedSync {
  readonly #fd: number;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: unknown;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Resolves when everything written before this call is on the disk. */
  sync(): Promise<void> {
    // It has not begun.
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#start();
    this.#next = this.#running.then(
      () => this.#startNext(),
      () => this.#startNext(),
    );
    return this.#next;
  }

  #startNext(): Promise<void> {
    this.#next = undefined;
    return this.#start();
  }

  async #start(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#running = fdatasync(this.#fd);
    try {
      await this.#running;
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#running = undefined;
    }
  }
}
