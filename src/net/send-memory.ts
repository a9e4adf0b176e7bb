/**
 * Memory for octets that are read from the disk and written to a client, used again when they have left.
 *
 * Octets are outside V8's heap, and whenever so many megabytes of them were made V8 marks all of the heap: in a download that
 * took as long as reading and sending together.
 *
 * The invariant: a block is lent anew only after the connection has said that all of it was taken. Of whatever breaks off
 * in between nothing comes back, and the collector has it.
 */
const BLOCK_BYTES = 256 * 1024;
/** Enough for some downloads at once; more than these are made when they are wanted. */
const MAX_SPARE = 16;

/** Calls back when everything has left that is written by now. */
export type WhenSent = (sent: () => void) => void;

export class SendMemory {
  readonly #spare: Buffer[] = [];

  lend(whenSent: WhenSent): Lent {
    return new Lent(this.#spare, whenSent);
  }
}

/** What one piece of work reads into before it writes it. */
export class Lent {
  readonly #spare: Buffer[];
  readonly #whenSent: WhenSent;
  #blocks: Buffer[] = [];
  /** Of the last block. */
  #used = BLOCK_BYTES;

  constructor(spare: Buffer[], whenSent: WhenSent) {
    this.#spare = spare;
    this.#whenSent = whenSent;
  }

  /** So many octets, whatever they are. */
  readonly allocate = (length: number): Buffer => {
    if (length > BLOCK_BYTES || length === 0) return Buffer.allocUnsafeSlow(length);
    if (length > BLOCK_BYTES - this.#used) {
      this.#blocks.push(this.#spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += length;
    return (this.#blocks.at(-1) as Buffer).subarray(from, this.#used);
  };

  /** Whatever of it is to be sent has been written: it is others' when it has left. */
  written(): void {
    const blocks = this.#blocks;
    if (blocks.length === 0) return;
    this.#blocks = [];
    this.#used = BLOCK_BYTES;
    this.#whenSent(() => {
      for (const block of blocks) if (this.#spare.length < MAX_SPARE) this.#spare.push(block);
    });
  }
}
