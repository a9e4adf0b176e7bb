import { defineExtension } from '../extension.ts';

/** STATUS=SIZE (RFC 8438): the sum of the sizes of all messages, from a counter. */
export const statusSize = defineExtension({
  rfc: 'RFC 8438 STATUS=SIZE',
  capabilities: () => ['STATUS=SIZE'],
  statusItems: [{ name: 'SIZE', write: (out, mailbox) => void out.number(mailbox.bytes) }],
});
