import { renameMailbox } from '../../mailbox/operations/folders.ts';
import { findMailbox } from '../../mailbox/operations/mailboxes.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import { allAttributesOf, listedOf, writeList } from '../listing.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { type SuppliedName, spSuppliedMailbox } from '../wire/mailbox.ts';

interface RenameArgs {
  readonly from: SuppliedName;
  readonly to: SuppliedName;
}

/** RENAME (RFC 9051 §6.3.6), of a mailbox with all below it, subscriptions included; INBOX gives its mail away and stays. */
export const rename = defineCommand({
  name: 'RENAME',
  states: SIGNED_IN,
  mayTakeLong: true,
  parse(c): RenameArgs {
    const from = spSuppliedMailbox(c);
    const to = spSuppliedMailbox(c);
    end(c);
    return { from, to };
  },
  async run({ session, state }, { from, to }) {
    await renameMailbox(session.domain, state.account, from.name, to.name);
    session.presence.note('mailbox renamed', { from: from.name, to: to.name });
    // RFC 9051 §6.3.6: the old and the new name together, when one of them is not as it was written.
    const isDenormalized = from.supplied !== from.name || to.supplied !== to.name;
    const mailbox = isDenormalized && session.modes.rev2 ? findMailbox(state.account, to.name) : undefined;
    if (mailbox !== undefined) {
      const attributes = allAttributesOf(listedOf(state.account, mailbox));
      writeList(session.out, 'LIST', mailbox.name, attributes, { oldName: from.supplied });
    }
    return ok('RENAME completed');
  },
});
