import { SAVE } from '../commands/search-returns.ts';
import { defineExtension } from '../extension.ts';

/** `SEARCH RETURN (SAVE)`, and `$` for its result, which is a form of every message set (`message-set.ts`). */
export const searchRes = defineExtension({
  rfc: 'RFC 5182 SEARCHRES',
  capabilities: () => ['SEARCHRES'],
  searchReturns: [SAVE],
});
