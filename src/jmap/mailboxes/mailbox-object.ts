/** A mailbox as JMAP shows it (RFC 8621 §2). */

import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { ALL_RIGHTS, type Rights } from '../../mailbox/model/rights.ts';
import type { MailboxCounts } from '../../mailbox/query/mailbox-counts.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { JsonObject } from '../core/json.ts';
import { picked } from '../core/standard-get.ts';
import { nameOf, parentOf, roleOf } from './properties.ts';
import { rightsObject } from './rights-object.ts';

export const COUNTS = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads'] as const;
export const PROPERTIES = [
  ...(['id', 'name', 'parentId', 'role', 'sortOrder', 'myRights', 'isSubscribed'] as const),
  ...COUNTS,
];

/** To whoever asks about sharing (RFC 9670 §4). */
export interface ToldOfSharing {
  readonly shareWith?: JsonObject | undefined;
  readonly isOfSharing?: boolean;
}

/** `counts` when any of them is among the properties. */
export function objectOf(
  account: AccountState,
  mailbox: MailboxState,
  properties: ReadonlySet<string>,
  counts: MailboxCounts | undefined,
  { shareWith, isOfSharing = false }: ToldOfSharing = {},
): JsonObject {
  const parent = parentOf(account, mailbox);
  return picked(properties, {
    id: () => mailboxObjectId(mailbox.id),
    name: () => nameOf(account, mailbox),
    parentId: () => (parent === undefined ? null : mailboxObjectId(parent.id)),
    role: () => roleOf(mailbox) ?? null,
    sortOrder: () => mailbox.sortOrder,
    isSubscribed: () => mailbox.subscribed,
    myRights: () => rightsObject(rightsIn(account, mailbox), mailbox, isOfSharing),
    shareWith: () => shareWith ?? null,
    totalEmails: () => counts?.totalEmails ?? 0,
    unreadEmails: () => counts?.unreadEmails ?? 0,
    totalThreads: () => counts?.totalThreads ?? 0,
    unreadThreads: () => counts?.unreadThreads ?? 0,
  });
}

/** Of whoever asks: the owner has all. */
function rightsIn({ visit }: AccountState, { id }: MailboxState): Rights {
  return visit === undefined ? ALL_RIGHTS : visit.rightsIn(id);
}

export function wantsCounts(properties: ReadonlySet<string>): boolean {
  return COUNTS.some((name) => properties.has(name));
}
