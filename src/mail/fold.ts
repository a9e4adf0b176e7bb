/**
 * Text as it is compared in a search: without case, by Unicode, in one normal form (in the spirit of RFC 5051).
 *
 * Promises: two texts that a person reads as equal but for case fold to the same; folding a text and taking a part of it
 * gives a part of the folded text, so that a substring is found wherever it stands. Accents count. Linear: putting the marks on
 * one letter in order costs the square of their number, so longer runs of marks than any writing has are cut (UAX #15 §13).
 */

/** The Stream-Safe Text Format allows thirty. */
const MAX_MARKS = 30;
const MARKS_ON_ONE = /\p{M}{31,}/gu;
const JOINER = '\u034f';
/** A mark, or half of what may be one. */
const MAYBE_MARK = /[\p{M}\p{Cs}]/u;

/** `isPlain` when the caller knows that it is ASCII: then only letters change. */
export function foldText(text: string, isPlain = false): string {
  if (isPlain) return text.toLowerCase();
  const folded = streamSafe(text).normalize('NFC').toLowerCase();
  // Lower case of a capital sigma depends on whether a word ends there, which a part of the word cannot know.
  return folded.includes('\u03c2') ? folded.replaceAll('\u03c2', '\u03c3') : folded;
}

/** The text of a header field as it is compared: as `foldText`, and every run of white space is one space. */
export function foldFieldText(text: string): string {
  return foldText(singleSpaced(text));
}

/** Every run of blanks, tabs and line ends as one space. */
export function singleSpaced(text: string): string {
  // What is one space already is left alone: text of ten words stays in one piece.
  return /[\t\r\n]| {2}/.test(text) ? text.replace(/[\t\r\n][ \t\r\n]*| [ \t\r\n]+/g, ' ') : text;
}

function streamSafe(text: string): string {
  if (!mayHaveLongRun(text)) return text;
  return text.replace(MARKS_ON_ONE, (run) => run.replace(/\p{M}{30}/gu, `$&${JOINER}`));
}

/** A run of twice as many marks covers one of the places looked at. */
function mayHaveLongRun(text: string): boolean {
  for (let i = MAX_MARKS; i < text.length; i += MAX_MARKS) {
    if (text.charCodeAt(i) >= 0x300 && MAYBE_MARK.test(text.charAt(i))) return true;
  }
  return false;
}
