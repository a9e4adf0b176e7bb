import { isOfOthers } from '../../mail/mailbox-name.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { Role } from '../../mailbox/model/model.ts';
import { createMailbox } from '../../mailbox/operations/folders.ts';
import type { Place } from '../../mailbox/operations/visiting.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { CreateParameter } from '../item.ts';
import { allAttributesOf, listedOf, oldNameOf, writeList } from '../listing.ts';
import { type Completion, mailboxId, no, ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { maybeSpOptionList, type ParsedKeyword } from '../wire/keyword-table.ts';
import { type SuppliedName, spSuppliedMailbox } from '../wire/mailbox.ts';
import { createAtOthers } from './others-names.ts';

interface CreateArgs {
  readonly target: SuppliedName;
  readonly parameters: readonly ParsedKeyword<CreateParameter>[];
}

/** CREATE (RFC 9051 §6.3.4), which subscribes the name and the parents it makes, with a role when the client wishes one (RFC 6154 §3). */
export const create = defineCommand({
  name: 'CREATE',
  states: SIGNED_IN,
  parse(c, tables): CreateArgs {
    const target = spSuppliedMailbox(c);
    const parameters = maybeSpOptionList(c, tables.createParameters, 'CREATE parameter');
    end(c);
    return { target, parameters };
  },
  async run({ session }, { target, parameters }): Promise<Completion> {
    const { own } = session.reach;
    let place: Place;
    try {
      const wishes: { readonly role?: Role } = Object.assign(
        {},
        ...parameters.map(({ item, args }) => item.wishes(args)),
      );
      if (isOfOthers(target.name)) {
        if (wishes.role !== undefined)
          throw new MailboxError('cannot', "what it is for is its owner's matter");
        place = await createAtOthers(session, target.name);
      } else {
        const mailbox = await createMailbox(session.domain, own, target.name, wishes.role);
        place = session.reach.placeIn(own, mailbox);
      }
    } catch (error) {
      const isAboutRole = parameters.length > 0 && error instanceof MailboxError && error.code === 'cannot';
      if (!isAboutRole) throw error;
      return no(error.message, 'USEATTR');
    }
    const { name, mailbox } = place;
    session.note(place, 'mailbox created', { mailbox: name });
    const extras = oldNameOf(session.modes, withoutDelimiter(target.supplied), name);
    if (extras.oldName !== undefined) {
      writeList(session.out, 'LIST', name, allAttributesOf(listedOf(place)), extras);
    }
    return ok('CREATE completed', mailboxId(mailbox.id));
  },
});

/** A trailing delimiter only says that mailboxes below it will follow; it is no part of the name. */
function withoutDelimiter(name: string): string {
  return name.endsWith('/') ? name.slice(0, -1) : name;
}
