import { replaceCommand, uidReplaceCommand } from '../commands/replace.ts';
import { defineExtension } from '../extension.ts';

export const replace = defineExtension({
  rfc: 'RFC 8508 REPLACE',
  capabilities: () => ['REPLACE'],
  commands: [replaceCommand, uidReplaceCommand],
});
