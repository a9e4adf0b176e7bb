/**
 * Gathers the octets of one header after another from a message that comes in pieces.
 *
 * Promises: a header that lies in one piece is not copied; one that does not is copied once, into a buffer that
 * doubles. No header gives more than MAX_PARSED_BYTES, all headers of a message together no more than
 * MAX_HEADER_BYTES: header bombs cost the sender more than us. Which octets are kept does not depend on how the
 * message was cut.
 */
import { EMPTY } from '../base/bytes.ts';
import { MAX_PARSED_BYTES } from './header.ts';

/** Header octets kept over one message; headers beyond it are read as empty. */
export const MAX_HEADER_BYTES = 10 * 1024 * 1024;

export class HeaderCollector {
  #budgetBytes = MAX_HEADER_BYTES;
  #held: Buffer = EMPTY;
  #heldSize = 0;
  /** Where in the piece at hand the rest of the header begins. */
  #from = 0;

  /** A header begins here in the piece at hand. */
  begin(index: number): void {
    this.#from = index;
    this.#heldSize = 0;
  }

  /** The next piece is at hand; the header goes on at its start. */
  nextPiece(): void {
    this.#from = 0;
  }

  /** Keeps what the piece at hand has of the header. */
  hold(bytes: Buffer, to: number): void {
    const size = Math.min(to - this.#from, this.#roomBytes() - this.#heldSize);
    if (size <= 0) return;
    const wanted = this.#heldSize + size;
    if (wanted > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#held.length, 1024));
      this.#held.copy(grown, 0, 0, this.#heldSize);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#heldSize, this.#from, this.#from + size);
    this.#heldSize = wanted;
  }

  /** The header ends before `bytes[to]`: its octets, as far as they are kept. */
  take(bytes: Buffer, to: number): Buffer {
    let header: Buffer;
    if (this.#heldSize === 0)
      header = bytes.subarray(this.#from, Math.min(to, this.#from + this.#roomBytes()));
    else {
      this.hold(bytes, to);
      header = this.#held.subarray(0, this.#heldSize);
      this.#held = EMPTY;
      this.#heldSize = 0;
    }
    this.#from = to;
    this.#budgetBytes -= header.length;
    return header;
  }

  #roomBytes(): number {
    return Math.min(MAX_PARSED_BYTES, this.#budgetBytes);
  }
}
