import { defineExtension } from '../extension.ts';

/** IMAPSIEVE (RFC 6785): what clients append, copy and mark runs scripts, which are edited over there (`mailbox-events.ts`). */
export const imapSieve = defineExtension({
  rfc: 'RFC 6785 IMAPSIEVE',
  capabilities: ({ settings }) => (settings.sieveUrl === undefined ? [] : [`IMAPSIEVE=${settings.sieveUrl}`]),
});
