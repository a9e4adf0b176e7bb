/** How a conversation is laid out: which of its mails are cards, which are open, what is left out of the middle. Pure. */
import { withoutCopies } from '../list/row.ts';
import type { Email, Id } from '../sync/model.ts';

export interface ConversationContext {
  /** Mails that lie nowhere but there are not part of it: Trash and Junk, unless one is there. */
  readonly hidden: ReadonlySet<Id>;
  /** What the person has opened or closed since it is shown. */
  readonly turned: ReadonlyMap<Id, boolean>;
  /** Unread when the conversation was opened; it stays open though it is read now. */
  readonly fresh: ReadonlySet<Id>;
  /** The middle was asked for. */
  readonly showsAll: boolean;
}

export type Stretch =
  | { readonly kind: 'card'; readonly email: Email; readonly isOpen: boolean }
  /** So many that are read and closed, as one line. */
  | { readonly kind: 'more'; readonly count: number };

/** Fewer are shown one by one. */
const FEWEST_LEFT_OUT = 3;

export function shownEmails(emails: readonly Email[], hidden: ReadonlySet<Id>): readonly Email[] {
  const shown = emails.filter(({ mailboxIds }) => !Object.keys(mailboxIds).every((id) => hidden.has(id)));
  return withoutCopies(shown.length === 0 ? emails : shown);
}

/** `emails`: oldest first, as the server orders a thread. */
export function layOut(emails: readonly Email[], context: ConversationContext): Stretch[] {
  const { hidden, turned, fresh, showsAll } = context;
  const shown = shownEmails(emails, hidden);
  const newest = newestOf(shown)?.id;
  const cards = shown.map((email): Stretch & { kind: 'card' } => {
    const isOpen = turned.get(email.id) ?? (email.id === newest || fresh.has(email.id));
    return { kind: 'card', email, isOpen };
  });
  if (showsAll) return cards;
  const out: Stretch[] = [];
  let from = 0;
  while (from < cards.length) {
    let to = from;
    while (to < cards.length && !(cards[to]?.isOpen ?? false)) to++;
    // The first of all and the one before an open one stay as its neighbours.
    const [first, last] = [from === 0 ? 1 : from, to - 1];
    if (last - first >= FEWEST_LEFT_OUT) {
      out.push(...cards.slice(from, first), { kind: 'more', count: last - first }, ...cards.slice(last, to));
    } else out.push(...cards.slice(from, to));
    const open = cards[to];
    if (open !== undefined) out.push(open);
    from = to + 1;
  }
  return out;
}

export function isDraft({ keywords }: Email): boolean {
  return '$draft' in keywords;
}

/** A draft is at the end and is nothing new. */
export function newestOf(emails: readonly Email[]): Email | undefined {
  return emails.findLast((email) => !isDraft(email)) ?? emails.at(-1);
}

/** Where one begins to read: the first that was unread, else the newest. */
export function firstToRead(emails: readonly Email[], fresh: ReadonlySet<Id>): Id | undefined {
  return emails.find(({ id }) => fresh.has(id))?.id ?? newestOf(emails)?.id;
}

/** The subject of the conversation: of the first mail, without what replies have put in front. */
export function subjectOf(emails: readonly Email[]): string {
  return bareSubject(emails[0]?.subject ?? '') || bareSubject(newestOf(emails)?.subject ?? '');
}

/** The words that programs in many languages put in front, counted or not; a space behind is not needed. */
const PREFIX =
  /^(?:re|sv|aw|antw|ynt|odp|vs|rv|fw|fwd|vb|wg|tr|vl|enc)(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*/i;
/** A list puts its name in front, again with each reply. */
const TAG = /^(\[[^\]]{1,40}\])\s*/;

export function bareSubject(subject: string): string {
  let text = subject.trim();
  let tag = '';
  for (let i = 0; i < 40; i++) {
    const [whole = '', found = ''] = TAG.exec(text) ?? [];
    const rest = text.slice(whole.length);
    if (PREFIX.test(rest)) text = rest.replace(PREFIX, '');
    else if (found === '' || found !== tag) break;
    else text = rest;
    tag ||= found;
  }
  return tag === '' || text.startsWith(tag) ? text : `${tag} ${text}`;
}
