import { namespace } from '../commands/namespace.ts';
import { defineExtension } from '../extension.ts';

/** Where mailboxes are. */
export const namespaceExtension = defineExtension({
  rfc: 'RFC 2342 NAMESPACE',
  capabilities: () => ['NAMESPACE'],
  commands: [namespace],
});
