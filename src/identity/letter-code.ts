/**
 * What the server makes for people to type: letters that nobody takes for one another, in groups of four. Each has five bits, so
 * twenty of them nobody guesses, and a plain digest keeps them.
 */
import { randomInt } from 'node:crypto';
import { Secret } from '../base/secret.ts';

/** None of them is taken for another: no 0, 1, 8 and 9 (RFC 4648 §6, in small letters). */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';
const GROUP = 4;

/** `abcd-efgh-ijkl`. */
export function makeLetters(length: number): Secret {
  const letters = Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]);
  return new Secret(inGroups(letters.join('')));
}

/** Without hyphens, spaces and capitals; undefined when it cannot be one of this length. */
export function lettersIn(typed: Secret, length: number): string | undefined {
  const text = typed.reveal();
  if (text.length > 3 * length) return undefined;
  const letters = text.toLowerCase().replace(/[\s-]/g, '');
  return letters.length === length && [...letters].every((one) => LETTERS.includes(one))
    ? letters
    : undefined;
}

export function inGroups(letters: string): string {
  return (letters.match(new RegExp(`.{1,${GROUP}}`, 'g')) ?? []).join('-');
}
