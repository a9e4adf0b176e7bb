/**
 * What one call may read of blobs, of all of them together: however little of a blob is wanted, one in a transfer encoding is read from
 * its beginning, and one that lies in another message is looked for in all of that.
 */
import { MethodError, SetError } from '../core/fault.ts';
import type { JmapLimits } from '../core/limits.ts';

const WORDS = 'that is too much to read in one call';

export class ReadingRoom {
  #left: number;
  readonly #refusal: () => Error;

  /** `refusal`: what is thrown when it has come to its end. */
  constructor({ maxSizeRead }: JmapLimits, refusal: () => Error) {
    this.#left = maxSizeRead;
    this.#refusal = refusal;
  }

  /** Of a method that answers for all of its objects or for none. */
  static ofMethod(limits: JmapLimits): ReadingRoom {
    return new ReadingRoom(limits, () => new MethodError('requestTooLarge', WORDS));
  }

  /** Of one that answers for each of its objects. */
  static ofObjects(limits: JmapLimits): ReadingRoom {
    return new ReadingRoom(limits, () => new SetError('tooLarge', WORDS));
  }

  async *metered(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      this.#left -= piece.length;
      if (this.#left < 0) throw this.#refusal();
      yield piece;
    }
  }
}
