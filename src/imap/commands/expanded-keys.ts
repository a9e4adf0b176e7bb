/**
 * Keys that stand for others (FILTER, RFC 5466), replaced by those before a search. What is kept may name what is kept: so
 * deep and no deeper, and all together no more keys than a command may have.
 */
import type { Searching, SearchKeyItem } from '../item.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { hasExtension, MAX_SEARCH_DEPTH, type SearchKey } from '../wire/search-tree.ts';

type Key = SearchKey<SearchKeyItem>;

/** RFC 5466 §3.1 asks for three. */
const MAX_PASSES = 5;
const MAX_KEYS = 1000;

/** Throws what was wrong with the keys, too. */
export async function expandedKeys(call: Searching, key: Key | SyntaxFault): Promise<Key> {
  if (key instanceof SyntaxFault) throw key;
  if (!standsForOthers(key)) return key;
  return new Expansion(call).of(key, 0, 0);
}

/** Whether something of it has to be expanded. */
function standsForOthers(key: Key): boolean {
  return hasExtension(key, ({ expand }) => expand !== undefined);
}

class Expansion {
  readonly #call: Searching;
  #keys = 0;

  constructor(call: Searching) {
    this.#call = call;
  }

  async of(key: Key, passes: number, depth: number): Promise<Key> {
    if (depth > MAX_SEARCH_DEPTH) throw tooMuch('Search is nested too deeply');
    if (++this.#keys > MAX_KEYS) throw tooMuch('Too many search keys');
    switch (key.kind) {
      case 'and':
      case 'or': {
        const keys: Key[] = [];
        for (const one of key.keys) keys.push(await this.of(one, passes, depth + 1));
        return { kind: key.kind, keys };
      }
      case 'not':
        return { kind: 'not', key: await this.of(key.key, passes, depth + 1) };
      case 'extension':
        return this.#extension(key, passes, depth);
      default:
        return key;
    }
  }

  async #extension(key: Extract<Key, { kind: 'extension' }>, passes: number, depth: number): Promise<Key> {
    const { item, args } = key;
    if (item.expand === undefined)
      return key.key === undefined ? key : { ...key, key: await this.of(key.key, passes, depth + 1) };
    if (passes === MAX_PASSES) throw undefinedFilter(String(args));
    return this.of(await item.expand(this.#call, args), passes + 1, depth);
  }
}

export function undefinedFilter(name: string): SyntaxFault {
  return new SyntaxFault('There is no such filter', {
    status: 'NO',
    code: { code: 'UNDEFINED-FILTER', name },
  });
}

function tooMuch(message: string): SyntaxFault {
  return new SyntaxFault(message, { status: 'NO', code: { code: 'LIMIT' } });
}
