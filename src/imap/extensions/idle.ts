import { idle } from '../commands/idle.ts';
import { defineExtension } from '../extension.ts';

/** Being told of new mail at once. */
export const idleExtension = defineExtension({
  rfc: 'RFC 2177 IDLE',
  capabilities: () => ['IDLE'],
  commands: [idle],
});
