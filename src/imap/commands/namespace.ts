import { DELIMITER, OTHER_USERS } from '../../mail/mailbox-name.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { SessionContext } from '../context.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { othersIn } from '../words/language.ts';

/**
 * NAMESPACE (RFC 2342, RFC 9051 §6.3.10): all of a person's mailboxes, without a prefix; what others share, below the address of each;
 * none that nobody owns. In the client's language where that has words for it (RFC 5255 §3.4).
 */
export const namespace = defineCommand({
  name: 'NAMESPACE',
  states: SIGNED_IN,
  parse: end,
  run({ session }) {
    writeNamespaces(session);
    return ok('NAMESPACE completed');
  },
});

export function writeNamespaces({ out, modes }: Pick<SessionContext, 'out' | 'modes'>): void {
  out.ascii(`* NAMESPACE (("" "${DELIMITER}")) (("${OTHER_USERS}${DELIMITER}" "${DELIMITER}"`);
  const others = othersIn(modes.language);
  if (others !== undefined) out.ascii(` "TRANSLATION" ("${others}${DELIMITER}")`);
  out.ascii(')) NIL').crlf();
}
