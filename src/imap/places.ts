/** Which mailboxes a filter means, of those that a client reaches (RFC 5465 §6, RFC 7377 §2.2). */
import { isOfOthers } from '../mail/mailbox-name.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import { mailboxesOf, matcherOf } from './mailbox-filter.ts';
import type { Reach } from './reach.ts';
import type { MailboxFilter } from './wire/mailbox-filter.ts';

/** Each once, its own first, by name; those that are not there are left out, as is what may not be read. */
export async function placesOf(reach: Reach, filters: readonly MailboxFilter[]): Promise<Place[]> {
  const own = mailboxesOf(reach.own, filters).map((mailbox) => reach.placeIn(reach.own, mailbox));
  if (!filters.some((filter) => meansOthers(reach, filter))) return own;
  const isMeant = othersMatcher(reach, filters);
  const others: Place[] = [];
  for await (const place of reach.othersMailboxes())
    if (place.may('r') && isMeant(place.name)) others.push(place);
  return [...own, ...others.sort((a, b) => (a.name < b.name ? -1 : 1))];
}

/** Whether a filter can mean mailboxes of others. */
export function meansOthers(reach: Pick<Reach, 'own'>, filter: MailboxFilter): boolean {
  if ('names' in filter) return filter.names.some(isOfOthers);
  return filter.kind === 'subscribed' && reach.own.orphanSubscriptions.some(isOfOthers);
}

/** Of names of mailboxes of others; what is personal is one's own (RFC 5465 §6.4). */
export function othersMatcher(
  reach: Pick<Reach, 'own'>,
  filters: readonly MailboxFilter[],
): (name: string) => boolean {
  const matches = filters.filter(({ kind }) => kind !== 'personal' && kind !== 'inboxes').map(matcherOf);
  return (name) => {
    const subscribed = reach.own.orphanSubscriptions.includes(name);
    return matches.some((match) => match({ name, subscribed }));
  };
}
