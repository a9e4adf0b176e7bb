/** Email/changes (RFC 8621 §4.3) and Thread/changes (§3.2). */
import { emailObjectId, threadObjectId } from '../../mailbox/model/object-ids.ts';
import { threadChanges } from '../../mailbox/query/thread-changes.ts';
import { emailChanges } from '../../mailbox/reading/email-changes.ts';
import { type Changes, momentOf } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { MAIL } from '../capabilities.ts';
import { type ChangesAnswer, standardChanges } from '../core/standard-changes.ts';
import { positionIn, positionString, type StateKind } from '../core/state-string.ts';

export const emailChangesMethod = standardChanges({
  type: 'Email',
  capability: MAIL,
  async find({ account, call, sinceState, maxChanges }) {
    const position = positionIn('emails', sinceState);
    const changes = position && (await emailChanges(call.domain, account, position, maxChanges));
    return changes && answerOf(account, changes, 'emails', emailObjectId);
  },
});

export const threadChangesMethod = standardChanges({
  type: 'Thread',
  capability: MAIL,
  async find({ account, call, sinceState, maxChanges }) {
    const position = positionIn('threads', sinceState);
    const changes = position && (await threadChanges(call.domain, account, position, maxChanges));
    return changes && answerOf(account, changes, 'threads', threadObjectId);
  },
});

/** What happened since the moment that a client is told of in pieces is more, too: else the new state would not be the current one. */
function answerOf(
  account: AccountState,
  { created, updated, destroyed, next }: Changes,
  kind: StateKind,
  nameOf: (number: number) => string,
): ChangesAnswer {
  const now = momentOf(account, 'emails');
  const isCurrent = next.since.modseq === now.modseq && next.since.nextEmail === now.nextEmail;
  return {
    newState: positionString(kind, next),
    hasMoreChanges: next.told !== undefined || !isCurrent,
    created: created.map(nameOf),
    updated: updated.map(nameOf),
    destroyed: destroyed.map(nameOf),
  };
}
