/**
 * What somebody has typed into the search, as terms (`search-language.ts`), written back by `writeSearch`: so chips and text are two
 * views of the same.
 */
import type { Term } from '../../src/mail/search-language.ts';

export function writeSearch(terms: readonly Term[]): string {
  return terms
    .map(({ operator, value, isNot }) => {
      const word = value.replaceAll('"', '');
      const text = /\s/.test(word) || /^-|^[a-z_][a-z0-9_]*:/i.test(word) ? `"${word}"` : word;
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
