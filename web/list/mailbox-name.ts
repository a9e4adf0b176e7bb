/** Mailboxes as they are shown: by the name of their role in the person's language, those with a role first, children below parents. */
import type { Mailboxes } from '../sync/cache.ts';
import type { Id, Mailbox } from '../sync/model.ts';
import type { Texts } from '../text/en.ts';

const ORDER = ['inbox', 'drafts', 'scheduled', 'snoozed', 'sent', 'archive', 'junk', 'trash'];

export function roleName({ role, name }: Pick<Mailbox, 'role' | 'name'>, texts: Texts['list']): string {
  return (role === null ? undefined : texts.roles[role]) ?? name;
}

export interface Placed {
  readonly mailbox: Mailbox;
  /** 0: at the top. */
  readonly depth: number;
}

/** Those with a role, as they are listed everywhere. */
export function withRole(mailboxes: Mailboxes): readonly Mailbox[] {
  return [...mailboxes.values()]
    .filter(({ role }) => ORDER.includes(role ?? ''))
    .sort((a, b) => ORDER.indexOf(a.role ?? '') - ORDER.indexOf(b.role ?? ''));
}

/** The person's own, each parent before its children, by the rules of the language. One whose parent has a role stands at the top. */
export function ownMailboxes(mailboxes: Mailboxes, locale: string): readonly Placed[] {
  const compare = new Intl.Collator(locale, { numeric: true }).compare;
  const own = [...mailboxes.values()].filter(({ role }) => !ORDER.includes(role ?? ''));
  const there = new Set(own.map(({ id }) => id));
  const byParent = new Map<Id | null, Mailbox[]>();
  for (const mailbox of own) {
    const parent = mailbox.parentId !== null && there.has(mailbox.parentId) ? mailbox.parentId : null;
    byParent.set(parent, [...(byParent.get(parent) ?? []), mailbox]);
  }
  const below = (parent: Id | null, depth: number): Placed[] =>
    (byParent.get(parent) ?? [])
      .sort((a, b) => a.sortOrder - b.sortOrder || compare(a.name, b.name))
      .flatMap((mailbox) => [{ mailbox, depth }, ...below(mailbox.id, depth + 1)]);
  return below(null, 0);
}

/** What a badge counts: drafts as they are, else what is unread; nothing in Trash and Junk. */
export function badgeOf({ role, totalEmails, unreadThreads }: Mailbox): number {
  if (role === 'drafts' || role === 'scheduled') return totalEmails;
  return role === 'trash' || role === 'junk' || role === 'sent' ? 0 : unreadThreads;
}
