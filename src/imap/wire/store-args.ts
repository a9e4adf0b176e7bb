/**
 * STORE behind its message set: `[SP modifiers] SP store-att-flags` (RFC 9051 §6.4.6, RFC 4466 §2.5).
 */
import type { Cursor } from './cursor.ts';
import { type FlagSet, storeFlags } from './flag.ts';
import { sp } from './grammar.ts';
import {
  type KeywordSyntax,
  type KeywordTable,
  maybeSpOptionList,
  type ParsedKeyword,
} from './keyword-table.ts';

export interface StoreArgs<Row extends KeywordSyntax = KeywordSyntax> {
  readonly modifiers: readonly ParsedKeyword<Row>[];
  readonly action: 'replace' | 'add' | 'remove';
  readonly isSilent: boolean;
  readonly flags: FlagSet;
}

export function storeArgs<Row extends KeywordSyntax>(c: Cursor, table: KeywordTable<Row>): StoreArgs<Row> {
  const modifiers = maybeSpOptionList(c, table, 'STORE modifier');
  sp(c);
  const action = c.maybeByte(0x2b) ? 'add' : c.maybeByte(0x2d) ? 'remove' : 'replace';
  const isSilent = c.maybeWord('FLAGS.SILENT');
  if (!isSilent && !c.maybeWord('FLAGS')) c.fail('FLAGS, +FLAGS or -FLAGS');
  sp(c);
  return { modifiers, action, isSilent, flags: storeFlags(c) };
}
