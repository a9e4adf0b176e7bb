import { unselect } from '../commands/unselect.ts';
import { defineExtension } from '../extension.ts';

/** Leaving a mailbox without expunging. */
export const unselectExtension = defineExtension({
  rfc: 'RFC 3691 UNSELECT',
  capabilities: () => ['UNSELECT'],
  commands: [unselect],
});
