/** Which mailboxes a command is about (RFC 5465 §6 `filter-mailboxes`, RFC 7377 §4 with `subtree-one`). */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { label, nonEmptyList } from './grammar.ts';
import { mailbox } from './mailbox.ts';

export type MailboxFilter =
  | { readonly kind: 'selected' | 'inboxes' | 'personal' | 'subscribed' }
  | { readonly kind: 'subtree' | 'subtree-one' | 'mailboxes'; readonly names: readonly string[] };

const SP = 0x20;
const OPEN = 0x28;

export function mailboxFilter(c: Cursor): MailboxFilter {
  const name = label(c, 'a choice of mailboxes').toLowerCase();
  switch (name) {
    case 'selected':
    case 'inboxes':
    case 'personal':
    case 'subscribed':
      return { kind: name };
    case 'subtree':
    case 'subtree-one':
    case 'mailboxes':
      c.expectByte(SP, 'a space');
      return { kind: name, names: oneOrMore(c) };
    default:
      throw new SyntaxFault(`Unknown choice of mailboxes ${name.slice(0, 40)}`);
  }
}

function oneOrMore(c: Cursor): string[] {
  return c.peek() === OPEN ? nonEmptyList(c, mailbox) : [mailbox(c)];
}
