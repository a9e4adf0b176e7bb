/** Mailboxes by their ids, and what JMAP calls them and their roles. */
import { DELIMITER, parentName } from '../../mail/mailbox-name.ts';
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

/** The nearest one above it. Its owner has all that are above one; to somebody else they may not be shown. */
export function parentOf(
  { byName }: Pick<AccountState, 'byName'>,
  { name }: Pick<MailboxState, 'name'>,
): MailboxState | undefined {
  for (let above = parentName(name); above !== undefined; above = parentName(above)) {
    const parent = byName.get(above);
    if (parent !== undefined) return parent;
  }
  return undefined;
}

/** What it is called below its parent, which tells it from those beside it; INBOX as people write it. */
export function nameOf(account: Pick<AccountState, 'byName'>, mailbox: Pick<MailboxState, 'name'>): string {
  const { name } = mailbox;
  if (name === 'INBOX') return 'Inbox';
  const parent = parentOf(account, mailbox);
  return parent === undefined ? name : name.slice(parent.name.length + DELIMITER.length);
}
