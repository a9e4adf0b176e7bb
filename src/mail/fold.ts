/**
 * Text as it is compared in a search: without case, by Unicode, in one normal form (in the spirit of RFC 5051).
 *
 * Promises: two texts that a person reads as equal but for case fold to the same; folding a text and taking a part of it
 * gives a part of the folded text, so that a substring is found wherever it stands. Accents count.
 */

/** `isPlain` when the caller knows that it is ASCII: then only letters change. */
export function foldText(text: string, isPlain = false): string {
  if (isPlain) return text.toLowerCase();
  const folded = text.normalize('NFC').toLowerCase();
  // Lower case of a capital sigma depends on whether a word ends there, which a part of the word cannot know.
  return folded.includes('\u03c2') ? folded.replaceAll('\u03c2', '\u03c3') : folded;
}
