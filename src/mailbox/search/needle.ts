/**
 * One text that is looked for in many.
 *
 * Promises: looking costs the sum of both lengths, never their product: the engine's own search takes shortcuts of at most
 * LONGEST_FAST characters, and a longer text of few letters against one of its kind would stand still for seconds.
 */
const LONGEST_FAST = 200;

export class Needle {
  readonly text: string;
  /** At each character how many of the first ones end there, but not at the start (Knuth, Morris, Pratt). */
  #borders: Int32Array | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** A search for octets may take the engine's shortcuts, too. */
  get isShort(): boolean {
    return this.text.length <= LONGEST_FAST;
  }

  isIn(text: string): boolean {
    const { text: needle } = this;
    if (this.isShort) return text.includes(needle);
    if (needle.length > text.length) return false;
    this.#borders ??= bordersOf(needle);
    const borders = this.#borders;
    let matched = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      while (matched > 0 && needle.charCodeAt(matched) !== c) matched = borders[matched - 1] as number;
      if (needle.charCodeAt(matched) === c) matched++;
      if (matched === needle.length) return true;
    }
    return false;
  }
}

function bordersOf(needle: string): Int32Array {
  const borders = new Int32Array(needle.length);
  let matched = 0;
  for (let i = 1; i < needle.length; i++) {
    const c = needle.charCodeAt(i);
    while (matched > 0 && needle.charCodeAt(matched) !== c) matched = borders[matched - 1] as number;
    if (needle.charCodeAt(matched) === c) matched++;
    borders[i] = matched;
  }
  return borders;
}
