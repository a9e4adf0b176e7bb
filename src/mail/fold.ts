/**
 * Text as it is compared in a search: the collation i;unicode-casemap (RFC 5051) with the letters of ASCII the other way round, so that
 * most text is its own key but for case.
 *
 * Promises: two texts fold to the same if and only if the collation takes them for the same, and one text is in another if and only if
 * it is by the collation; folding a text and taking a part of it gives a part of the folded text, so that a substring is found wherever it
 * stands. A letter with its accents is the letter and then the accents: `å` is not found by `o`, nor `hål` by `hal`, but `hå` by `ha`.
 * Linear: putting the marks on one letter in order costs the square of their number, so longer runs of marks than any writing has
 * are cut (UAX #15 §13).
 */
import { casemapped } from './collation.ts';

/** How texts can be compared (RFC 4790, RFC 5051); the first is how they are when nobody asks. */
export const COLLATIONS = ['i;unicode-casemap', 'i;ascii-casemap', 'i;octet'] as const;
export type TextCollation = (typeof COLLATIONS)[number];
export const USUAL_COLLATION: TextCollation = COLLATIONS[0];

/** The Stream-Safe Text Format allows thirty. */
const MAX_MARKS = 30;
const MARKS_ON_ONE = /\p{M}{31,}/gu;
const JOINER = '\u034f';
/** A mark, or half of what may be one. */
const MAYBE_MARK = /[\p{M}\p{Cs}]/u;

const IS_ASCII = /^[\x00-\x7f]*$/;

export function foldText(text: string, collation: TextCollation = USUAL_COLLATION): string {
  if (collation !== USUAL_COLLATION) return foldAscii(text, collation);
  if (IS_ASCII.test(text)) return text.toLowerCase();
  const safe = streamSafe(text);
  // Of Latin and Greek most letters are ASCII or known by now; of other writings few are, and all at once is faster.
  return BEYOND_KEPT.test(safe)
    ? swapped(casemapped(safe))
    : safe.replace(/[A-Z]+|[^\x00-\x7f]+/g, foldedRun);
}

/** Octets are equal where characters are. */
function foldAscii(text: string, collation: TextCollation): string {
  return collation === 'i;octet' ? text : text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}

const KEPT_LETTERS = 0x400;
const BEYOND_KEPT = /[\u0400-\uffff]/;
/** Single letters below. */
const FOLDED_LETTERS: string[] = [];

/** Capitals of ASCII, or what is not ASCII. */
function foldedRun(run: string): string {
  const first = run.charCodeAt(0);
  if (first < 0x80) return run.toLowerCase();
  if (run.length > 1 || first >= KEPT_LETTERS) return swapped(casemapped(run));
  FOLDED_LETTERS[first] ??= swapped(casemapped(run));
  return FOLDED_LETTERS[first];
}

/** The letters of ASCII in the other case: one to one, so that nothing becomes the same. */
function swapped(key: string): string {
  if (!/[a-z]/.test(key)) return key.replace(/[A-Z]+/g, (run) => run.toLowerCase());
  return key.replace(/[A-Z]+|[a-z]+/g, (run) => (run < 'a' ? run.toLowerCase() : run.toUpperCase()));
}

/** The text of a header field as it is compared: as `foldText`, and every run of white space is one space. */
export function foldFieldText(text: string, collation: TextCollation = USUAL_COLLATION): string {
  return foldText(singleSpaced(text), collation);
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
