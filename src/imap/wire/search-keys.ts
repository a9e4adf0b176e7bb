/**
 * The search keys of RFC 9051 §6.4.4 and their kin, to the tree of `search-tree.ts`. Keys of extensions come from a
 * table that is passed in.
 *
 * Open operators live on a list of our own instead of the call stack, so a line full of `NOT NOT (((OR` ends in a
 * fault. Clients write `OR a OR b OR c ...` for fifty addresses: chains of one operator become one node and do not
 * count as depth.
 */
import { canonicalKeyword, FLAG } from '../../mail/flags.ts';
import { DIGIT } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { date } from './date.ts';
import { numbersWithUidOnly, SyntaxFault } from './fault.ts';
import {
  astring,
  atom,
  isTrailingSpace,
  label,
  modSequenceValue,
  number64,
  nzNumber,
  quoted,
  sp,
} from './grammar.ts';
import {
  type KeywordSyntax,
  type KeywordTable,
  type ParsedKeyword,
  parseOptionList,
} from './keyword-table.ts';
import { sequenceSet, uidSet } from './numset.ts';
import { maybeCharset, type TextReader, textReader } from './search-text.ts';
import {
  MAX_SEARCH_DEPTH,
  type ModSeqEntry,
  type SearchField,
  type SearchKey,
  type SearchKeySyntax,
} from './search-tree.ts';

export interface SearchProgram<Row = SearchKeySyntax> {
  /** As the client named it, in capitals. */
  readonly charset: string | undefined;
  readonly key: SearchKey<Row>;
}

/** All that SEARCH and UID SEARCH take. */
export interface SearchArgs<Return, Row> extends SearchProgram<Row> {
  /** Undefined without RETURN: then the answer is the old SEARCH response of IMAP4rev1. Empty means ALL. */
  readonly returns: readonly ParsedKeyword<Return & KeywordSyntax>[] | undefined;
}

type Table<Row extends SearchKeySyntax> = ReadonlyMap<string, Row>;

/** Leaves of one program: each may cost a look at every message. */
const MAX_KEYS = 1000;
/** Operators and parentheses that wait for their end. */
const MAX_OPEN = 1000;
const SP = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;

/** `SP "RETURN" SP "(" ... ")"` (RFC 4731 §3.1, RFC 9051 §9 `search-return-opts`), with its row's arguments. */
export function maybeSearchReturn<Row extends KeywordSyntax>(
  c: Cursor,
  table: KeywordTable<Row>,
): ParsedKeyword<Row>[] | undefined {
  const mark = c.mark();
  if (!c.maybeByte(SP) || !c.maybeWord('RETURN')) {
    c.reset(mark);
    return undefined;
  }
  sp(c);
  return parseOptionList(c, table, 'SEARCH return option');
}

/** `search-program`. */
export function searchProgram<Row extends SearchKeySyntax>(c: Cursor, table: Table<Row>): SearchProgram<Row> {
  const charset = maybeCharset(c);
  return { charset, key: searchKeys(c, table, charset) };
}

/** `search-key *(SP search-key)` up to the end of the command; SORT and THREAD have read their charset before. */
export function searchKeys<Row extends SearchKeySyntax>(
  c: Cursor,
  table: Table<Row>,
  charset: string | undefined,
): SearchKey<Row> {
  return new SearchParser(c, table, textReader(charset)).parse();
}

/** An operator whose operands are being read. */
interface OpenNode<Row> {
  readonly kind: 'and' | 'or' | 'not' | 'extension';
  /** Operands still to come; a parenthesis ends by its bracket instead. */
  wanted: number;
  readonly keys: SearchKey<Row>[];
  depth: number;
  readonly item?: Row;
  readonly args?: unknown;
}

class SearchParser<Row extends SearchKeySyntax> {
  readonly #c: Cursor;
  readonly #table: Table<Row>;
  readonly #text: TextReader;
  readonly #open: OpenNode<Row>[] = [];
  #leaves = 0;

  constructor(c: Cursor, table: Table<Row>, text: TextReader) {
    this.#c = c;
    this.#table = table;
    this.#text = text;
  }

  parse(): SearchKey<Row> {
    const c = this.#c;
    this.#begin('and', Number.POSITIVE_INFINITY);
    for (;;) {
      const leaf = this.#operatorOrLeaf();
      if (leaf === undefined) continue;
      if (++this.#leaves > MAX_KEYS) throw tooMuch('Too many search keys');
      this.#attach(leaf, 0);
      const isOutside = this.#open.length === 1;
      if (isOutside && (c.peek() !== SP || isTrailingSpace(c))) break;
      sp(c);
    }
    const root = this.#open.pop() as OpenNode<Row>;
    return nodeOf(root);
  }

  /** A leaf, or undefined after opening an operator, whose first operand stands next. */
  #operatorOrLeaf(): SearchKey<Row> | undefined {
    const c = this.#c;
    if (c.maybeByte(OPEN)) return this.#begin('and', Number.POSITIVE_INFINITY);
    if (c.isAt(DIGIT) || c.peek() === 0x2a || c.peek() === 0x24) {
      const set = sequenceSet(c);
      if (c.isWithoutNumbers && set.kind !== 'saved') throw numbersWithUidOnly();
      return set.kind === 'saved' ? set : { kind: 'seq-set', set };
    }
    const name = label(c, 'a search key');
    if (name === 'NOT' || name === 'OR') {
      sp(c);
      return name === 'NOT' ? this.#begin('not', 1) : this.#begin('or', 2);
    }
    const leaf = CORE_KEYS.get(name);
    if (leaf !== undefined) return leaf(c, this.#text);
    const item = this.#table.get(name);
    if (item === undefined) throw new SyntaxFault(`Unknown search key ${name.slice(0, 40)}`);
    const args = item.parse?.(c, this.#text);
    if (item.takesKey !== true) return { kind: 'extension', item, args };
    sp(c);
    return this.#begin('extension', 1, { item, args });
  }

  #begin(kind: OpenNode<Row>['kind'], wanted: number, row?: { item: Row; args: unknown }): undefined {
    if (this.#open.length === MAX_OPEN) throw tooMuch('Search is nested too deeply');
    this.#open.push({ kind, wanted, keys: [], depth: 0, ...row });
  }

  /** Gives a finished key to the innermost open operator, and ends every operator that this completes. */
  #attach(finished: SearchKey<Row>, finishedDepth: number): void {
    let key = finished;
    let depth = finishedDepth;
    for (;;) {
      const node = this.#open.at(-1) as OpenNode<Row>;
      if (node.kind === key.kind && (key.kind === 'and' || key.kind === 'or')) {
        node.keys.push(...key.keys);
        node.depth = Math.max(node.depth, depth - 1);
      } else {
        node.keys.push(key);
        node.depth = Math.max(node.depth, depth);
      }
      node.wanted--;
      const isOutermost = this.#open.length === 1;
      const isComplete =
        node.wanted === 0 || (!isOutermost && node.kind === 'and' && this.#c.maybeByte(CLOSE));
      if (!isComplete) return;
      this.#open.pop();
      key = nodeOf(node);
      depth = depthOf(key, node);
      if (depth > MAX_SEARCH_DEPTH) throw tooMuch('Search is nested too deeply');
    }
  }
}

function nodeOf<Row>(node: OpenNode<Row>): SearchKey<Row> {
  const { kind, keys } = node;
  const first = keys[0] as SearchKey<Row>;
  if (kind === 'not') return first.kind === 'not' ? first.key : { kind, key: first };
  if (kind === 'extension') return { kind, item: node.item as Row, args: node.args, key: first };
  return keys.length === 1 ? first : { kind, keys };
}

/** Collapsed nodes add nothing: `((x))` is as deep as `x`, and NOT NOT takes one away. */
function depthOf<Row>(key: SearchKey<Row>, node: OpenNode<Row>): number {
  if (node.kind === 'not' && key.kind !== 'not') return node.depth - 1;
  return key === node.keys[0] ? node.depth : node.depth + 1;
}

function tooMuch(message: string): SyntaxFault {
  return new SyntaxFault(message, { code: { code: 'LIMIT' } });
}

type Leaf = (c: Cursor, text: TextReader) => SearchKey<never>;

const CORE_KEYS: ReadonlyMap<string, Leaf> = new Map<string, Leaf>([
  ['ALL', () => ({ kind: 'all' })],
  ['ANSWERED', flagKey(FLAG.Answered, true)],
  ['DELETED', flagKey(FLAG.Deleted, true)],
  ['DRAFT', flagKey(FLAG.Draft, true)],
  ['FLAGGED', flagKey(FLAG.Flagged, true)],
  ['SEEN', flagKey(FLAG.Seen, true)],
  ['UNANSWERED', flagKey(FLAG.Answered, false)],
  ['UNDELETED', flagKey(FLAG.Deleted, false)],
  ['UNDRAFT', flagKey(FLAG.Draft, false)],
  ['UNFLAGGED', flagKey(FLAG.Flagged, false)],
  ['UNSEEN', flagKey(FLAG.Seen, false)],
  ['KEYWORD', keywordKey(true)],
  ['UNKEYWORD', keywordKey(false)],
  ['RECENT', () => ({ kind: 'recent', isSet: true })],
  ['OLD', () => ({ kind: 'recent', isSet: false })],
  ['NEW', newKey],
  ['BCC', fieldKey('bcc')],
  ['CC', fieldKey('cc')],
  ['FROM', fieldKey('from')],
  ['SUBJECT', fieldKey('subject')],
  ['TO', fieldKey('to')],
  ['BODY', (c, text) => ({ kind: 'body', value: spText(c, text) })],
  ['TEXT', (c, text) => ({ kind: 'text', value: spText(c, text) })],
  ['HEADER', headerKey],
  ['BEFORE', dateKey('internal-date', 'before')],
  ['ON', dateKey('internal-date', 'on')],
  ['SINCE', dateKey('internal-date', 'since')],
  ['SENTBEFORE', dateKey('sent-date', 'before')],
  ['SENTON', dateKey('sent-date', 'on')],
  ['SENTSINCE', dateKey('sent-date', 'since')],
  ['LARGER', sizeKey('larger')],
  ['SMALLER', sizeKey('smaller')],
  ['OLDER', withinKey('older')],
  ['YOUNGER', withinKey('younger')],
  ['MODSEQ', modSeqKey],
  ['UID', uidKey],
]);

function flagKey(bit: number, isSet: boolean): Leaf {
  return () => ({ kind: 'flag', bit, isSet });
}

function keywordKey(isSet: boolean): Leaf {
  return (c) => {
    sp(c);
    return { kind: 'keyword', name: canonicalKeyword(atom(c)), isSet };
  };
}

function newKey(): SearchKey<never> {
  const unseen = { kind: 'flag', bit: FLAG.Seen, isSet: false } as const;
  return { kind: 'and', keys: [{ kind: 'recent', isSet: true }, unseen] };
}

function fieldKey(field: SearchField): Leaf {
  return (c, text) => ({ kind: 'field', field, value: spText(c, text) });
}

function headerKey(c: Cursor, text: TextReader): SearchKey<never> {
  sp(c);
  const name = astring(c, 'the name of a header field').toString('latin1');
  return { kind: 'header', name, value: spText(c, text) };
}

function dateKey(kind: 'internal-date' | 'sent-date', relation: 'before' | 'on' | 'since'): Leaf {
  return (c) => {
    sp(c);
    return { kind, relation, day: date(c) };
  };
}

function sizeKey(relation: 'larger' | 'smaller'): Leaf {
  return (c) => {
    sp(c);
    return { kind: 'size', relation, sizeBytes: number64(c) };
  };
}

/** RFC 5032 §3: an interval in seconds, never zero. */
function withinKey(relation: 'older' | 'younger'): Leaf {
  return (c) => {
    sp(c);
    return { kind: 'within', relation, seconds: nzNumber(c) };
  };
}

/** RFC 7162 §3.1.5: `MODSEQ [entry-name entry-type] mod-sequence-valzer`. */
function modSeqKey(c: Cursor): SearchKey<never> {
  sp(c);
  if (c.isAt(DIGIT)) return { kind: 'modseq', atLeast: modSequenceValue(c) };
  const name = quoted(c).toString('latin1');
  if (!name.toLowerCase().startsWith('/flags/')) throw new SyntaxFault('A MODSEQ entry begins with /flags/');
  sp(c);
  const type = ENTRY_TYPES.find((each) => c.maybeWord(each.toUpperCase()));
  if (type === undefined) return c.fail('priv, shared or all');
  sp(c);
  const entry: ModSeqEntry = { name, type };
  return { kind: 'modseq', atLeast: modSequenceValue(c), entry };
}

const ENTRY_TYPES = ['priv', 'shared', 'all'] as const;

function uidKey(c: Cursor): SearchKey<never> {
  sp(c);
  const set = uidSet(c);
  return set.kind === 'saved' ? { kind: 'saved' } : { kind: 'uid-set', set };
}

function spText(c: Cursor, text: TextReader): string {
  sp(c);
  return text(c);
}
