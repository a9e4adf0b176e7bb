/**
 * The arguments of LIST with its extensions (RFC 9051 §6.3.9, RFC 5258, RFC 5819), and the STATUS items that one of
 * its return options shares with STATUS.
 *
 * Selection and return options are tables that are passed in. The one rule between options is checked here: a
 * modifier such as RECURSIVEMATCH needs an option that selects by itself.
 */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { isTrailingSpace, keyword, maybeSp, nonEmptyList, sp } from './grammar.ts';
import {
  type KeywordSyntax,
  type KeywordTable,
  keywordItem,
  maybeSpOptionList,
  type ParsedKeyword,
  parseOptionList,
} from './keyword-table.ts';
import { type ListText, listMailbox, listReference, mailboxPatterns } from './mailbox.ts';

export interface ListSelectionSyntax extends KeywordSyntax {
  /** list-select-base-opt, -independent-opt, -mod-opt of RFC 5258 §6. */
  readonly role: 'base' | 'independent' | 'modifier';
}

export interface ListArgs<
  Selection extends ListSelectionSyntax = ListSelectionSyntax,
  Return extends KeywordSyntax = KeywordSyntax,
> {
  readonly selection: readonly ParsedKeyword<Selection>[];
  readonly reference: ListText;
  readonly patterns: readonly ListText[];
  readonly returns: readonly ParsedKeyword<Return>[];
  /** Any syntax of RFC 5258 was used: then the answers follow its rules (§3, §4), not those of the plain LIST. */
  readonly isExtended: boolean;
}

const OPEN = 0x28;
/** RFC 5258 sets no bound; each pattern is matched against every name. */
const MAX_PATTERNS = 100;

/** From the space behind LIST on. */
export function listArgs<Selection extends ListSelectionSyntax, Return extends KeywordSyntax>(
  c: Cursor,
  tables: { readonly selection: KeywordTable<Selection>; readonly returns: KeywordTable<Return> },
): ListArgs<Selection, Return> {
  const hasSelection = c.peekAt(1) === OPEN;
  const selection = maybeSpOptionList(c, tables.selection, 'LIST selection option');
  checkModifiers(selection);
  sp(c);
  const reference = listReference(c);
  sp(c);
  const isPatternList = c.peek() === OPEN;
  const patterns = mailboxPatterns(c);
  if (patterns.length > MAX_PATTERNS) throw new SyntaxFault('Too many patterns', { code: { code: 'LIMIT' } });
  const hasReturn = !isTrailingSpace(c) && maybeSp(c);
  let returns: ParsedKeyword<Return>[] = [];
  if (hasReturn) {
    keyword(c, 'RETURN');
    sp(c);
    returns = parseOptionList(c, tables.returns, 'LIST return option');
  }
  return { selection, reference, patterns, returns, isExtended: hasSelection || isPatternList || hasReturn };
}

/** LSUB (RFC 3501 §6.3.9): `SP reference SP list-mailbox`. */
export function lsubArgs(c: Cursor): { readonly reference: ListText; readonly pattern: ListText } {
  sp(c);
  const reference = listReference(c);
  sp(c);
  return { reference, pattern: listMailbox(c) };
}

/** `SP "(" status-att *(SP status-att) ")"`: of STATUS, and of the return option of LIST (RFC 5819 §2). */
export function statusItems<Row extends KeywordSyntax>(c: Cursor, table: KeywordTable<Row>): Row[] {
  sp(c);
  return [...new Set(nonEmptyList(c, () => keywordItem(c, table, 'STATUS item').item))];
}

function checkModifiers(selection: readonly ParsedKeyword<ListSelectionSyntax>[]): void {
  const modifier = selection.find(({ item }) => item.role === 'modifier');
  if (modifier === undefined || selection.some(({ item }) => item.role === 'base')) return;
  throw new SyntaxFault(`${modifier.item.name} needs another selection option`);
}
