/**
 * What is looked for, as words that a text must have in which it is. Where it lies within one word, having that is having it; else
 * it is a reason to look.
 */
import { CONNECTOR, classOf, IDEOGRAPH, LETTER, runEnd, SURE } from './words.ts';

export interface SoughtWord {
  readonly text: string;
  /** A word of the text begins, or ends, where this one does. */
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

export interface SoughtWords {
  /** Every text that has what is looked for has a word for each of these. */
  readonly words: readonly SoughtWord[];
  /** And a text that has them has it. */
  readonly isExact: boolean;
}

/** More make it no rarer. */
const MOST_WORDS = 8;

/** Of a folded needle. Undefined when it has no word: nothing can be said without looking. */
export function soughtWords(needle: string): SoughtWords | undefined {
  // Half a character is found in texts, but is in no octets.
  if (!needle.isWellFormed()) return undefined;
  const words: SoughtWord[] = [];
  const from = firstSure(needle);
  const to = lastSure(needle);
  for (let at = 0; at < needle.length; ) {
    const kind = classOf(needle.charCodeAt(at));
    if (kind === LETTER) {
      const end = runEnd(needle, at, needle.length);
      words.push(wordOf(needle.slice(at, end), at > from, end < to));
      at = end;
    } else if (kind === IDEOGRAPH) at = takePairs(needle, at, words);
    else at++;
  }
  if (words.length === 0) return undefined;
  const isExact = words.length === 1 && words[0]?.text === needle;
  const rarest = words.sort((a, b) => b.text.length - a.text.length).slice(0, MOST_WORDS);
  return { words: rarest, isExact };
}

/** Before this, what stands before the needle may belong to the same word. */
function firstSure(needle: string): number {
  let at = 0;
  while (at < needle.length && classOf(needle.charCodeAt(at)) === CONNECTOR) at++;
  return at;
}

function lastSure(needle: string): number {
  let at = needle.length;
  while (at > 0 && classOf(needle.charCodeAt(at - 1)) === CONNECTOR) at--;
  return at;
}

/** Of a long one the text has the first characters in one piece. */
function wordOf(text: string, isStart: boolean, isEnd: boolean): SoughtWord {
  if (text.length <= SURE) return { text, isStart, isEnd };
  // Not the half of a character.
  const isCut = (text.charCodeAt(SURE - 1) & 0xfc00) === 0xd800;
  return { text: text.slice(0, isCut ? SURE - 1 : SURE), isStart: false, isEnd: false };
}

function takePairs(needle: string, from: number, words: SoughtWord[]): number {
  let at = from + 1;
  for (; at < needle.length && classOf(needle.charCodeAt(at)) === IDEOGRAPH; at++)
    words.push({ text: needle.slice(at - 1, at + 1), isStart: false, isEnd: false });
  if (at === from + 1) words.push({ text: needle.slice(from, at), isStart: false, isEnd: false });
  return at;
}
