/** What one row of a list says, from the emails of its conversation. Pure; how it looks is in `row.tsx`. */
import type { Address, Email, Id } from '../sync/model.ts';

export interface Row {
  /** Of the email that stands for it in the list. */
  readonly id: Id;
  readonly thread: Id;
  /** Who wrote, the first and the newest; one's own words become "me" where it is drawn. */
  readonly people: readonly Person[];
  readonly count: number;
  readonly isUnread: boolean;
  readonly isStarred: boolean;
  readonly hasAttachment: boolean;
  readonly isDraft: boolean;
  readonly isAnswered: boolean;
  readonly subject: string;
  readonly preview: string;
  readonly receivedAt: string;
}

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly isMe: boolean;
  readonly isUnread: boolean;
}

export interface RowContext {
  /** The person's own address. */
  readonly me: string;
  /** Shown is who it goes to, not who it is from: in Sent and Drafts. */
  readonly isOutgoing: boolean;
  /** Emails there do not count for a conversation elsewhere. */
  readonly hidden: ReadonlySet<Id>;
}

const MOST_PEOPLE = 3;

/** `emails`: of the conversation, oldest first. */
export function rowOf(email: Email, emails: readonly Email[], { me, isOutgoing, hidden }: RowContext): Row {
  const shown = emails.filter(
    (one) => one.id === email.id || !Object.keys(one.mailboxIds).every((id) => hidden.has(id)),
  );
  const all = shown.length === 0 ? [email] : withoutCopies(shown);
  return {
    ...{ id: email.id, thread: email.threadId, count: all.length },
    people: isOutgoing ? recipientsOf(email, me) : sendersOf(all, me),
    isUnread: all.some(isUnread),
    isStarred: all.some(({ keywords }) => '$flagged' in keywords),
    hasAttachment: all.some(({ hasAttachment }) => hasAttachment),
    isDraft: all.some(({ keywords }) => '$draft' in keywords),
    isAnswered: '$answered' in email.keywords,
    subject: email.subject ?? '',
    preview: email.preview,
    receivedAt: email.receivedAt,
  };
}

/** Of one message that is there twice, as it was sent and as it came, the later stands for both. */
export function withoutCopies(emails: readonly Email[]): readonly Email[] {
  const last = new Map<string, Email>();
  for (const email of emails) last.set(email.messageId?.[0] ?? email.id, email);
  return last.size === emails.length ? emails : emails.filter((email) => [...last.values()].includes(email));
}

export function isUnread({ keywords }: Pick<Email, 'keywords'>): boolean {
  return !('$seen' in keywords) && !('$draft' in keywords);
}

export function nameOf({ name, email }: Address): string {
  return name?.trim() || email;
}

function sendersOf(emails: readonly Email[], me: string): Person[] {
  const byAddress = new Map<string, Person>();
  for (const email of emails)
    for (const address of email.from?.slice(0, 1) ?? []) {
      const key = address.email.toLowerCase();
      const known = byAddress.get(key);
      // Who wrote again stands where he wrote last.
      byAddress.delete(key);
      byAddress.set(key, personOf(address, me, isUnread(email) || (known?.isUnread ?? false)));
    }
  const people = [...byAddress.values()];
  return people.length <= MOST_PEOPLE ? people : [...people.slice(0, 1), ...people.slice(1 - MOST_PEOPLE)];
}

function recipientsOf({ to }: Email, me: string): Person[] {
  return (to ?? []).slice(0, MOST_PEOPLE).map((address) => personOf(address, me, false));
}

function personOf(address: Address, me: string, unread: boolean): Person {
  return {
    ...{ name: nameOf(address), email: address.email, isUnread: unread },
    isMe: address.email.toLowerCase() === me.toLowerCase(),
  };
}

/** The first word of a name, for a line with several; an address up to its at sign. */
export function shortName({ name, email }: Pick<Person, 'name' | 'email'>): string {
  if (name === email) return email.split('@')[0] ?? email;
  const [first = name, second] = name.split(/\s+/);
  // "Berg, Anna" is written the other way round.
  return first.endsWith(',') && second !== undefined ? second : first.replace(/,$/, '');
}

/** One or two letters for an avatar. */
export function initialsOf(name: string): string {
  const letters = name.normalize('NFC').match(/\p{L}+|\p{N}+/gu) ?? [];
  const [first = '?'] = letters;
  return (Array.from(first)[0] ?? '?').toLocaleUpperCase();
}

/** One of eight hues, the same for an address wherever it stands. */
export function hueOf(address: string): number {
  let hash = 0;
  for (const letter of address.trim().toLowerCase())
    hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) | 0;
  return (hash >>> 0) % 8;
}
