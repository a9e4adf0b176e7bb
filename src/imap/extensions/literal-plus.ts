import { defineExtension } from '../extension.ts';

/** Literals that come without being asked for: `wire/framer.ts` takes them of any size within its limits. LITERAL-, which
 * IMAP4rev2 includes, is the same with a bound of 4096 octets; RFC 7888 §5 forbids to announce both. */
export const literalPlus = defineExtension({
  rfc: 'RFC 7888 LITERAL+',
  capabilities: () => ['LITERAL+'],
});
