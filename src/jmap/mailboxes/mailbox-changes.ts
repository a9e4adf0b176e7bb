/** Mailbox/changes (RFC 8621 §2.2). */
import { asMailboxId } from '../../mailbox/model/model.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { mailboxChanges as changesSince } from '../../mailbox/reading/mailbox-changes.ts';
import { MAIL } from '../capabilities.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { positionIn, positionString } from '../core/state-string.ts';
import { COUNTS } from './mailbox-object.ts';

export const mailboxChanges = standardChanges({
  type: 'Mailbox',
  capability: MAIL,
  async find({ account, call, sinceState, maxChanges }) {
    const position = positionIn('mailboxes', sinceState);
    if (position === undefined) return undefined;
    const changes = await changesSince(call.domain, account, position, maxChanges);
    if (changes === undefined) return undefined;
    const { created, updated, destroyed, next, areCountsOnly } = changes;
    return {
      newState: positionString('mailboxes', next),
      hasMoreChanges: next.told !== undefined,
      created: created.map(idOf),
      updated: updated.map(idOf),
      destroyed: destroyed.map(idOf),
      more: { updatedProperties: areCountsOnly && updated.length > 0 ? COUNTS : null },
    };
  },
});

function idOf(number: number): string {
  return mailboxObjectId(asMailboxId(number));
}
