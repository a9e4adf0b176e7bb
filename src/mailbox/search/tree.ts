/**
 * A criterion made ready: texts folded, members ordered from cheap to dear, every leaf knowing what it needs.
 *
 * Answers are numbers so that the operators are arithmetic: `and` is the lesser, `or` the greater, `not` two minus it
 * (Kleene's logic). `decide` answers for a block of rows from the columns alone, `answer` for one message from as much
 * of it as has been loaded. Pure: no waits, no store.
 */
import { Bug } from '../../base/invariant.ts';
import type { EnvelopeField } from '../../mail/envelope-reader.ts';
import { foldFieldText, foldText, type TextCollation, USUAL_COLLATION } from '../../mail/fold.ts';
import { isSearchField, type SearchField } from '../../mail/search-text.ts';
import { TRAIT } from '../../mail/traits.ts';
import type { Criterion, UidRanges } from '../model/criterion.ts';
import type { KeywordTable } from '../model/keywords.ts';
import {
  allocateColumns,
  type MessageRecord,
  type NumberColumn,
  type ReadonlyColumns,
  setRecord,
} from '../model/record.ts';
import { Needle } from './needle.ts';
import type { Sought } from './scan.ts';
import type { TextSource } from './text-walk.ts';

export const NO = 0;
export const MAYBE = 1;
export const YES = 2;

/** How much of a message a leaf needs: its record, its stored envelope, its header, its text. */
export type Depth = 0 | 1 | 2 | 3;

/** The Date field, of which every envelope has the beginning. */
export interface DateTest {
  readonly from: number;
  readonly until: number;
}

/** Text in the header fields of a name. */
export interface FieldTest extends Sought<string> {
  /** In lower case. */
  readonly name: string;
  readonly needle: Needle;
  /** Where in a stored envelope the fields of this name are, if they are there. */
  readonly envelopeField: EnvelopeField | undefined;
  /** Where in a stored search text, and what to look for there. */
  readonly searchField: SearchField | undefined;
  readonly octets: Buffer;
}

export interface TextTest extends Sought<TextSource> {
  readonly kind: 'body' | 'text';
  readonly value: string;
  readonly collation: TextCollation;
}

type RecordCriterion = Extract<
  Criterion,
  {
    kind:
      | 'all'
      | 'flag'
      | 'keyword'
      | 'uids'
      | 'arrived'
      | 'saved'
      | 'size'
      | 'changed'
      | 'emails'
      | 'attachment';
  }
>;

type Operator = Extract<Criterion, { kind: 'and' | 'or' }>;

export type SearchNode =
  | { readonly kind: 'record'; readonly depth: 0; readonly test: RecordCriterion }
  | { readonly kind: 'sent'; readonly depth: 1; readonly test: DateTest }
  /** `index` among the fields of the tree. */
  | { readonly kind: 'field'; readonly depth: 1 | 2; readonly index: number }
  /** `index` among the texts of the tree. */
  | { readonly kind: 'text'; readonly depth: 3; readonly index: number }
  | { readonly kind: 'and' | 'or'; readonly depth: Depth; readonly nodes: readonly SearchNode[] }
  | { readonly kind: 'not'; readonly depth: Depth; readonly node: SearchNode };

/** What of one message is loaded, as tests; undefined when it does not suffice to tell. */
export interface LoadedForSearch {
  readonly record: MessageRecord;
  wasSent(test: DateTest): boolean | undefined;
  /** Whether the field test of this index was met. */
  hasField(index: number): boolean | undefined;
  /** Whether the text test of this index was met. */
  hasText(index: number): boolean | undefined;
}

/** Rows that are decided together. */
export interface Rows {
  readonly start: number;
  readonly end: number;
  /** What is known of header fields without looking at a message. */
  readonly fields: KnownAnswers | undefined;
  /** What is known of texts. */
  readonly texts: KnownAnswers | undefined;
}

export interface KnownAnswers {
  /** Of the field or text test of this index. */
  decide(index: number, emails: NumberColumn, start: number, end: number, out: Uint8Array): void;
}

interface Block extends Rows {
  readonly columns: ReadonlyColumns;
  readonly keywords: KeywordTable;
}

export class SearchTree {
  readonly root: SearchNode;
  readonly collation: TextCollation;
  readonly fields: FieldTest[] = [];
  readonly texts: TextTest[] = [];
  /** Parts of the criterion, each of which costs a step for every row. */
  nodeCount = 0;
  /** Some field is in no envelope. */
  hasHeaders = false;
  /** Some field is in stored search texts. */
  hasSearchFields = false;
  readonly #one = allocateColumns(1);

  constructor(criterion: Criterion, collation = USUAL_COLLATION) {
    this.collation = collation;
    this.root = this.#nodeOf(criterion);
  }

  /** One answer for each row of `[start, end)`. */
  decide(columns: ReadonlyColumns, keywords: KeywordTable, rows: Rows): Uint8Array {
    const out = new Uint8Array(rows.end - rows.start);
    decide(this.root, { columns, keywords, ...rows }, out);
    return out;
  }

  /** For one message; MAYBE when what it needs is not loaded. */
  answer(message: LoadedForSearch, keywords: KeywordTable): number {
    setRecord(this.#one, 0, message.record);
    return this.#answer(this.root, message, keywords);
  }

  #answer(node: SearchNode, message: LoadedForSearch, keywords: KeywordTable): number {
    switch (node.kind) {
      case 'not':
        return YES - this.#answer(node.node, message, keywords);
      case 'and':
      case 'or':
        return this.#operator(node.kind === 'and', node.nodes, message, keywords);
      case 'record': {
        const out = new Uint8Array(1);
        decideRecord(node.test, this.#one, keywords, 0, 1, out);
        return out[0] as number;
      }
      case 'sent':
        return answerOf(message.wasSent(node.test));
      case 'field':
        return answerOf(message.hasField(node.index));
      case 'text':
        return answerOf(message.hasText(node.index));
    }
  }

  #operator(
    isAnd: boolean,
    nodes: readonly SearchNode[],
    message: LoadedForSearch,
    keywords: KeywordTable,
  ): number {
    const final = isAnd ? NO : YES;
    let answer = isAnd ? YES : NO;
    for (const node of nodes) {
      const one = this.#answer(node, message, keywords);
      if (one === final) return final;
      if (one === MAYBE) answer = MAYBE;
    }
    return answer;
  }

  /** Ids are asked for by every client that looks for its own copy; the envelope has them. */
  #field(name: string, value: string): SearchNode {
    const envelopeField = IN_ENVELOPES.find((known) => known === name);
    if (envelopeField === undefined) this.hasHeaders = true;
    const searchField = isSearchField(name) && this.collation === USUAL_COLLATION ? name : undefined;
    if (searchField !== undefined) this.hasSearchFields = true;
    const needle = new Needle(foldFieldText(value, this.collation));
    const octets = Buffer.from(needle.text);
    const needleIn = (source: string): Needle | undefined => (source === name ? needle : undefined);
    const index = this.fields.push({ name, needle, octets, envelopeField, searchField, needleIn }) - 1;
    return { kind: 'field', depth: envelopeField === undefined ? 2 : 1, index };
  }

  #nodeOf(criterion: Criterion): SearchNode {
    this.nodeCount++;
    switch (criterion.kind) {
      case 'and':
      case 'or': {
        const nodes = withEmailsTogether(criterion)
          .map((member) => this.#nodeOf(member))
          .sort((a, b) => a.depth - b.depth);
        return { kind: criterion.kind, depth: (nodes.at(-1)?.depth ?? 0) as Depth, nodes };
      }
      case 'not': {
        const node = this.#nodeOf(criterion.criterion);
        return { kind: 'not', depth: node.depth, node };
      }
      case 'thread':
      case 'also-in':
        throw new Bug('what others say of a message is looked up before it is searched for');
      case 'sent':
        return { kind: 'sent', depth: 1, test: criterion };
      case 'field':
        return this.#field(criterion.field, criterion.value);
      case 'header':
        return this.#field(criterion.name.toLowerCase(), criterion.value);
      case 'body':
      case 'text':
        return { kind: 'text', depth: 3, index: this.texts.push(textTest(criterion, this.collation)) - 1 };
      default:
        return { kind: 'record', depth: 0, test: criterion };
    }
  }
}

/** A list of emails by their ids is one look-up, not a chain of them (RFC 8474 §8.3). */
function withEmailsTogether({ kind, criteria }: Operator): readonly Criterion[] {
  if (kind === 'and' || criteria.filter(isEmails).length < 2) return criteria;
  const numbers = new Set(criteria.filter(isEmails).flatMap((one) => [...one.numbers]));
  return [...criteria.filter((one) => !isEmails(one)), { kind: 'emails', numbers }];
}

function isEmails(criterion: Criterion): criterion is Extract<Criterion, { kind: 'emails' }> {
  return criterion.kind === 'emails';
}

/** Of the fields that an envelope has, only these are asked of it: its addresses of senders are those of From where there are none. */
const IN_ENVELOPES = ['subject', 'from', 'to', 'cc', 'bcc', 'message-id', 'in-reply-to'] as const;

function textTest(
  { kind, value }: { readonly kind: 'body' | 'text'; readonly value: string },
  collation: TextCollation,
): TextTest {
  const inText = new Needle(foldText(value, collation));
  const inFields = new Needle(foldFieldText(value, collation));
  return {
    kind,
    value,
    collation,
    needleIn: (source) =>
      source === 'text' ? inText : source === 'field' && kind === 'body' ? undefined : inFields,
  };
}

function answerOf(matches: boolean | undefined): number {
  return matches === undefined ? MAYBE : matches ? YES : NO;
}

function decide(node: SearchNode, block: Block, out: Uint8Array): void {
  const { columns, keywords, start, end } = block;
  if (node.kind === 'record') {
    decideRecord(node.test, columns, keywords, start, end, out);
    return;
  }
  if (node.kind === 'not') {
    decide(node.node, block, out);
    for (let i = 0; i < out.length; i++) out[i] = YES - (out[i] as number);
    return;
  }
  const known = node.kind === 'field' ? block.fields : node.kind === 'text' ? block.texts : undefined;
  if ((node.kind === 'field' || node.kind === 'text') && known !== undefined) {
    known.decide(node.index, columns.email, start, end, out);
    return;
  }
  if (node.kind !== 'and' && node.kind !== 'or') {
    out.fill(MAYBE);
    return;
  }
  const isAnd = node.kind === 'and';
  out.fill(isAnd ? YES : NO);
  const one = new Uint8Array(out.length);
  for (const member of node.nodes) {
    decide(member, block, one);
    if (isAnd) lesser(out, one);
    else greater(out, one);
  }
}

function lesser(out: Uint8Array, one: Uint8Array): void {
  for (let i = 0; i < out.length; i++) if ((one[i] as number) < (out[i] as number)) out[i] = one[i] as number;
}

function greater(out: Uint8Array, one: Uint8Array): void {
  for (let i = 0; i < out.length; i++) if ((one[i] as number) > (out[i] as number)) out[i] = one[i] as number;
}

/** The tight loops. */
function decideRecord(
  test: RecordCriterion,
  columns: ReadonlyColumns,
  keywords: KeywordTable,
  start: number,
  end: number,
  out: Uint8Array,
): void {
  switch (test.kind) {
    case 'all':
      out.fill(YES);
      return;
    case 'flag': {
      const { flags } = columns;
      const { bit } = test;
      const wanted = test.isSet ? bit : 0;
      for (let i = start; i < end; i++) out[i - start] = ((flags[i] as number) & bit) === wanted ? YES : NO;
      return;
    }
    case 'keyword': {
      const { keywordSet } = columns;
      const has = keywords.setsWith(test.name);
      const wanted = test.isSet ? 1 : 0;
      for (let i = start; i < end; i++) out[i - start] = has[keywordSet[i] as number] === wanted ? YES : NO;
      return;
    }
    case 'uids':
      decideUids(test.ranges, columns.uid, start, end, out);
      return;
    case 'arrived':
      within(columns.internalDate, start, end, test.from, test.until, out);
      return;
    case 'size':
      within(columns.size, start, end, test.from, test.until, out);
      return;
    case 'changed':
      within(columns.modseq, start, end, test.since, Number.POSITIVE_INFINITY, out);
      return;
    case 'saved':
      within(columns.saveDate, start, end, test.from, test.until, out);
      return;
    case 'attachment': {
      const { traits } = columns;
      const wanted = test.isThere ? TRAIT.HasAttachment : 0;
      for (let i = start; i < end; i++)
        out[i - start] = ((traits[i] as number) & TRAIT.HasAttachment) === wanted ? YES : NO;
      return;
    }
    case 'emails': {
      const { email } = columns;
      const { numbers } = test;
      for (let i = start; i < end; i++) out[i - start] = numbers.has(email[i] as number) ? YES : NO;
    }
  }
}

function within(
  values: NumberColumn,
  start: number,
  end: number,
  from: number,
  until: number,
  out: Uint8Array,
): void {
  for (let i = start; i < end; i++) {
    const value = values[i] as number;
    out[i - start] = value >= from && value < until ? YES : NO;
  }
}

/** Both ascend, so one pass over each. */
function decideUids(
  ranges: UidRanges,
  uids: NumberColumn,
  start: number,
  end: number,
  out: Uint8Array,
): void {
  let at = firstReaching(ranges, uids[start] as number);
  for (let i = start; i < end; i++) {
    const uid = uids[i] as number;
    while (at < ranges.length && (ranges[at] as UidRanges[number])[1] < uid) at++;
    const range = ranges[at];
    out[i - start] = range !== undefined && range[0] <= uid ? YES : NO;
  }
}

/** The first range that ends at this UID or behind it. */
function firstReaching(ranges: UidRanges, uid: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as UidRanges[number])[1] < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}
