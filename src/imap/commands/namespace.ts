import { DELIMITER, OTHER_USERS } from '../../mail/mailbox-name.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';

/**
 * NAMESPACE (RFC 2342, RFC 9051 §6.3.10): all of a person's mailboxes, without a prefix; what others share, below the address of each;
 * none that nobody owns.
 */
export const namespace = defineCommand({
  name: 'NAMESPACE',
  states: SIGNED_IN,
  parse: end,
  run({ session }) {
    session.out
      .ascii(`* NAMESPACE (("" "${DELIMITER}")) (("${OTHER_USERS}${DELIMITER}" "${DELIMITER}")) NIL`)
      .crlf();
    return ok('NAMESPACE completed');
  },
});
