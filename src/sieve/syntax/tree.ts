/**
 * A script as its grammar sees it (RFC 5228 §8.2): commands, tests and their arguments in the order in which they were written,
 * before anybody asked what they mean. Names and tags are in lower case, since their case means nothing (§8.1).
 */
import type { Place } from './fault.ts';

export interface StringToken {
  readonly text: string;
  readonly place: Place;
}

export type Argument =
  | { readonly kind: 'number'; readonly value: number; readonly place: Place }
  /** Without its colon. */
  | { readonly kind: 'tag'; readonly name: string; readonly place: Place }
  /** `isList`: written with brackets, even around one. */
  | {
      readonly kind: 'strings';
      readonly strings: readonly StringToken[];
      readonly isList: boolean;
      readonly place: Place;
    };

/** What commands and tests have in common. */
export interface Phrase {
  readonly name: string;
  readonly place: Place;
  readonly args: readonly Argument[];
  readonly tests: readonly Phrase[];
  /** Whether the tests were written as a list with parentheses. */
  readonly isTestList: boolean;
}

export interface Statement extends Phrase {
  /** undefined: it ended with a semicolon. */
  readonly block: readonly Statement[] | undefined;
}
