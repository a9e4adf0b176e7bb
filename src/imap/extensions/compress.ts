import { compressCommand } from '../commands/compress.ts';
import { defineExtension } from '../extension.ts';

/** After sign-in alone: a password is in no window that somebody could measure, and is where the account is. */
export const compress = defineExtension({
  rfc: 'RFC 4978 COMPRESS',
  capabilities: ({ saslTerms }) => (saslTerms === undefined ? ['COMPRESS=DEFLATE'] : []),
  commands: [compressCommand],
});
