import { isOfOthers } from '../../mail/mailbox-name.ts';
import { renameMailbox } from '../../mailbox/operations/folders.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import { allAttributesOf, listedOf, writeList } from '../listing.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { type SuppliedName, spSuppliedMailbox } from '../wire/mailbox.ts';
import { renameAtOthers } from './others-names.ts';

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
  async run({ session }, { from, to }) {
    const { own } = session.reach;
    const isOthers = [from, to].some(({ name }) => isOfOthers(name) && !own.byName.has(name));
    if (isOthers) {
      const place = await renameAtOthers(session, from.name, to.name);
      session.note(place, 'mailbox renamed', { from: from.name, to: to.name });
    } else {
      await renameMailbox(session.domain, own, from.name, to.name);
      session.presence.note('mailbox renamed', { from: from.name, to: to.name });
    }
    // RFC 9051 §6.3.6: the old and the new name together, when one of them is not as it was written.
    const isDenormalized = from.supplied !== from.name || to.supplied !== to.name;
    const place = isDenormalized && session.modes.rev2 ? await session.reach.find(to.name) : undefined;
    if (place?.may('l')) {
      const attributes = allAttributesOf(listedOf(place));
      writeList(session.out, 'LIST', place.name, attributes, { oldName: from.supplied });
    }
    return ok('RENAME completed');
  },
});
