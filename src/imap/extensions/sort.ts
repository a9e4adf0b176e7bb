import { sortCommand, uidSortCommand } from '../commands/sort.ts';
import { defineExtension } from '../extension.ts';

/** SORT (RFC 5256), SORT=DISPLAY (RFC 5957) and ESORT (RFC 5267 §3): one command with its criteria and return options. */
export const sort = defineExtension({
  rfc: 'RFC 5256 SORT, RFC 5957 SORT=DISPLAY, RFC 5267 ESORT',
  capabilities: () => ['SORT', 'SORT=DISPLAY', 'ESORT'],
  commands: [sortCommand, uidSortCommand],
});
