/**
 * What one call may read of blobs, of all of them together: however little of a blob is wanted, one in a transfer encoding is read from
 * its beginning, and one that lies in another message is looked for in all of that.
 */
import { MethodError, SetError } from '../core/fault.ts';

const MOST_READ = 200_000_000;
const WORDS = 'that is too much to read in one call';

export class ReadingRoom {
  #left = MOST_READ;
  readonly #refusal: () => Error;

  /** `refusal`: what is thrown when it has come to its end. */
  constructor(refusal: () => Error) {
    this.#refusal = refusal;
  }

  /** Of a method that answers for all of its objects or for none. */
  static ofMethod(): ReadingRoom {
    return new ReadingRoom(() => new MethodError('requestTooLarge', WORDS));
  }

  /** Of one that answers for each of its objects. */
  static ofObjects(): ReadingRoom {
    return new ReadingRoom(() => new SetError('tooLarge', WORDS));
  }

  async *metered(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      this.#left -= piece.length;
      if (this.#left < 0) throw this.#refusal();
      yield piece;
    }
  }
}
