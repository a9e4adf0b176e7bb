/**
 * The words of a text, as the index of texts keeps them and as what is looked for is taken apart.
 *
 * A word is a run of letters, digits and marks, with `_ - . @ ' +` inside, where both neighbours are of a word: addresses, host names
 * and symbols are one word each. Chinese characters have no words: each two neighbours are one, a character alone is one. What a character
 * is depends on it alone, so a stretch of a text is taken apart like the whole: whatever is looked for, its words are in words of
 * the text that has it.
 *
 * Runs longer than LONGEST are kept as pieces that overlap by half: whatever is at most SURE long is in one of them whole.
 */

/** Characters of a piece of a longer run. */
const LONGEST = 256;
/** What is no longer than this and lies within one run lies within one word. */
export const SURE = LONGEST / 2;
/** Held back of a text without an end of a word; what is longer is cut. */
const MOST_HELD = 4096;

export type CharacterClass = typeof SEPARATOR | typeof LETTER | typeof CONNECTOR | typeof IDEOGRAPH;
export const SEPARATOR = 0;
export const LETTER = 1;
export const CONNECTOR = 2;
export const IDEOGRAPH = 3;

const CLASSES = makeClasses();

/** Of a UTF-16 unit. */
export function classOf(unit: number): CharacterClass {
  return CLASSES[unit] as CharacterClass;
}

export type TakeWord = (word: string) => void;

/** Words of a text that comes in pieces, folded by `mail/fold.ts`. A word may be given more than once. */
export class WordReader {
  readonly #take: TakeWord;
  #held = '';

  constructor(take: TakeWord) {
    this.#take = take;
  }

  write(piece: string): void {
    const text = this.#held + piece;
    let cut = text.length;
    while (cut > 0 && classOf(text.charCodeAt(cut - 1)) !== SEPARATOR) cut--;
    if (text.length - cut <= MOST_HELD) {
      takeWords(text, cut, this.#take);
      this.#held = text.slice(cut);
      return;
    }
    takeWords(text, text.length, this.#take);
    this.#held = text.slice(-SURE);
  }

  /** The text ends here; another may follow. */
  end(): void {
    takeWords(this.#held, this.#held.length, this.#take);
    this.#held = '';
  }
}

/** Words of the first `end` characters, as if the text ended there. */
export function takeWords(text: string, end: number, take: TakeWord): void {
  for (let at = 0; at < end; ) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === LETTER) at = takeRun(text, at, end, take);
    else if (kind === IDEOGRAPH) at = takeIdeographs(text, at, end, take);
    else at++;
  }
}

/** The end of the run of letters that begins here, connectors between them included. */
export function runEnd(text: string, from: number, end: number): number {
  let at = from + 1;
  for (; at < end; at++) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === LETTER) continue;
    const isInside = kind === CONNECTOR && at + 1 < end && classOf(text.charCodeAt(at + 1)) === LETTER;
    if (!isInside) break;
  }
  return at;
}

function takeRun(text: string, from: number, end: number, take: TakeWord): number {
  const to = runEnd(text, from, end);
  for (let at = from; ; at += SURE) {
    const last = to - at <= LONGEST;
    take(text.slice(at, last ? to : at + LONGEST));
    if (last) return to;
  }
}

function takeIdeographs(text: string, from: number, end: number, take: TakeWord): number {
  let at = from + 1;
  for (; at < end && classOf(text.charCodeAt(at)) === IDEOGRAPH; at++) take(text.slice(at - 1, at + 1));
  if (at === from + 1) take(text.slice(from, at));
  return at;
}

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(0x10000).fill(LETTER, 0x80);
  const set = (from: number, to: number, kind: CharacterClass): void => void classes.fill(kind, from, to + 1);
  set(0x30, 0x39, LETTER);
  set(0x41, 0x5a, LETTER);
  set(0x61, 0x7a, LETTER);
  for (const one of "_-.@'+") classes[one.charCodeAt(0)] = CONNECTOR;
  set(0x80, 0xbf, SEPARATOR);
  for (const letter of [0xaa, 0xb5, 0xba]) classes[letter] = LETTER;
  for (const sign of [0xd7, 0xf7]) classes[sign] = SEPARATOR;
  // Punctuation, but for what joins letters; currency, arrows, mathematics, boxes.
  set(0x2000, 0x200b, SEPARATOR);
  set(0x200e, 0x206f, SEPARATOR);
  set(0x20a0, 0x20cf, SEPARATOR);
  set(0x2190, 0x2bff, SEPARATOR);
  // Punctuation of Chinese and Japanese, and its wide and vertical forms.
  set(0x3000, 0x3004, SEPARATOR);
  set(0x3008, 0x3020, SEPARATOR);
  set(0x3030, 0x303f, SEPARATOR);
  set(0xfe10, 0xfe1f, SEPARATOR);
  set(0xfe30, 0xfe6f, SEPARATOR);
  set(0xff00, 0xff0f, SEPARATOR);
  set(0xff1a, 0xff20, SEPARATOR);
  set(0xff3b, 0xff40, SEPARATOR);
  set(0xff5b, 0xff65, SEPARATOR);
  set(0xfff0, 0xffff, SEPARATOR);
  set(0x3400, 0x4dbf, IDEOGRAPH);
  set(0x4e00, 0x9fff, IDEOGRAPH);
  set(0xf900, 0xfaff, IDEOGRAPH);
  return classes;
}
