import { RELEVANCY } from '../commands/search-returns.ts';
import { defineExtension } from '../extension.ts';
import { searchKey } from '../item.ts';

/** SEARCH=FUZZY (RFC 6203): the key, and RELEVANCY, which SORT has among its criteria as well. */
export const fuzzy = defineExtension({
  rfc: 'RFC 6203 SEARCH=FUZZY',
  capabilities: () => ['SEARCH=FUZZY'],
  searchKeys: [
    searchKey<undefined>({
      name: 'FUZZY',
      takesKey: true,
      isFuzzy: true,
      criterion: () => ({ kind: 'all' }),
    }),
  ],
  searchReturns: [RELEVANCY],
});
