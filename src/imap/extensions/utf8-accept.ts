import { defineExtension } from '../extension.ts';

/** UTF8=ACCEPT (RFC 6855): names and quoted strings in UTF-8, both ways; `wire/` asks `modes.isUtf8`. */
export const utf8Accept = defineExtension({
  rfc: 'RFC 6855 UTF8=ACCEPT',
  capabilities: () => ['UTF8=ACCEPT'],
  enables: {
    'UTF8=ACCEPT'({ session }) {
      session.modes.utf8 = true;
    },
  },
});
