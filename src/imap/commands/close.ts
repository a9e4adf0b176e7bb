import { expungeMessages } from '../../mailbox/operations/expunge.ts';
import { defineCommand, SELECTED } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { noteExpunged } from './expunge.ts';

/**
 * CLOSE (RFC 9051 §6.4.1): removes what is marked \Deleted, says nothing of it, and leaves. Nothing is removed from a
 * mailbox opened by EXAMINE. When the removal fails the mailbox stays open, so that the client can see what is left.
 */
export const close = defineCommand({
  name: 'CLOSE',
  states: SELECTED,
  mayTakeLong: true,
  parse: end,
  async run({ session, state }) {
    const { account, mailbox, isReadOnly, place } = state.selected;
    if (!isReadOnly && !mailbox.isGone && mailbox.deleted > 0 && place.may('e')) {
      const domain = place.acting(session.domain, 'e');
      noteExpunged(session, place, await expungeMessages(domain, account, mailbox, {}));
    }
    session.deselect();
    return ok('CLOSE completed');
  },
});
