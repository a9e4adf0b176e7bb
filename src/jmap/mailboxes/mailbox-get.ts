/** Mailbox/get (RFC 8621 §2.1). */
import { lastSegment, parentName } from '../../mail/mailbox-name.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { durableMoment } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { MAIL } from '../capabilities.ts';
import type { JsonObject } from '../core/json.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { momentString } from '../core/state-string.ts';
import { mailboxOfId, roleOf } from './properties.ts';

const PROPERTIES = [
  ...['id', 'name', 'parentId', 'role', 'sortOrder', 'myRights', 'isSubscribed'],
  ...['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads'],
];

export const mailboxGet = standardGet({
  type: 'Mailbox',
  capability: MAIL,
  properties: PROPERTIES,
  arguments: {},
  async find({ account, ids, properties }) {
    const state = momentString('mailboxes', await durableMoment(account, 'mailboxes'));
    const wanted = ids ?? [...account.mailboxes.values()].map(({ id }) => mailboxObjectId(id));
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    for (const id of wanted) {
      const mailbox = mailboxOfId(account, id);
      if (mailbox === undefined) notFound.push(id);
      else list.push(objectOf(account, mailbox, properties));
    }
    return { state, list, notFound };
  },
});

function objectOf(account: AccountState, mailbox: MailboxState, properties: ReadonlySet<string>): JsonObject {
  const isInbox = mailbox.name === 'INBOX';
  const parent = account.byName.get(parentName(mailbox.name) ?? '');
  return picked(properties, {
    id: () => mailboxObjectId(mailbox.id),
    name: () => (isInbox ? 'Inbox' : lastSegment(mailbox.name)),
    parentId: () => (parent === undefined ? null : mailboxObjectId(parent.id)),
    role: () => roleOf(mailbox) ?? null,
    sortOrder: () => 0,
    isSubscribed: () => mailbox.subscribed,
    myRights: () => ({
      ...{ mayReadItems: true, mayAddItems: true, mayRemoveItems: true, maySetSeen: true },
      ...{ maySetKeywords: true, mayCreateChild: true, mayRename: !isInbox, mayDelete: !isInbox },
      maySubmit: true,
    }),
    totalEmails: () => mailbox.exists - mailbox.deleted,
    unreadEmails: () => mailbox.unseen,
    totalThreads: () => mailbox.exists - mailbox.deleted,
    unreadThreads: () => mailbox.unseen,
  });
}
