/**
 * What somebody types into the search, read as words and operators: `from:anna "exact words" has:attachment -invoice`. Nothing is
 * refused: what is no operator is a word, and a value that makes no sense is one as well. Written back by `writeSearch`, so chips
 * and text are two views of the same.
 */

export const OPERATORS = [
  ...['from', 'to', 'cc', 'bcc', 'subject', 'body', 'filename', 'in', 'is', 'has', 'before', 'after'],
  ...['older_than', 'newer_than', 'larger', 'smaller'],
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Term {
  /** Absent: a word anywhere. */
  readonly operator?: Operator;
  readonly value: string;
  readonly isNot: boolean;
}

const MAX_TERMS = 30;
const TOKEN = /(-)?(?:([a-z_]+):)?(?:"([^"]*)"?|(\S+))/gi;

export function parseSearch(text: string): readonly Term[] {
  const terms: Term[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const [whole, minus, name, quoted, bare] = match;
    const operator = OPERATORS.find((one) => one === name?.toLowerCase());
    const isKnown = name === undefined || operator !== undefined;
    const said = isKnown ? (quoted ?? bare ?? '') : whole.slice(minus === undefined ? 0 : 1);
    const value = said.replaceAll('"', '').trim();
    if (value === '' || terms.length >= MAX_TERMS) continue;
    terms.push({ value, isNot: minus !== undefined, ...(operator && { operator }) });
  }
  return terms;
}

export function writeSearch(terms: readonly Term[]): string {
  return terms
    .map(({ operator, value, isNot }) => {
      const word = value.replaceAll('"', '');
      const text = /\s/.test(word) || /^-|^[a-z_]+:/i.test(word) ? `"${word}"` : word;
      return `${isNot ? '-' : ''}${operator ? `${operator}:` : ''}${text}`;
    })
    .join(' ');
}

/** With this term, in the place of another of the same operator; taken out when it is there already. */
export function toggled(terms: readonly Term[], term: Term): readonly Term[] {
  const isThere = terms.some((one) => isSame(one, term));
  const others = terms.filter((one) =>
    isThere ? !isSame(one, term) : one.operator !== term.operator || !isSingle(term),
  );
  return isThere ? others : [...others, term];
}

export function has(terms: readonly Term[], term: Term): boolean {
  return terms.some((one) => isSame(one, term));
}

function isSame(one: Term, other: Term): boolean {
  return (
    one.operator === other.operator &&
    one.value.toLowerCase() === other.value.toLowerCase() &&
    one.isNot === other.isNot
  );
}

function isSingle({ operator }: Term): boolean {
  return operator === 'in' || operator === 'before' || operator === 'after';
}
