/** `RETURN (UPDATE)` of SEARCH and SORT: the result is kept up to date from here on (RFC 5267 §4.3). */
import type { SortCriterion } from '../../mailbox/search/sort.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call } from '../context.ts';
import { planFetch } from '../fetch/plan.ts';
import type { SearchKeyItem } from '../item.ts';
import { SearchContexts, writeNoUpdate } from '../search-contexts.ts';
import type { SearchKey } from '../wire/search-tree.ts';
import type { SearchReturns } from './search-returns.ts';

interface Updated {
  readonly tag: string;
  readonly isUid: boolean;
  readonly key: SearchKey<SearchKeyItem>;
  readonly returns: SearchReturns;
  /** Of SORT. */
  readonly criteria?: readonly SortCriterion[];
}

/** The tag is that of a search that is kept up to date already. */
export function isUpdated({ session, state }: Call<'selected'>, tag: string): boolean {
  return state.selected.updates !== undefined && SearchContexts.of(session, state.selected).has(tag);
}

/** `uids` are the result, in its order; without awaiting anything since they were found. */
export function keepUpdated(
  call: Call<'selected'>,
  { tag, isUid, key, returns, criteria }: Updated,
  uids: ArrayLike<number>,
): void {
  const { session, state } = call;
  const items = returns.update ?? [];
  const plan = items.length === 0 ? undefined : planFetch(items, isUid, undefined);
  if (plan?.impliesCondstore === true) enableCondstore(call);
  const { collation } = session.modes.comparator;
  const contexts = SearchContexts.of(session, state.selected);
  if (contexts.add({ tag, isUid, key, collation, order: criteria, plan }, Uint32Array.from(uids))) return;
  writeNoUpdate(session, tag, 'Too much is kept up to date already; cancel some');
}
