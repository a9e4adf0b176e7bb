import { ALL, COUNT, MAX, MIN } from '../commands/search-returns.ts';
import { defineExtension } from '../extension.ts';

/** `SEARCH RETURN (...)`; `commands/search-answer.ts` writes the responses. */
export const esearch = defineExtension({
  rfc: 'RFC 4731 ESEARCH',
  capabilities: () => ['ESEARCH'],
  searchReturns: [MIN, MAX, ALL, COUNT],
});
