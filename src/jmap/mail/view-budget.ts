/**
 * What one call may make of the messages that it shows, of all its emails together, counted while it is made: a message of a few
 * kilobytes may have ten thousand parts, and a call may ask a thousand things of each. Whoever counts also lets the others run.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { MethodError } from '../core/fault.ts';

/** Values, of some forty octets: 10 to 20 MB of an answer. */
const MOST_VALUES = 400_000;
const VALUE_OCTETS = 64;
/** To read a part, its header and where it is. */
const VALUES_OF_A_PART = 8;

export class ViewBudget {
  readonly #slice = new TimeSlice();
  #left = MOST_VALUES;

  /** Waited for when it is a promise. Throws `requestTooLarge`. */
  part(): Promise<void> | undefined {
    return this.#take(VALUES_OF_A_PART);
  }

  /** Values that are there as they are shown. As `part`. */
  values(count: number): Promise<void> | undefined {
    return this.#take(count);
  }

  /** Values that are made of so many octets. As `part`. */
  made(count: number, octets: number): Promise<void> | undefined {
    return this.#take(count + Math.ceil(octets / VALUE_OCTETS));
  }

  #take(count: number): Promise<void> | undefined {
    this.#left -= count;
    if (this.#left < 0)
      throw new MethodError(
        'requestTooLarge',
        'the messages have too many parts and fields for what is asked of each: ask for fewer at once',
      );
    return this.#slice.spent();
  }
}
