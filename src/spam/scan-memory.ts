/** What messages that wait to be scanned may take together: strangers decide how many there are. */
const MOST_BYTES = 128 * 1024 * 1024;

export class ScanMemory {
  readonly #most: number;
  #taken = 0;

  constructor(most: number = MOST_BYTES) {
    this.#most = most;
  }

  /** False: there is no room. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#most) return false;
    this.#taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}
