/**
 * X-GM-RAW: a search in the language of the webmail (`search-language.ts`), as search keys. It looks into the mailbox that is open, as
 * every key does; `in:` narrows it down to what another one has as well. Days are those of UTC, as of all keys of dates here.
 */
import { FLAG } from '../../mail/flags.ts';
import {
  MAX_SEARCH_LENGTH,
  MAX_TERMS,
  type Meaning,
  meaningOf,
  parseSearch,
} from '../../mail/search-language.ts';
import { type Searching, type SearchKeyItem, searchKey } from '../item.ts';
import { SyntaxFault } from '../wire/fault.ts';
import type { SearchKey } from '../wire/search-tree.ts';
import { labelKey } from './search-labels.ts';

type Key = SearchKey<SearchKeyItem>;

const SECONDS_PER_DAY = 86_400;

const HAS_ATTACHMENT: Key = {
  kind: 'extension',
  item: searchKey({
    name: 'X-GM-RAW has:attachment',
    criterion: () => ({ kind: 'attachment', isThere: true }),
  }),
  args: undefined,
};

const FLAG_OF_MARK = {
  seen: FLAG.Seen,
  flagged: FLAG.Flagged,
  answered: FLAG.Answered,
  draft: FLAG.Draft,
} as const;

/** Throws SyntaxFault for one that would not be read to its end: it would find too much. */
export async function rawKey(asking: Searching, text: string): Promise<Key> {
  const keys: Key[] = [];
  const terms = parseSearch(text, MAX_TERMS + 1);
  if (text.length > MAX_SEARCH_LENGTH || terms.length > MAX_TERMS)
    throw new SyntaxFault('The search is too long', { status: 'NO', code: { code: 'LIMIT' } });
  for (const term of terms) {
    const key = (await keyOf(asking, meaningOf(term))) ?? ({ kind: 'text', value: term.value } as const);
    keys.push(term.isNot ? { kind: 'not', key } : key);
  }
  const [first, ...rest] = keys;
  if (first === undefined) return { kind: 'all' };
  return rest.length === 0 ? first : { kind: 'and', keys };
}

/** Undefined: it means nothing here, and is a word. */
async function keyOf(asking: Searching, meaning: Meaning): Promise<Key | undefined> {
  switch (meaning.kind) {
    case 'text':
      return { kind: 'text', value: meaning.value };
    case 'part': {
      const { part, value } = meaning;
      return part === 'body' ? { kind: 'body', value } : { kind: 'field', field: part, value };
    }
    case 'attachment':
      return HAS_ATTACHMENT;
    case 'filename':
      return { kind: 'and', keys: [HAS_ATTACHMENT, { kind: 'text', value: meaning.value }] };
    case 'mark':
      return { kind: 'flag', bit: FLAG_OF_MARK[meaning.mark], isSet: meaning.isSet };
    case 'in':
      return labelKey(asking, meaning.name);
    case 'anywhere':
      return { kind: 'all' };
    case 'message-id':
      return { kind: 'header', name: 'message-id', value: meaning.value };
    case 'size':
      return meaning.relation === 'from'
        ? { kind: 'size', relation: 'larger', sizeBytes: meaning.bytes - 1 }
        : { kind: 'size', relation: 'smaller', sizeBytes: meaning.bytes };
    case 'day':
      return {
        kind: 'internal-date',
        relation: meaning.relation === 'before' ? 'before' : 'since',
        day: meaning.day,
      };
    case 'age': {
      const relation = meaning.relation === 'older' ? 'older' : 'younger';
      return { kind: 'within', relation, seconds: meaning.days * SECONDS_PER_DAY };
    }
  }
}
