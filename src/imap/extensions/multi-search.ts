import { multiSearchCommand } from '../commands/multi-search.ts';
import { defineExtension } from '../extension.ts';

export const multiSearch = defineExtension({
  rfc: 'RFC 7377 MULTISEARCH',
  capabilities: () => ['MULTISEARCH'],
  commands: [multiSearchCommand],
});
