/** Comparators (RFC 8620 §5.5): by what a list is sorted, and in which direction. */
import {
  boolean,
  list,
  optional,
  ReadFault,
  record,
  type Table,
  text,
  type Values,
  withDefault,
} from './arguments.ts';
import { MethodError } from './fault.ts';
import type { Json } from './json.ts';

export const COLLATIONS = ['i;unicode-casemap', 'i;ascii-casemap', 'i;octet'] as const;
export type Collation = (typeof COLLATIONS)[number];

/** More say nothing that the first ones do not say; all of them are asked for each two that are compared. */
const MOST_COMPARATORS = 16;
const STANDARD = { property: text, isAscending: withDefault(boolean, true), collation: optional(text) };

export type Comparator<P extends string, T extends Table> = Values<T> & {
  readonly property: P;
  readonly isAscending: boolean;
  readonly collation: Collation | undefined;
};

/**
 * None when there is no `sort`. `more`: what comparators of the type have besides. Throws `MethodError` `invalidArguments`, and
 * `unsupportedSort` for properties and collations that are not known, and for too many.
 */
export function readSort<P extends string, T extends Table = Record<never, never>>(
  sort: Json | undefined,
  properties: readonly P[],
  more = {} as T,
): readonly Comparator<P, T>[] {
  const read = comparatorsIn(sort, { ...STANDARD, ...more });
  if (read.length > MOST_COMPARATORS)
    throw new MethodError('unsupportedSort', `at most ${MOST_COMPARATORS} comparators`);
  for (const { property, collation } of read as readonly Values<typeof STANDARD>[]) {
    if (!properties.some((known) => known === property))
      throw new MethodError('unsupportedSort', `nothing is sorted by ${property.slice(0, 200)}`);
    if (collation !== undefined && !COLLATIONS.some((known) => known === collation))
      throw new MethodError('unsupportedSort', `collations are ${COLLATIONS.join(', ')}`);
  }
  return read as readonly Comparator<P, T>[];
}

function comparatorsIn<T extends Table>(sort: Json | undefined, table: T): readonly Values<T>[] {
  try {
    return optional(list(record(table)))(sort) ?? [];
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    throw new MethodError('invalidArguments', `sort${error.path}: ${error.message}`, { arguments: ['sort'] });
  }
}

/** The first comparator that tells two apart decides; where none does, `otherwise`. */
export function inOrder<T>(
  orders: readonly { readonly isAscending: boolean; compare(a: T, b: T): number }[],
  otherwise: (a: T, b: T) => number,
): (a: T, b: T) => number {
  return (a, b) => {
    for (const { isAscending, compare } of orders) {
      const difference = compare(a, b);
      if (difference !== 0) return isAscending ? difference : -difference;
    }
    return otherwise(a, b);
  };
}
