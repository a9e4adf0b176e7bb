import { isOfOthers } from '../../mail/mailbox-name.ts';
import { deleteMailbox } from '../../mailbox/operations/folders.ts';
import { findMailbox } from '../../mailbox/operations/mailboxes.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import { oldNameOf, writeList } from '../listing.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';
import { deleteAtOthers } from './others-names.ts';

/** DELETE (RFC 9051 §6.3.5). Who has it open goes on reading what was there. */
export const deleteCommand = defineCommand({
  name: 'DELETE',
  states: SIGNED_IN,
  mayTakeLong: true,
  parse(c) {
    const target = spSuppliedMailbox(c);
    end(c);
    return target;
  },
  async run({ session }, { name, supplied }) {
    const { own } = session.reach;
    const mailbox = findMailbox(own, name);
    if (mailbox === undefined && isOfOthers(name)) {
      const place = await deleteAtOthers(session, name);
      session.note(place, 'mailbox deleted', { mailbox: name, messages: place.mailbox.exists });
    } else {
      const messages = mailbox?.exists ?? 0;
      await deleteMailbox(session.domain, own, name);
      session.presence.note('mailbox deleted', { mailbox: name, messages });
    }
    const extras = oldNameOf(session.modes, supplied, name);
    if (extras.oldName !== undefined) writeList(session.out, 'LIST', name, ['\\NonExistent'], extras);
    return ok('DELETE completed');
  },
});
