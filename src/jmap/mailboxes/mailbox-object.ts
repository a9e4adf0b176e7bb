/** A mailbox as JMAP shows it (RFC 8621 §2). */
import { parentName } from '../../mail/mailbox-name.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import type { MailboxCounts } from '../../mailbox/query/mailbox-counts.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { JsonObject } from '../core/json.ts';
import { picked } from '../core/standard-get.ts';
import { nameOf, roleOf } from './properties.ts';

export const COUNTS = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads'] as const;
export const PROPERTIES = [
  ...(['id', 'name', 'parentId', 'role', 'sortOrder', 'myRights', 'isSubscribed'] as const),
  ...COUNTS,
];

/** `counts` when any of them is among the properties. */
export function objectOf(
  account: AccountState,
  mailbox: MailboxState,
  properties: ReadonlySet<string>,
  counts: MailboxCounts | undefined,
): JsonObject {
  const isInbox = mailbox.name === 'INBOX';
  const parent = account.byName.get(parentName(mailbox.name) ?? '');
  return picked(properties, {
    id: () => mailboxObjectId(mailbox.id),
    name: () => nameOf(mailbox),
    parentId: () => (parent === undefined ? null : mailboxObjectId(parent.id)),
    role: () => roleOf(mailbox) ?? null,
    sortOrder: () => mailbox.sortOrder,
    isSubscribed: () => mailbox.subscribed,
    myRights: () => ({
      ...{ mayReadItems: true, mayAddItems: true, mayRemoveItems: true, maySetSeen: true },
      ...{ maySetKeywords: true, mayCreateChild: true, mayRename: !isInbox, mayDelete: !isInbox },
      maySubmit: true,
    }),
    totalEmails: () => counts?.totalEmails ?? 0,
    unreadEmails: () => counts?.unreadEmails ?? 0,
    totalThreads: () => counts?.totalThreads ?? 0,
    unreadThreads: () => counts?.unreadThreads ?? 0,
  });
}

export function wantsCounts(properties: ReadonlySet<string>): boolean {
  return COUNTS.some((name) => properties.has(name));
}
