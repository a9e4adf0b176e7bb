import { enable } from '../commands/enable.ts';
import { defineExtension } from '../extension.ts';

/** Modes that a client switches on; which there are is registered by the extensions that have them. */
export const enableExtension = defineExtension({
  rfc: 'RFC 5161 ENABLE',
  capabilities: () => ['ENABLE'],
  commands: [enable],
});
