/**
 * Labels as arguments of X-GM-LABELS (https://developers.google.com/workspace/gmail/imap/imap-extensions): names of mailboxes, as
 * everywhere, and a few of the system's, which begin with a backslash and stand bare or in quotes.
 */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { atom, list } from './grammar.ts';
import { mailbox } from './mailbox.ts';

/** In the order in which they are told. */
export const SYSTEM_LABELS = ['inbox', 'sent', 'draft', 'important', 'starred'] as const;
export type SystemLabel = (typeof SYSTEM_LABELS)[number];

export type Label =
  | { readonly kind: 'system'; readonly label: SystemLabel }
  /** Its canonical name. */
  | { readonly kind: 'mailbox'; readonly name: string };

export const SYSTEM_LABEL_WORDS: Readonly<Record<SystemLabel, string>> = Object.freeze({
  inbox: '\\Inbox',
  sent: '\\Sent',
  draft: '\\Draft',
  important: '\\Important',
  starred: '\\Starred',
});

const BACKSLASH = 0x5c;
const OPEN = 0x28;
/** A message is in no more mailboxes by one command. */
const MAX_LABELS = 100;

export function label(c: Cursor): Label {
  if (c.peek() !== BACKSLASH) {
    const name = mailbox(c);
    return systemLabel(name) ?? { kind: 'mailbox', name };
  }
  c.skip();
  const found = systemLabel(`\\${atom(c)}`);
  if (found === undefined)
    throw new SyntaxFault('Unknown system label', { status: 'NO', code: { code: 'CANNOT' } });
  return found;
}

/** `"(" [label *(SP label)] ")"`; or one of them by itself. */
export function labelList(c: Cursor): readonly Label[] {
  const labels = c.peek() === OPEN ? list(c, label) : [label(c)];
  if (labels.length > MAX_LABELS) throw new SyntaxFault('Too many labels', { code: { code: 'LIMIT' } });
  return labels;
}

function systemLabel(word: string): Label | undefined {
  const lower = word.toLowerCase();
  const found = SYSTEM_LABELS.find((one) => lower === SYSTEM_LABEL_WORDS[one].toLowerCase());
  if (found !== undefined) return { kind: 'system', label: found };
  // Gmail's documents say the one, its servers have said the other.
  return lower === '\\drafts' ? { kind: 'system', label: 'draft' } : undefined;
}
