import { defineExtension } from '../extension.ts';

/** Several messages in one APPEND; the command takes them from everybody. */
export const multiAppend = defineExtension({
  rfc: 'RFC 3502 MULTIAPPEND',
  capabilities: () => ['MULTIAPPEND'],
});
