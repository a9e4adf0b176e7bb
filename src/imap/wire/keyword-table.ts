/**
 * Lists of named things: FETCH attributes, search keys, options, modifiers, STATUS items. Which names exist is not
 * grammar but registration, so the parsers take a table, and an extension adds a row instead of editing a parser.
 *
 * A row parses what follows its own name, up to but without the separator; the generic parsers know only the shape
 * around it. What a row means is in the same object, so a parsed item carries its meaning with it.
 */
import { Bug } from '../../base/invariant.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { label, list } from './grammar.ts';

export interface KeywordSyntax<Args = unknown> {
  /** In capitals, letters of tagged-ext-label (RFC 4466 §3). */
  readonly name: string;
  /** Reads what follows the name, the space before it included. Absent: the name stands alone. */
  readonly parse?: (c: Cursor) => Args;
}

export type KeywordTable<Row extends KeywordSyntax> = ReadonlyMap<string, Row>;

/** A name that was found, and what stood behind it: undefined or what the row's `parse` returned. */
export interface ParsedKeyword<Row extends KeywordSyntax = KeywordSyntax> {
  readonly item: Row;
  readonly args: unknown;
}

export function keywordTable<Row extends KeywordSyntax>(rows: Iterable<Row>): KeywordTable<Row> {
  const table = new Map<string, Row>();
  for (const row of rows) {
    if (row.name !== row.name.toUpperCase()) throw new Bug(`${row.name} must be registered in capitals`);
    if (table.has(row.name)) throw new Bug(`${row.name} is registered twice`);
    table.set(row.name, row);
  }
  return table;
}

/** One name of the table with what belongs to it. `noun` names the kind of thing in faults: 'FETCH attribute'. */
export function keywordItem<Row extends KeywordSyntax>(
  c: Cursor,
  table: KeywordTable<Row>,
  noun: string,
): ParsedKeyword<Row> {
  const name = label(c, `a ${noun}`);
  const item = table.get(name);
  if (item === undefined) throw new SyntaxFault(`Unknown ${noun} ${name.slice(0, MAX_SHOWN)}`);
  return { item, args: item.parse?.(c) };
}

/**
 * `"(" [item *(SP item)] ")"`. A name that comes again counts once (RFC 5258 §3 demands it of LIST); when it comes
 * with arguments each time, nobody can say which to follow.
 */
export function parseOptionList<Row extends KeywordSyntax>(
  c: Cursor,
  table: KeywordTable<Row>,
  noun: string,
): ParsedKeyword<Row>[] {
  const found = new Map<Row, ParsedKeyword<Row>>();
  list(c, () => {
    const parsed = keywordItem(c, table, noun);
    const { item, args } = parsed;
    if (args !== undefined && found.has(item)) throw new SyntaxFault(`${item.name} is given twice`);
    if (!found.has(item)) found.set(item, parsed);
  });
  return [...found.values()];
}

/** `SP "(" ... ")"` where a command may end instead; empty when it does. */
export function maybeSpOptionList<Row extends KeywordSyntax>(
  c: Cursor,
  table: KeywordTable<Row>,
  noun: string,
): ParsedKeyword<Row>[] {
  if (c.peek() !== SP || c.peekAt(1) !== OPEN) return [];
  c.skip();
  return parseOptionList(c, table, noun);
}

/** The arguments of a row among what was parsed; for callers that know the row and so the type of its arguments. */
export function argsOf<Args>(parsed: readonly ParsedKeyword[], row: KeywordSyntax<Args>): Args | undefined {
  return parsed.find((each) => each.item === row)?.args as Args | undefined;
}

export function hasItem(parsed: readonly ParsedKeyword[], row: KeywordSyntax): boolean {
  return parsed.some((each) => each.item === row);
}

/** A fault names what is unknown, but not at the length of an attacker's choice. */
const MAX_SHOWN = 40;
const SP = 0x20;
const OPEN = 0x28;
