/**
 * SEARCH X-GM-LABELS: what another mailbox has as well. The label of the mailbox that is searched is on all of its messages; one that is
 * no mailbox, or none that may be read, on none.
 */
import { FLAG } from '../../mail/flags.ts';
import { isNamed } from '../../mail/search-language.ts';
import type { Place } from '../../mailbox/operations/visiting.ts';
import { type Searching, type SearchKeyItem, searchKey } from '../item.ts';
import type { Label } from '../wire/labels.ts';
import type { SearchKey } from '../wire/search-tree.ts';
import { IMPORTANT, targetOf } from './labels.ts';

type Key = SearchKey<SearchKeyItem>;

const ALSO_IN: SearchKeyItem = searchKey<Place>({
  name: 'X-GM-LABELS of a mailbox',
  criterion: ({ account, mailbox }) => ({ kind: 'also-in', account: account.id, mailbox: mailbox.id }),
});

const NOTHING: Key = {
  kind: 'extension',
  item: searchKey({
    name: 'X-GM-LABELS of nothing',
    criterion: () => ({ kind: 'emails', numbers: new Set() }),
  }),
  args: undefined,
};

export async function labelledKey({ session }: Searching, label: Label): Promise<Key> {
  const target = targetOf(session.reach.own, label);
  if (target?.kind === 'mark')
    return target.mark === 'starred'
      ? { kind: 'flag', bit: FLAG.Flagged, isSet: true }
      : { kind: 'keyword', name: IMPORTANT, isSet: true };
  if (target !== undefined) return inPlace(session.reach.placeIn(session.reach.own, target.mailbox));
  if (label.kind === 'system') return NOTHING;
  const place = await session.reach.find(label.name);
  return place?.may('l') === true && place.may('r') ? inPlace(place) : NOTHING;
}

/** Of one's own, by its name or by what it is for, in lower case (`in:` of a search); undefined when there is none. */
export function labelKey({ session: { reach } }: Searching, word: string): Key | undefined {
  for (const mailbox of reach.own.mailboxes.values()) {
    const role = mailbox.name === 'INBOX' ? 'inbox' : mailbox.role;
    if (role === word || isNamed(mailbox.name, word)) return inPlace(reach.placeIn(reach.own, mailbox));
  }
  return undefined;
}

function inPlace(args: Place): Key {
  return { kind: 'extension', item: ALSO_IN, args };
}
