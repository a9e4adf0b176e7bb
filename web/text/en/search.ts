import { pluralOf } from '../plural.ts';

const plural = pluralOf('en');

export const search = {
  title: 'Search',
  placeholder: 'Search mail',
  clear: 'Clear',
  recent: 'Recent searches',
  forget: 'Forget recent searches',
  narrow: 'Narrow down',
  chips: {
    unread: 'Unread',
    attachment: 'Has attachment',
    starred: 'Starred',
    thisYear: 'This year',
    sent: 'In Sent',
    anywhere: 'Everywhere',
  },
  help: 'Also: from: to: subject: filename: before:2026-01-31 older_than:1y larger:5m "exact words" -not',
  found: (count: number) => plural(count, { one: '# conversation found', other: '# conversations found' }),
  nothing: (query: string) => `Nothing found for “${query}”.`,
  searchedWithout: 'Trash and Junk were left out.',
  searchedEverywhere: 'All mailboxes were searched.',
  everywhere: 'Search everywhere',
  begin: 'Words, names, parts of words: all mail is searched, exactly.',
};
