/**
 * What a person has typed into a search, as the texts that all have to be there (RFC 8621 §4.4.1): words between white space, and
 * phrases in matched quotes, in which a backslash takes the next character for itself.
 */

import { MethodError } from '../core/fault.ts';

/** More words than anybody types: each is looked for in every message. */
const MOST_WORDS = 50;
const MOST_CHARACTERS = 10_000;

/** Throws `MethodError` `unsupportedFilter` for more than anybody types. */
export function soughtWords(text: string): readonly string[] {
  if (text.length > MOST_CHARACTERS)
    throw new MethodError(
      'unsupportedFilter',
      `texts of at most ${MOST_CHARACTERS} characters are looked for`,
    );
  const words = searchWords(text);
  if (words.length > MOST_WORDS)
    throw new MethodError('unsupportedFilter', `at most ${MOST_WORDS} words are looked for at once`);
  return words;
}

/** In their order, without repetitions; none for a text of white space. */
export function searchWords(text: string): readonly string[] {
  const words = new Set<string>();
  for (let at = 0; at < text.length; ) {
    const sign = text.charAt(at);
    if (isWhite(sign)) {
      at++;
      continue;
    }
    const phrase = sign === '"' || sign === "'" ? phraseAt(text, at) : undefined;
    if (phrase !== undefined) {
      if (phrase.text.trim() !== '') words.add(phrase.text);
      at = phrase.end;
      continue;
    }
    let end = at;
    while (end < text.length && !isWhite(text.charAt(end))) end++;
    words.add(text.slice(at, end));
    at = end;
  }
  return [...words];
}

/** Undefined when the quote is not closed, or in the middle of a word: then it is an apostrophe. */
function phraseAt(text: string, at: number): { readonly text: string; readonly end: number } | undefined {
  const quote = text.charAt(at);
  let phrase = '';
  for (let i = at + 1; i < text.length; i++) {
    const sign = text.charAt(i);
    if (sign === '\\' && i + 1 < text.length) phrase += text.charAt(++i);
    else if (sign !== quote) phrase += sign;
    else if (i + 1 < text.length && !isWhite(text.charAt(i + 1))) return undefined;
    else return { text: phrase, end: i + 1 };
  }
  return undefined;
}

function isWhite(sign: string): boolean {
  return /\s/.test(sign);
}
