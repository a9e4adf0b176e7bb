import { deleteMailbox } from '../../mailbox/folders.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';

/** DELETE (RFC 9051 §6.3.5). Who has it open goes on reading what was there. */
export const deleteCommand = defineCommand({
  name: 'DELETE',
  states: SIGNED_IN,
  parse(c) {
    const { name } = spSuppliedMailbox(c);
    end(c);
    return name;
  },
  async run({ session, state }, name) {
    await deleteMailbox(session.domain, state.account, name);
    return ok('DELETE completed');
  },
});
