/**
 * How well a message meets a search with FUZZY (RFC 6203 §4). It scores more when the words stand together as they were
 * written, and more again when what was sought anywhere in it stands in its subject.
 */
import type { Criterion } from '../mailbox/model/criterion.ts';
import { searchMessages } from '../mailbox/search/search.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import { criterionOf, type SearchScope } from './commands/search-criteria.ts';
import type { SessionContext } from './context.ts';
import type { SearchKeyItem } from './item.ts';
import { NumSet } from './wire/numset.ts';
import { hasExtension, type SearchKey } from './wire/search-tree.ts';

type Key = SearchKey<SearchKeyItem>;

const LEAST = 20;
const FOR_ITS_ORDER = 40;
const FOR_ITS_PLACE = 40;

export function hasFuzzy(key: Key): boolean {
  return hasExtension(key, ({ isFuzzy }) => isFuzzy === true);
}

interface Searched {
  readonly session: SessionContext;
  readonly account: AccountState;
  readonly mailbox: MailboxState;
  readonly scope: SearchScope;
}

/** Of each of these hits of a search with FUZZY, from 1 to 100. */
export async function relevancies(
  { session, account, mailbox, scope }: Searched,
  key: Key,
  hits: ArrayLike<number>,
): Promise<ReadonlyMap<number, number>> {
  const { domain, modes } = session;
  const exact = criterionOf(unfuzzed(key), scope, domain.clock.nowMs());
  const ranges = NumSet.of(
    'uid',
    Array.from(hits, (uid) => [uid, uid] as const),
  ).ranges;
  const among = async (criterion: Criterion): Promise<readonly number[]> => {
    const { uids } = await searchMessages(domain, account, mailbox, {
      criterion: { kind: 'and', criteria: [{ kind: 'uids', ranges }, criterion] },
      collation: modes.comparator.collation,
      upTo: scope.view.highestUid,
      wants: 'all',
      pause: () => session.breathe(),
    });
    return uids;
  };
  const scores = new Map<number, number>();
  for (let i = 0; i < hits.length; i++) scores.set(hits[i] as number, LEAST);
  const add = (uids: readonly number[], more: number): void => {
    for (const uid of uids) scores.set(uid, (scores.get(uid) ?? 0) + more);
  };
  add(await among(exact), FOR_ITS_ORDER);
  add(await among(inPlace(exact)), FOR_ITS_PLACE);
  return scores;
}

function unfuzzed(key: Key): Key {
  switch (key.kind) {
    case 'and':
    case 'or':
      return { kind: key.kind, keys: key.keys.map(unfuzzed) };
    case 'not':
      return { kind: 'not', key: unfuzzed(key.key) };
    case 'extension':
      if (key.key === undefined) return key;
      return key.item.isFuzzy === true ? unfuzzed(key.key) : { ...key, key: unfuzzed(key.key) };
    default:
      return key;
  }
}

/** What was sought anywhere, sought in the subject. */
function inPlace(criterion: Criterion): Criterion {
  switch (criterion.kind) {
    case 'body':
    case 'text':
      return { kind: 'field', field: 'subject', value: criterion.value };
    case 'and':
    case 'or':
      return { kind: criterion.kind, criteria: criterion.criteria.map(inPlace) };
    default:
      return criterion;
  }
}
