/**
 * STORE behind its message set: `[SP modifiers] SP store-att-flags` (RFC 9051 §6.4.6, RFC 4466 §2.5). Data beside the flags come from
 * a table.
 */
import type { Cursor } from './cursor.ts';
import { type FlagSet, storeFlags } from './flag.ts';
import { maybeLabel, sp } from './grammar.ts';
import {
  type KeywordSyntax,
  type KeywordTable,
  maybeSpOptionList,
  type ParsedKeyword,
} from './keyword-table.ts';

export type StoreAction = 'replace' | 'add' | 'remove';

export interface StoreArgs<
  Row extends KeywordSyntax = KeywordSyntax,
  Item extends KeywordSyntax = KeywordSyntax,
> {
  readonly modifiers: readonly ParsedKeyword<Row>[];
  readonly action: StoreAction;
  readonly isSilent: boolean;
  readonly data: FlagSet | ParsedKeyword<Item>;
}

/** What may stand behind the name of any data. */
const SILENT = '.SILENT';

export function storeArgs<Row extends KeywordSyntax, Item extends KeywordSyntax>(
  c: Cursor,
  table: KeywordTable<Row>,
  items: KeywordTable<Item>,
): StoreArgs<Row, Item> {
  const modifiers = maybeSpOptionList(c, table, 'STORE modifier');
  sp(c);
  const action = c.maybeByte(0x2b) ? 'add' : c.maybeByte(0x2d) ? 'remove' : 'replace';
  const mark = c.mark();
  const word = maybeLabel(c) ?? '';
  const isSilent = word.endsWith(SILENT);
  const name = isSilent ? word.slice(0, -SILENT.length) : word;
  if (name === 'FLAGS') {
    sp(c);
    return { modifiers, action, isSilent, data: storeFlags(c) };
  }
  const item = items.get(name);
  if (item !== undefined) return { modifiers, action, isSilent, data: { item, args: item.parse?.(c) } };
  c.reset(mark);
  return c.fail('FLAGS, +FLAGS or -FLAGS');
}
