/**
 * What a FETCH asks for (RFC 9051 §6.4.5): a macro, one attribute, or a list of them. The attributes are rows of a
 * table that is passed in, so that an extension's attribute is parsed by the extension.
 */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { nonEmptyList } from './grammar.ts';
import { type KeywordSyntax, type KeywordTable, keywordItem, type ParsedKeyword } from './keyword-table.ts';

const NOUN = 'FETCH attribute';
const OPEN = 0x28;
/** Clients that read a message part by part name some dozens; a line full of `BODY[]` is read amplification. */
const MAX_ITEMS = 500;

/** A macro stands alone, never in a list (RFC 9051 §6.4.5). */
const MACROS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ALL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']],
  ['FAST', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']],
  ['FULL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']],
]);

export type ParsedFetchAtt<Row extends KeywordSyntax = KeywordSyntax> = ParsedKeyword<Row>;

/** In the order asked for; an attribute without arguments that is named twice is there once. */
export function parseFetchAtts<Row extends KeywordSyntax>(
  c: Cursor,
  table: KeywordTable<Row>,
): ParsedFetchAtt<Row>[] {
  if (c.peek() !== OPEN) return maybeMacro(c, table) ?? [keywordItem(c, table, NOUN)];
  const items = nonEmptyList(c, () => keywordItem(c, table, NOUN));
  if (items.length > MAX_ITEMS)
    throw new SyntaxFault('Too many FETCH attributes', { code: { code: 'LIMIT' } });
  const bare = new Set<Row>();
  return items.filter(({ item, args }) => {
    if (args !== undefined) return true;
    const isFirst = !bare.has(item);
    bare.add(item);
    return isFirst;
  });
}

function maybeMacro<Row extends KeywordSyntax>(
  c: Cursor,
  table: KeywordTable<Row>,
): ParsedFetchAtt<Row>[] | undefined {
  for (const [name, members] of MACROS) {
    if (!c.maybeWord(name)) continue;
    return members.flatMap((member) => {
      const item = table.get(member);
      return item === undefined ? [] : [{ item, args: undefined }];
    });
  }
  return undefined;
}
