import { timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * A value that prints as stars. Passwords and keys travel in it from the parser to the one place that compares or
 * sends them, so that a log line, an error message, a JSON dump or a debugger's print cannot leak one by accident.
 * `reveal()` is the only way out and easy to search for.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** Takes as long for a nearly right guess as for a wrong one of the same length. */
  equals(other: Secret): boolean {
    const mine = Buffer.from(this.#value);
    const theirs = Buffer.from(other.#value);
    return mine.length === theirs.length && timingSafeEqual(mine, theirs);
  }

  toString(): string {
    return '****';
  }

  toJSON(): string {
    return '****';
  }

  [inspect.custom](): string {
    return '****';
  }
}
