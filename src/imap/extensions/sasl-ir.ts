import { defineExtension } from '../extension.ts';

/** An initial response on the line of AUTHENTICATE: `commands/authenticate.ts`. */
export const saslIr = defineExtension({
  rfc: 'RFC 4959 SASL-IR',
  capabilities: () => ['SASL-IR'],
});
