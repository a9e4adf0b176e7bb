/** Mailboxes by their ids, and what JMAP calls them and their roles. */
import { lastSegment } from '../../mail/mailbox-name.ts';
import { asMailboxId } from '../../mailbox/model/model.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';

/** Undefined when there is none of that id. */
export function mailboxOfId(
  { mailboxes }: Pick<AccountState, 'mailboxes'>,
  id: string,
): MailboxState | undefined {
  if (!/^f[1-9]\d{0,9}$/.test(id)) return undefined;
  return mailboxes.get(asMailboxId(Number(id.slice(1))));
}

/** INBOX has one too (RFC 8621 §2). */
export function roleOf({ name, role }: Pick<MailboxState, 'name' | 'role'>): string | undefined {
  return name === 'INBOX' ? 'inbox' : role;
}

/** The last level; INBOX as people write it. */
export function nameOf({ name }: Pick<MailboxState, 'name'>): string {
  return name === 'INBOX' ? 'Inbox' : lastSegment(name);
}
