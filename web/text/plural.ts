/** Words that follow from a number, by the rules of the language (CLDR plural categories). Swedish and English have two forms. */
export interface Forms {
  readonly one: string;
  readonly other: string;
}

/** `#` in a form stands for the number, written as the language writes it. */
export function pluralOf(locale: string): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return (count, { one, other }) =>
    (rules.select(count) === 'one' ? one : other).replaceAll('#', numbers.format(count));
}
