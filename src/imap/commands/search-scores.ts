/** RELEVANCY of SEARCH, ESEARCH and SORT (RFC 6203 §4, §6). */
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { Searching, SearchKeyItem } from '../item.ts';
import { hasFuzzy, relevancies } from '../relevancy.ts';
import { SyntaxFault } from '../wire/fault.ts';
import type { SearchKey } from '../wire/search-tree.ts';
import type { SearchScope } from './search-criteria.ts';

type Key = SearchKey<SearchKeyItem>;
type Scored = SearchScope & { readonly account: AccountState; readonly mailbox: MailboxState };

export function requireFuzzy(key: Key): void {
  if (!hasFuzzy(key)) throw new SyntaxFault('RELEVANCY is of a search with FUZZY');
}

/** Of each of these messages, in their order. */
export async function scoresOf(
  asking: Searching,
  key: Key,
  scope: Scored,
  uids: ArrayLike<number>,
): Promise<readonly number[]> {
  const scores = await scoresByUid(asking, key, scope, uids);
  return Array.from(uids, (uid) => scores.get(uid) ?? 1);
}

export function scoresByUid(
  { session }: Searching,
  key: Key,
  scope: Scored,
  uids: ArrayLike<number>,
): Promise<ReadonlyMap<number, number>> {
  return relevancies({ session, account: scope.account, mailbox: scope.mailbox, scope }, key, uids);
}
