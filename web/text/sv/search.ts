import { pluralOf } from '../plural.ts';

const plural = pluralOf('sv');

export const search = {
  title: 'Sök',
  placeholder: 'Sök bland posten',
  clear: 'Rensa',
  recent: 'Senaste sökningar',
  forget: 'Glöm senaste sökningar',
  narrow: 'Avgränsa',
  chips: {
    unread: 'Oläst',
    attachment: 'Har bilaga',
    starred: 'Stjärnmärkt',
    thisYear: 'I år',
    sent: 'I Skickat',
    anywhere: 'Överallt',
  },
  help: 'Även: from: to: subject: filename: before:2026-01-31 older_than:1y larger:5m "exakta ord" -inte',
  found: (count: number) =>
    plural(count, { one: '# konversation hittades', other: '# konversationer hittades' }),
  nothing: (query: string) => `Inget hittades för ”${query}”.`,
  searchedWithout: 'Papperskorgen och Skräppost är inte med.',
  searchedEverywhere: 'Alla mappar är genomsökta.',
  everywhere: 'Sök överallt',
  begin: 'Ord, namn, delar av ord: all post genomsöks, exakt.',
};
