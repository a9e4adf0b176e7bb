/**
 * What is searched for, at the end of SEARCH, ESEARCH, SORT and THREAD. A charset that nobody knows is a NO (RFC 9051 §6.4.4),
 * which the command answers itself: it has to know first what else was asked for, such as SAVE (RFC 5182 §2.1).
 */
import type { SearchKeyItem, Tables } from '../item.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { end, sp } from '../wire/grammar.ts';
import { searchKeys, searchProgram } from '../wire/search-keys.ts';
import { charset } from '../wire/search-text.ts';
import { hasExtension, type SearchKey } from '../wire/search-tree.ts';

export type Keys = SearchKey<SearchKeyItem> | SyntaxFault;

/** `[CHARSET charset SP] search-key *(SP search-key)` to the end of the command. */
export function programToEnd(
  c: Cursor,
  tables: Tables,
): { readonly charset: string | undefined; readonly key: Keys } {
  try {
    const program = searchProgram(c, tables.searchKeys);
    end(c);
    refuseCharset(program.charset, program.key);
    return program;
  } catch (error) {
    return { charset: undefined, key: asAnswer(error) };
  }
}

/** `charset SP search-key *(SP search-key)` to the end of the command (RFC 5256 §5). */
export function charsetAndKeys(c: Cursor, tables: Tables): Keys {
  try {
    const label = charset(c);
    sp(c);
    const key = searchKeys(c, tables.searchKeys, label);
    end(c);
    refuseCharset(label, key);
    return key;
  } catch (error) {
    return asAnswer(error);
  }
}

/** RFC 5466 §3.1: what is kept is UTF-8, and so is all that it stands among. */
function refuseCharset(label: string | undefined, key: SearchKey<SearchKeyItem>): void {
  if (label === undefined || label === 'UTF-8' || label === 'US-ASCII' || !isOfUtf8(key)) return;
  throw new SyntaxFault('FILTER needs CHARSET UTF-8', {
    code: { code: 'BADCHARSET', charsets: ['UTF-8', 'US-ASCII'] },
  });
}

function isOfUtf8(key: SearchKey<SearchKeyItem>): boolean {
  return hasExtension(key, ({ needsUtf8 }) => needsUtf8 === true);
}

function asAnswer(error: unknown): SyntaxFault {
  if (error instanceof SyntaxFault && error.status === 'NO') return error;
  throw error;
}
