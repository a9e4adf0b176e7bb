import { PARTIAL } from '../commands/search-returns.ts';
import { defineExtension } from '../extension.ts';
import { PARTIAL as PARTIAL_FETCH } from '../fetch/modifiers.ts';

/** Pages of a search, from either end, and of what UID FETCH names. A page at an end costs no more than it has. */
export const partial = defineExtension({
  rfc: 'RFC 9394 PARTIAL',
  capabilities: () => ['PARTIAL'],
  searchReturns: [PARTIAL],
  fetchModifiers: [PARTIAL_FETCH],
});
