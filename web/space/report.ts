/** What fills the account, as the server reports it (`Usage/report`), and what of it is worth a step. */
import { parseSearch } from '../../src/mail/search-language.ts';
import { filterOf } from '../search/filter.ts';
import type { Mailboxes } from '../sync/cache.ts';
import type { Filter, Id } from '../sync/model.ts';

export interface Sum {
  /** Octets. */
  readonly size: number;
  readonly emails: number;
}

export interface LargeEmail {
  readonly emailId: Id;
  readonly mailboxId: Id;
  readonly size: number;
  readonly receivedAt: string;
  readonly from: string;
  readonly subject: string;
}

export interface Report {
  readonly total: Sum;
  readonly limit: number | null;
  readonly mailboxes: readonly (Sum & {
    readonly id: Id;
    readonly name: string;
    readonly role: string | null;
  })[];
  readonly senders: readonly (Sum & { readonly email: string })[];
  readonly ages: readonly (Sum & { readonly youngerThanDays: number | null })[];
  readonly kinds: readonly (Sum & { readonly kind: string })[];
  readonly largest: readonly LargeEmail[];
  readonly recoverable: Sum;
  readonly forecast: { readonly monthlyBytes: number; readonly fullAt: string | null };
}

const MB = 1024 ** 2;
/** As people say them; a search knows them too. */
const STEPS = [50, 25, 10, 5, 1];
/** Of so many it is worth to look at all. */
const FEW = 3;

/** The largest round size that at least a few of the largest mails are above, in megabytes. Undefined: nothing is large. */
export function largeAbove(largest: readonly LargeEmail[]): number | undefined {
  return STEPS.find((step) => largest.filter(({ size }) => size >= step * MB).length >= FEW);
}

/** The words that a search has for the mail of an age. */
export function searchOfAge(days: number | null, younger: number | null): string {
  const older = younger === null ? [] : [`older_than:${younger}d`];
  return [...older, ...(days === null ? [] : [`newer_than:${days}d`])].join(' ');
}

export function searchFrom(sender: string): string {
  return `from:${sender}`;
}

export const OLD = 'older_than:1y';
export const VERY_OLD = 'older_than:5y';

/** What a search shows, as a filter: without Trash and Junk, and no later than now. */
export function filterOfSearch(query: string, mailboxes: Mailboxes, now: Date): Filter {
  const unwanted = [...mailboxes.values()].flatMap(({ id, role }) =>
    role === 'trash' || role === 'junk' ? [id] : [],
  );
  return filterOf(parseSearch(query), { mailboxes, unwanted, now });
}

/** As IMAP and the history call it. */
export function pathOf(id: Id, mailboxes: Mailboxes): string {
  const mailbox = mailboxes.get(id);
  if (mailbox === undefined) return '';
  if (mailbox.role === 'inbox') return 'INBOX';
  const above = mailbox.parentId === null ? '' : `${pathOf(mailbox.parentId, mailboxes)}/`;
  return `${above}${mailbox.name}`;
}
