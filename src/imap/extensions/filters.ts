/**
 * FILTERS (RFC 5466): searches that are kept by name, as annotations of the server, and named in others. A private one comes
 * before a shared one, which the administrator keeps.
 */
import { NO_MAILBOX } from '../../mailbox/model/annotations.ts';
import { readAnnotations } from '../../mailbox/operations/annotations.ts';
import { undefinedFilter } from '../commands/expanded-keys.ts';
import { defineExtension } from '../extension.ts';
import { type SearchKeyItem, searchKey, type Tables } from '../item.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { atom, sp } from '../wire/grammar.ts';
import { storedSearch } from '../wire/stored-search.ts';

export const filters = defineExtension({
  rfc: 'RFC 5466 FILTERS',
  capabilities: () => ['FILTERS'],
  searchKeys: (tables) => [filterKey(tables)],
});

function filterKey(tables: Pick<Tables, 'searchKeys'>): SearchKeyItem {
  return searchKey<string>({
    name: 'FILTER',
    needsUtf8: true,
    parse: spFilterName,
    criterion: () => ({ kind: 'not', criterion: { kind: 'all' } }),
    async expand({ session }, name) {
      const places = ['private', 'shared'].map((root) => {
        return { mailbox: NO_MAILBOX, name: `/${root}/filters/values/${name.toLowerCase()}` };
      });
      const [own, everybodys] = await readAnnotations(session.domain, session.reach.own, places);
      const value = own ?? everybodys;
      if (value === undefined) throw undefinedFilter(name);
      try {
        return storedSearch(value, tables.searchKeys);
      } catch (error) {
        if (error instanceof SyntaxFault) throw undefinedFilter(name);
        throw error;
      }
    },
  });
}

/** `SP filter-name` (§4): an atom without a slash. */
function spFilterName(c: Cursor): string {
  sp(c);
  const mark = c.mark();
  const name = atom(c);
  if (!name.includes('/')) return name;
  c.reset(mark);
  return c.fail('the name of a filter');
}
