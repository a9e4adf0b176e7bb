/** The first octets of a message that goes by, for whoever wants to look at its header. */
import { EMPTY } from '../base/bytes.ts';
import type { ReadMessage } from '../smtp/role.ts';

export class Beginning {
  readonly #most: number;
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** `most`: octets that are kept; none at 0. */
  constructor(most: number) {
    this.#most = most;
  }

  through(read: ReadMessage): ReadMessage {
    return async () => {
      const piece = await read();
      const room = this.#most - this.#bytes;
      if (piece !== undefined && room > 0) {
        // Whoever reads may use the memory again.
        this.#pieces.push(Buffer.from(piece.bytes.subarray(0, room)));
        this.#bytes += Math.min(room, piece.bytes.length);
      }
      return piece;
    };
  }

  get octets(): Buffer {
    return this.#pieces.length === 0 ? EMPTY : Buffer.concat(this.#pieces);
  }
}
