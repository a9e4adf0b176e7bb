/**
 * What `SEARCH RETURN (...)` can ask for (RFC 4731 §3.1, RFC 5182 §2.1), as rows of the parser's table,
 * for SORT as well (RFC 5267 §3.1).
 */
import type { Selected } from '../selected.ts';
import { hasItem, type KeywordSyntax, type ParsedKeyword } from '../wire/keyword-table.ts';
import { type NumRange, NumSet } from '../wire/numset.ts';

export const MIN: KeywordSyntax = Object.freeze({ name: 'MIN' });
export const MAX: KeywordSyntax = Object.freeze({ name: 'MAX' });
export const ALL: KeywordSyntax = Object.freeze({ name: 'ALL' });
export const COUNT: KeywordSyntax = Object.freeze({ name: 'COUNT' });
export const SAVE: KeywordSyntax = Object.freeze({ name: 'SAVE' });

/** What is to be returned. `save` alone returns nothing. */
export interface SearchReturns {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  readonly save: boolean;
}

export const ONLY_ALL: SearchReturns = Object.freeze({
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
});

/** RFC 4731 §3.1: `RETURN ()` is `RETURN (ALL)`. */
export function returnsOf(options: readonly ParsedKeyword[]): SearchReturns {
  const [min, max, all, count, save] = [MIN, MAX, ALL, COUNT, SAVE].map((row) => hasItem(options, row));
  if (!min && !max && !all && !count && !save) return ONLY_ALL;
  return {
    min: min === true,
    max: max === true,
    all: all === true,
    count: count === true,
    save: save === true,
  };
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
