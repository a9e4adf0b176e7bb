/**
 * What a SEARCH asks for, as a tree (RFC 9051 §6.4.4, RFC 5032, RFC 7162 §3.1.5, RFC 5182).
 *
 * Promises: `and` and `or` have at least two members and are not nested in their own kind, `not` never holds a `not`,
 * and no path from the root is longer than MAX_SEARCH_DEPTH, so that whoever walks the tree may recurse. Text values
 * are decoded; how they are compared (case, accents) is for the one who searches.
 */

import type { Cursor } from './cursor.ts';
import type { CalendarDay } from './date.ts';
import type { KeywordSyntax } from './keyword-table.ts';
import type { SeqSet, UidSet } from './numset.ts';
import type { TextReader } from './search-text.ts';

export const MAX_SEARCH_DEPTH = 32;

export type SearchField = 'bcc' | 'cc' | 'from' | 'subject' | 'to';

export type SearchKey<Row = SearchKeySyntax> =
  | { readonly kind: 'all' }
  /** `bit` is one FLAG of `mail/flags.ts`. */
  | { readonly kind: 'flag'; readonly bit: number; readonly isSet: boolean }
  | { readonly kind: 'keyword'; readonly name: string; readonly isSet: boolean }
  /** NEW and OLD are made of it (RFC 3501 §6.4.4). */
  | { readonly kind: 'recent'; readonly isSet: boolean }
  | { readonly kind: 'field'; readonly field: SearchField; readonly value: string }
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  | { readonly kind: 'body' | 'text'; readonly value: string }
  | {
      readonly kind: 'internal-date' | 'sent-date';
      readonly relation: 'before' | 'on' | 'since';
      readonly day: CalendarDay;
    }
  | { readonly kind: 'size'; readonly relation: 'larger' | 'smaller'; readonly sizeBytes: number }
  | { readonly kind: 'within'; readonly relation: 'older' | 'younger'; readonly seconds: number }
  | { readonly kind: 'modseq'; readonly atLeast: number; readonly entry?: ModSeqEntry }
  | { readonly kind: 'seq-set'; readonly set: SeqSet }
  | { readonly kind: 'uid-set'; readonly set: UidSet }
  /** `$` and `UID $`. */
  | { readonly kind: 'saved' }
  | { readonly kind: 'and' | 'or'; readonly keys: readonly SearchKey<Row>[] }
  | { readonly kind: 'not'; readonly key: SearchKey<Row> }
  /** A key from the table; `key` is there when the row modifies one (FUZZY, RFC 6203). */
  | { readonly kind: 'extension'; readonly item: Row; readonly args: unknown; readonly key?: SearchKey<Row> };

/** Whether an extension's key for which `holds` is anywhere in it. */
export function hasExtension<Row>(key: SearchKey<Row>, holds: (item: Row) => boolean): boolean {
  switch (key.kind) {
    case 'and':
    case 'or':
      return key.keys.some((one) => hasExtension(one, holds));
    case 'not':
      return hasExtension(key.key, holds);
    case 'extension':
      return holds(key.item) || (key.key !== undefined && hasExtension(key.key, holds));
    default:
      return false;
  }
}

/** RFC 7162 §3.1.5: one modseq serves all flags of a message, so the entry restricts nothing; it is kept to be shown. */
export interface ModSeqEntry {
  readonly name: string;
  readonly type: 'all' | 'priv' | 'shared';
}

/** A search key of an extension. */
export interface SearchKeySyntax<Args = unknown> extends Omit<KeywordSyntax<Args>, 'parse'> {
  /** `text` reads an astring in the charset of the command. */
  readonly parse?: (c: Cursor, text: TextReader) => Args;
  /** `name SP search-key`: the key it modifies follows. */
  readonly takesKey?: boolean;
}
