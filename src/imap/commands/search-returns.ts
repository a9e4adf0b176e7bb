/**
 * What `SEARCH RETURN (...)` can ask for (RFC 4731 §3.1, RFC 5182 §2.1), as rows of the parser's table.
 */
import type { KeywordSyntax } from '../wire/keyword-table.ts';

export const MIN: KeywordSyntax = Object.freeze({ name: 'MIN' });
export const MAX: KeywordSyntax = Object.freeze({ name: 'MAX' });
export const ALL: KeywordSyntax = Object.freeze({ name: 'ALL' });
export const COUNT: KeywordSyntax = Object.freeze({ name: 'COUNT' });
export const SAVE: KeywordSyntax = Object.freeze({ name: 'SAVE' });
