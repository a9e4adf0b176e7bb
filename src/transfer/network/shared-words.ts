/**
 * Keywords and labels of the messages of a folder, while all of it is listed: messages have few different lists of them, so each is kept
 * once, and what a server may make us keep is bounded.
 */
import { SourceFailure } from './failure.ts';

/** Of all different lists together; a hundred thousand of them are as much. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Of a list and of a word, beside its letters. */
const EACH_BYTES = 64;

export class SharedWords {
  readonly #lists = new Map<string, readonly string[]>();
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** A list of the same words. Throws SourceFailure when there are too many that differ. */
  of(words: readonly string[]): readonly string[] {
    if (words.length === 0) return NONE;
    const text = JSON.stringify(words);
    const known = this.#lists.get(text);
    if (known !== undefined) return known;
    this.#bytes += text.length + EACH_BYTES * (1 + words.length);
    if (this.#bytes > this.#mostBytes)
      throw new SourceFailure(
        'refused',
        'its messages have more different keywords and labels than can be brought',
      );
    // Read from the text again: what a parser gave may be a part of a line, and keep all of it.
    const list = Object.freeze(JSON.parse(text) as string[]);
    this.#lists.set(text, list);
    return list;
  }
}

const NONE: readonly string[] = Object.freeze([]);
