import { id } from '../commands/id.ts';
import { defineExtension } from '../extension.ts';

/** Who is who: for the log, and for clients that know our faults by name. */
export const idExtension = defineExtension({
  rfc: 'RFC 2971 ID',
  capabilities: () => ['ID'],
  commands: [id],
});
