/** A search that is kept in an annotation (RFC 5466 §3.2): `search-criteria` in UTF-8, without literals. */
import { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { end } from './grammar.ts';
import { searchKeys } from './search-keys.ts';
import type { SearchKey, SearchKeySyntax } from './search-tree.ts';

/** Throws SyntaxFault. */
export function storedSearch<Row extends SearchKeySyntax>(
  value: Buffer,
  table: ReadonlyMap<string, Row>,
): SearchKey<Row> {
  if (value.includes(0) || value.includes(0x0d) || value.includes(0x0a))
    throw new SyntaxFault('A search is one line');
  const c = new Cursor({ parts: [value], argumentsAt: 0 }, { isUtf8: true });
  const key = searchKeys(c, table, 'UTF-8');
  end(c);
  return key;
}
