/**
 * What a person has typed into a search, as the texts that all have to be there (RFC 8621 §4.4.1): words between white space, and
 * phrases in matched quotes, in which a backslash takes the next character for itself.
 */

/** More words than anybody types: each is looked for in every message. */
export const MOST_WORDS = 50;

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
