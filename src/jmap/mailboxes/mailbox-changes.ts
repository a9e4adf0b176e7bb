/** Mailbox/changes (RFC 8621 §2.2). */
import type { Domain } from '../../mailbox/domain.ts';
import { asMailboxId } from '../../mailbox/model/model.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { countedAnew } from '../../mailbox/query/counted-anew.ts';
import { mailboxChanges as changesSince } from '../../mailbox/reading/mailbox-changes.ts';
import { isKnown, momentOf, type Position } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { MAIL } from '../capabilities.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { positionIn, positionString } from '../core/state-string.ts';
import { COUNTS } from './mailbox-object.ts';

/** A busy account has changed each time; then all mailboxes may have other counts. */
const MOST_TRIES = 3;

export const mailboxChanges = standardChanges({
  type: 'Mailbox',
  capability: MAIL,
  async find({ account, call, sinceState, maxChanges }) {
    const position = positionIn('mailboxes', sinceState);
    if (position === undefined) return undefined;
    const changes = await withCounted(call.domain, account, position, maxChanges);
    if (changes === undefined) return undefined;
    const { created, updated, destroyed, next, areCountsOnly } = changes;
    const now = momentOf(account, 'mailboxes');
    // What happened since the moment that a client is told of in pieces is more, too: else the new state would not be the current one.
    const isCurrent = next.since.modseq === now.modseq && next.since.nextMailbox === now.nextMailbox;
    return {
      newState: positionString('mailboxes', next),
      hasMoreChanges: next.told !== undefined || !isCurrent,
      created: created.map(idOf),
      updated: updated.map(idOf),
      destroyed: destroyed.map(idOf),
      more: { updatedProperties: areCountsOnly && updated.length > 0 ? COUNTS : null },
    };
  },
});

/** Of mail that comes while the neighbours are looked for, they would not be known. */
async function withCounted(domain: Domain, account: AccountState, position: Position, most: number) {
  for (let tries = 0; ; tries++) {
    if (!isKnown(account, 'mailboxes', position)) return undefined;
    const { emailModseq } = account;
    const counted =
      tries < MOST_TRIES
        ? await countedAnew(domain, account, position.since.modseq)
        : new Set(account.mailboxes.keys());
    const changes = await changesSince(domain, account, position, most, counted);
    if (account.emailModseq === emailModseq || tries >= MOST_TRIES) return changes;
  }
}

function idOf(number: number): string {
  return mailboxObjectId(asMailboxId(number));
}
