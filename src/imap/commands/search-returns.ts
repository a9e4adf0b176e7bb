/**
 * What `SEARCH RETURN (...)` can ask for (RFC 4731 §3.1, RFC 5182 §2.1, RFC 9394 §3), as rows of the parser's table,
 * for SORT as well (RFC 5267 §3.1).
 */
import type { Ends } from '../../mailbox/search/search.ts';
import type { FetchItem } from '../item.ts';
import type { Selected } from '../selected.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { parseFetchAtts } from '../wire/fetch-items.ts';
import {
  argsOf,
  hasItem,
  type KeywordSyntax,
  type KeywordTable,
  type ParsedKeyword,
} from '../wire/keyword-table.ts';
import { type NumRange, NumSet } from '../wire/numset.ts';
import { indexesOf, type PartialRange, spPartialRange } from '../wire/partial.ts';

const SP = 0x20;
const OPEN = 0x28;

export const MIN: KeywordSyntax = Object.freeze({ name: 'MIN' });
export const MAX: KeywordSyntax = Object.freeze({ name: 'MAX' });
export const ALL: KeywordSyntax = Object.freeze({ name: 'ALL' });
export const COUNT: KeywordSyntax = Object.freeze({ name: 'COUNT' });
export const SAVE: KeywordSyntax = Object.freeze({ name: 'SAVE' });
export const PARTIAL: KeywordSyntax<PartialRange> = Object.freeze({ name: 'PARTIAL', parse: spPartialRange });

/** RFC 6203 §4. */
export const RELEVANCY: KeywordSyntax = Object.freeze({ name: 'RELEVANCY' });

/** RFC 5267 §4.2: the result will be asked for again. Sorted orders and search texts are kept anyway. */
export const CONTEXT: KeywordSyntax = Object.freeze({ name: 'CONTEXT' });

/** RFC 5267 §4.3: tell when the result changes; with attributes, what to tell of new messages among it (RFC 5465 §7). */
export function updateReturn(items: KeywordTable<FetchItem>): KeywordSyntax {
  return {
    name: 'UPDATE',
    parse: (c) => {
      if (c.peek() !== SP || c.peekAt(1) !== OPEN) return undefined;
      c.skip();
      return parseFetchAtts(c, items);
    },
  };
}

/** What is to be returned. `save` and `update` alone return nothing. */
export interface SearchReturns {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  readonly save: boolean;
  /** RFC 9394 §3.1: instead of all of them. */
  readonly partial: PartialRange | undefined;
  /** RFC 6203 §4: how well each of them meets the search. */
  readonly relevancy: boolean;
  /** What is to be told of new messages, if anything; undefined when the result is not to be kept up to date. */
  readonly update: readonly ParsedKeyword<FetchItem>[] | undefined;
}

export const ONLY_ALL: SearchReturns = Object.freeze({
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
  partial: undefined,
  relevancy: false,
  update: undefined,
});

/** RFC 4731 §3.1: `RETURN ()` is `RETURN (ALL)`. */
export function returnsOf(options: readonly ParsedKeyword[]): SearchReturns {
  const [min, max, all, count, save] = [MIN, MAX, ALL, COUNT, SAVE].map((row) => hasItem(options, row));
  const partial = argsOf(options, PARTIAL);
  const updating = options.find(({ item }) => item.name === 'UPDATE');
  if (options.length === 0) return ONLY_ALL;
  if (all && partial !== undefined) throw new SyntaxFault('ALL and PARTIAL exclude each other');
  return {
    partial,
    min: min === true,
    max: max === true,
    all: all === true,
    count: count === true,
    save: save === true,
    relevancy: hasItem(options, RELEVANCY),
    update: updating && ((updating.args ?? []) as readonly ParsedKeyword<FetchItem>[]),
  };
}

/** How much of a search has to be found: with ALL or COUNT, or SAVE alone, every hit counts; else the ends will do. */
export function wantedOf(returns: SearchReturns | undefined): 'all' | Ends {
  if (returns === undefined || returns.all || returns.count || returns.relevancy) return 'all';
  const { min, max, partial } = returns;
  if (!min && !max && partial === undefined) return 'all';
  const [first, last] = partial?.isFromEnd === true ? [0, partial.high] : [partial?.high ?? 0, 0];
  return { first: Math.max(first, min ? 1 : 0), last: Math.max(last, max ? 1 : 0) };
}

/** Which of the hits are returned or saved: those that MIN, MAX and PARTIAL name, or all (RFC 5182 §2.4, RFC 9394 §3.2). */
export function named<T>(hits: readonly T[], returns: SearchReturns | undefined): readonly T[] {
  if (wantedOf(returns) === 'all' || returns === undefined) return hits;
  const { min, max, partial } = returns;
  const [from, to] = partial === undefined ? [0, 0] : indexesOf(partial, hits.length);
  return hits.filter((_, i) => (i >= from && i < to) || (min && i === 0) || (max && i === hits.length - 1));
}

/** What `$` stands for from now on (RFC 5182 §2.1); the UIDs are ascending. */
export function savedSet(uids: readonly number[]): Selected['saved'] {
  const ranges: NumRange[] = [];
  for (let i = 0; i < uids.length; ) {
    const low = uids[i] as number;
    let high = low;
    for (i++; i < uids.length && uids[i] === high + 1; i++) high++;
    ranges.push([low, high]);
  }
  return NumSet.of('uid', ranges);
}

/** RFC 7162 §3.1.10: of the messages that are returned; undefined when there are none. */
export function highest(modseqs: readonly number[]): number | undefined {
  let most: number | undefined;
  for (const modseq of modseqs) if (most === undefined || modseq > most) most = modseq;
  return most;
}
