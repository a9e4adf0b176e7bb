/**
 * What FUZZY makes of a search (RFC 6203 §3, §5): a text of several words is met by all of its words wherever they stand;
 * everything else is met as it is.
 */
import type { Criterion } from '../mailbox/model/criterion.ts';

/** A criterion of one text. */
type TextCriterion = Extract<Criterion, { kind: 'field' | 'header' | 'body' | 'text' }>;

/** Each word is a search. */
const MAX_WORDS = 20;

/** As FUZZY has it; what is excluded is excluded exactly. */
export function fuzzed(criterion: Criterion): Criterion {
  switch (criterion.kind) {
    case 'field':
    case 'header':
    case 'body':
    case 'text':
      return wordsOf(criterion);
    case 'and':
    case 'or':
      return { kind: criterion.kind, criteria: criterion.criteria.map(fuzzed) };
    default:
      return criterion;
  }
}

function wordsOf(criterion: TextCriterion): Criterion {
  const words = criterion.value.split(/\s+/u).filter((word) => word !== '');
  if (words.length < 2 || words.length > MAX_WORDS) return criterion;
  return { kind: 'and', criteria: words.map((value) => ({ ...criterion, value })) };
}
