/** Which mailboxes of an account a filter means (RFC 5465 §6, RFC 7377 §2.2). */
import { DELIMITER, isChildOf } from '../mail/mailbox-name.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { MailboxFilter } from './wire/mailbox-filter.ts';

/** Each once, in the order of their names; those that are not there are left out. `selected` is no matter of names. */
export function mailboxesOf(account: AccountState, filters: readonly MailboxFilter[]): MailboxState[] {
  const matches = filters.map(matcherOf);
  const found = [...account.byName.values()].filter((mailbox) => matches.some((matches) => matches(mailbox)));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a filter looks at, of a mailbox that may be gone. */
export type Filtered = Pick<MailboxState, 'name' | 'subscribed'>;

export function matcherOf(filter: MailboxFilter): (mailbox: Filtered) => boolean {
  switch (filter.kind) {
    case 'selected':
      return () => false;
    case 'inboxes':
      return ({ name }) => name === 'INBOX';
    case 'personal':
      return () => true;
    case 'subscribed':
      return ({ subscribed }) => subscribed;
    case 'mailboxes': {
      const names = new Set(filter.names);
      return ({ name }) => names.has(name);
    }
    case 'subtree':
      return ({ name }) => filter.names.some((top) => name === top || isChildOf(name, top));
    case 'subtree-one':
      return ({ name }) => filter.names.some((top) => name === top || isChild(name, top));
  }
}

function isChild(name: string, parent: string): boolean {
  return isChildOf(name, parent) && !name.slice(parent.length + 1).includes(DELIMITER);
}
