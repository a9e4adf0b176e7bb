/**
 * Many needles in texts that come in pieces.
 *
 * Promises: a needle that lies across two pieces of one text is found, one across two texts is not; what was found is not looked
 * for again. However many needles there are and however long the pieces, it stops for others in between.
 */
import type { Pause } from '../../base/time-slice.ts';
import type { Needle } from './needle.ts';

/** A needle, and what it is looked for in. */
export interface Sought<Source> {
  /** Undefined when it is not looked for in such a text. */
  needleIn(source: Source): Needle | undefined;
}

/** Characters compared between two looks at the clock: some tenths of a millisecond. */
const STEP = 512 * 1024;

export class Scan<Source> {
  readonly #sought: readonly Sought<Source>[];
  readonly #found: Uint8Array;
  readonly #pause: Pause;
  #open: number[];
  #tail = '';
  #compared = 0;

  /** Sets `found[i]` to 1 when `sought[i]` is found. */
  constructor(sought: readonly Sought<Source>[], found: Uint8Array, pause: Pause) {
    this.#sought = sought;
    this.#found = found;
    this.#pause = pause;
    this.#open = sought.flatMap((_, index) => (found[index] === 1 ? [] : [index]));
  }

  get isOver(): boolean {
    return this.#open.length === 0;
  }

  /** Whether anything is still looked for in such a text. */
  wants(source: Source): boolean {
    return this.#open.some((index) => this.#needle(index, source) !== undefined);
  }

  /** A text that has nothing to do with what came before. */
  begin(): void {
    this.#tail = '';
  }

  /** The next piece of a text, folded. Await the result when it is a promise. */
  feed(piece: string, source: Source): Promise<void> | undefined {
    const text = this.#tail + piece;
    const stopped = this.#look(text, source, 0);
    if (stopped >= 0) return this.#lookOn(text, source, stopped);
    this.#close(text, source);
    return undefined;
  }

  async #lookOn(text: string, source: Source, from: number): Promise<void> {
    for (let at = from; at >= 0; at = this.#look(text, source, at)) await this.#pause();
    this.#close(text, source);
  }

  /** Looks for what is open from this position on; returns where it stopped because its time was over, or -1. */
  #look(text: string, source: Source, from: number): number {
    for (let at = from; at < this.#open.length; at++) {
      const index = this.#open[at] as number;
      const needle = this.#needle(index, source);
      if (needle === undefined) continue;
      if (needle.isIn(text)) this.#found[index] = 1;
      this.#compared += text.length + needle.text.length;
      if (this.#compared < STEP) continue;
      this.#compared = 0;
      return at + 1;
    }
    return -1;
  }

  #close(text: string, source: Source): void {
    this.#open = this.#open.filter((index) => this.#found[index] !== 1);
    let longest = 0;
    for (const index of this.#open)
      longest = Math.max(longest, this.#needle(index, source)?.text.length ?? 0);
    this.#tail = longest > 1 ? text.slice(-(longest - 1)) : '';
  }

  #needle(index: number, source: Source): Needle | undefined {
    return (this.#sought[index] as Sought<Source>).needleIn(source);
  }
}
