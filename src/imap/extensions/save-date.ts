/**
 * SAVEDATE (RFC 8514): when a message came into the mailbox it is in, however old it is; programs empty Trash and Junk by it.
 * Every record has one, so every mailbox supports it. Days are those of UTC, in which the date is shown.
 */
import { internalDate } from '../../mail/date.ts';
import { dayNumber, interval, SECONDS_PER_DAY } from '../commands/search-criteria.ts';
import { defineExtension } from '../extension.ts';
import { fetchItem, type SearchKeyItem, searchKey } from '../item.ts';
import { type CalendarDay, date } from '../wire/date.ts';
import { sp } from '../wire/grammar.ts';

export const saveDate = defineExtension({
  rfc: 'RFC 8514 SAVEDATE',
  capabilities: () => ['SAVEDATE'],
  fetchItems: [
    fetchItem({
      name: 'SAVEDATE',
      write(out, { record }) {
        out.ascii('SAVEDATE ').ascii(internalDate(record.saveDate));
        return undefined;
      },
    }),
  ],
  searchKeys: [
    savedKey('SAVEDBEFORE', 'before'),
    savedKey('SAVEDON', 'on'),
    savedKey('SAVEDSINCE', 'since'),
    searchKey({ name: 'SAVEDATESUPPORTED', criterion: () => ({ kind: 'all' }) }),
  ],
});

function savedKey(name: string, relation: 'before' | 'on' | 'since'): SearchKeyItem {
  return searchKey<CalendarDay>({
    name,
    parse: (c) => {
      sp(c);
      return date(c);
    },
    criterion: (day) => {
      const [from, until] = interval(relation, dayNumber(day));
      return { kind: 'saved', from: from * SECONDS_PER_DAY, until: until * SECONDS_PER_DAY };
    },
  });
}
