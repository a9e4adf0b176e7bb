/**
 * What the server says to people, in another language than English (RFC 5255 §3). The English text stands where it is said, and is
 * the key of its translation; so nothing is looked up for those who asked for no language.
 *
 * In a key `…` stands for what changes, and `¤` for what changes and is itself one of the texts; in the translation `{1}` is the
 * first of them. A test holds the tables against the texts there are.
 */
import { ANSWERS } from './sv-answers.ts';
import { FAULTS } from './sv-faults.ts';
import { SYNTAX } from './sv-syntax.ts';

/** A text in the words of a language. */
export type Words = (english: string) => string;

/** One that is missing stays English. */
export const inSwedish: Words = (english) => swedish(english);

type Tables = Readonly<Record<string, string>>;

export const SWEDISH: Tables = { ...FAULTS, ...SYNTAX, ...ANSWERS };

interface Form {
  readonly pattern: RegExp;
  /** Of each part that changes. */
  readonly isText: readonly boolean[];
  readonly translation: string;
}

const CHANGES = /[…¤]/;
const TEXTS: ReadonlyMap<string, string> = new Map(
  Object.entries(SWEDISH).filter(([key]) => !CHANGES.test(key)),
);
/** Those that say most come first. */
const FORMS: readonly Form[] = Object.entries(SWEDISH)
  .filter(([key]) => CHANGES.test(key))
  .sort(([a], [b]) => b.length - a.length)
  .map(([key, translation]) => formOf(key, translation));

/** Texts within texts: a filter that says what is wrong with a search that expected something. */
const MOST_NESTED = 3;

function swedish(english: string, depth = 0): string {
  const known = TEXTS.get(english);
  if (known !== undefined) return known;
  if (depth === MOST_NESTED) return english;
  for (const { pattern, isText, translation } of FORMS) {
    const found = pattern.exec(english);
    if (found === null) continue;
    return translation.replace(/\{(\d)\}/g, (_, n: string) => {
      const part = found[Number(n)] as string;
      return isText[Number(n) - 1] === true ? swedish(part, depth + 1) : part;
    });
  }
  return english;
}

function formOf(key: string, translation: string): Form {
  const parts = key.split(/[…¤]/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return {
    pattern: new RegExp(`^${parts.join('(.+?)')}$`, 's'),
    isText: [...key.matchAll(/[…¤]/g)].map(([sign]) => sign === '¤'),
    translation,
  };
}
