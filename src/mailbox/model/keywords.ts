/**
 * Keywords of a mailbox. A message refers to a *set* of keywords by one number, so its record stays small and a FLAGS
 * answer is a table look-up; a mailbox sees few distinct sets. Set 0 is the empty set. Names and sets are numbered, and
 * each is a row of its own: a mailbox with many of them pays for what it changes, not for what it has.
 *
 * Names keep the spelling of their first use and compare without case.
 */
export type KeywordRow =
  | { readonly kind: 'name'; readonly number: number; readonly name: string }
  /** Members are numbers of names, ascending. */
  | { readonly kind: 'set'; readonly number: number; readonly members: readonly number[] };

export interface KeywordLimits {
  readonly keywordsPerMailbox: number;
  readonly keywordsPerMessage: number;
}

/** A client that invents combinations without end is stopped here; real mailboxes have some dozens. */
export const MAX_KEYWORD_SETS = 2000;

/** What readers see of it. */
export interface KeywordTable {
  /** In the order of first use. */
  readonly names: readonly string[];
  hasName(keyword: string): boolean;
  /** Whether the number stands for a set. */
  isKnown(set: number): boolean;
  /** Names of a set, in order of first use in the mailbox; none for a number that stands for nothing. */
  namesOf(set: number): readonly string[];
  /** For each set number, whether it contains the keyword: a scan tests one array element per message. */
  setsWith(keyword: string): Uint8Array;
  /** Rows of the sets that nobody uses, and of the names that are in no other. */
  unused(isUsed: (set: number) => boolean): readonly KeywordRow[];
  /** The number of the set of exactly these keywords, undefined when there is none. */
  find(keywords: readonly string[]): number | undefined;
}

export function foldKeyword(name: string): string {
  return name.toLowerCase();
}
