/**
 * CONTEXT=SEARCH and CONTEXT=SORT (RFC 5267): a client that shows the result of a search is told when it changes. PARTIAL, the
 * third of its options, is that of RFC 9394.
 */
import { cancelUpdateCommand } from '../commands/cancel-update.ts';
import { CONTEXT, updateReturn } from '../commands/search-returns.ts';
import { defineExtension } from '../extension.ts';

export const searchContext = defineExtension({
  rfc: 'RFC 5267 CONTEXT=SEARCH and CONTEXT=SORT',
  capabilities: () => ['CONTEXT=SEARCH', 'CONTEXT=SORT'],
  commands: [cancelUpdateCommand],
  searchReturns: ({ fetchItems }) => [CONTEXT, updateReturn(fetchItems)],
});
