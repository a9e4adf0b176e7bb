/** Which mail a place shows: a mailbox, what is starred, or what was searched for. */

import { parseSearch } from '../../src/mail/search-language.ts';
import { filterOf } from '../search/filter.ts';
import type { Place } from '../shell/places.ts';
import type { Mailboxes } from '../sync/cache.ts';
import type { Filter, Id, Mailbox } from '../sync/model.ts';

export interface Scope {
  readonly filter: Filter;
  /** The mailbox that it is, if it is one. */
  readonly mailbox: Mailbox | undefined;
  /** `starred` and `search` are no mailboxes. */
  readonly kind: 'mailbox' | 'starred' | 'search';
  /** Not counted in rows here: what lies in Trash and Junk, unless that is looked at. */
  readonly hidden: ReadonlySet<Id>;
  readonly isOutgoing: boolean;
}

export const STARRED = 'starred';
const UNWANTED = ['trash', 'junk'];
const OUTGOING = ['sent', 'drafts', 'scheduled'];

/** Undefined: there is no such mailbox. */
export function scopeOf(place: Place, mailboxes: Mailboxes, now: Date): Scope | undefined {
  const unwanted = [...mailboxes.values()]
    .filter(({ role }) => UNWANTED.includes(role ?? ''))
    .map(({ id }) => id);
  const hidden = new Set(unwanted);
  if (place.at === 'search') {
    const filter = filterOf(parseSearch(place.query), { mailboxes, unwanted, now });
    return { filter, mailbox: undefined, kind: 'search', hidden, isOutgoing: false };
  }
  if (place.at !== 'mailbox') return undefined;
  if (place.mailbox === STARRED) {
    const filter = { hasKeyword: '$flagged', inMailboxOtherThan: unwanted };
    return { filter, mailbox: undefined, kind: 'starred', hidden, isOutgoing: false };
  }
  const mailbox = mailboxAt(place.mailbox, mailboxes);
  if (mailbox === undefined) return undefined;
  const isOutgoing = OUTGOING.includes(mailbox.role ?? '');
  const isUnwanted = hidden.has(mailbox.id);
  const none: ReadonlySet<Id> = new Set();
  return {
    filter: { inMailbox: mailbox.id },
    mailbox,
    kind: 'mailbox',
    hidden: isUnwanted ? none : hidden,
    isOutgoing,
  };
}

/** By role or id, as it stands in an address. */
export function mailboxAt(word: string, mailboxes: Mailboxes): Mailbox | undefined {
  for (const mailbox of mailboxes.values()) if (mailbox.role === word) return mailbox;
  return mailboxes.get(word);
}

export function wordFor({ id, role }: Pick<Mailbox, 'id' | 'role'>): string {
  return role ?? id;
}
