/**
 * The modifiers of FETCH and STORE (RFC 7162 §3.1.3, §3.1.4.1, §3.2.6) as rows of the parsers' tables; the commands ask
 * for their arguments by these values.
 */
import type { KeywordSyntax } from '../wire/keyword-table.ts';
import { spModSequence } from '../wire/modifiers.ts';
import { type PartialRange, spPartialRange } from '../wire/partial.ts';

export const CHANGEDSINCE: KeywordSyntax<number> = Object.freeze({
  name: 'CHANGEDSINCE',
  parse: spModSequence,
});

export const VANISHED: KeywordSyntax = Object.freeze({ name: 'VANISHED' });

/** RFC 9394 §3.3. */
export const PARTIAL: KeywordSyntax<PartialRange> = Object.freeze({ name: 'PARTIAL', parse: spPartialRange });

export const UNCHANGEDSINCE: KeywordSyntax<number> = Object.freeze({
  name: 'UNCHANGEDSINCE',
  parse: spModSequence,
});
