/** Filters (RFC 8620 §5.5): conditions, and operators over them, as a tree that was checked whole. */
import { type Reader, ReadFault } from './arguments.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';

export type Filter<C> =
  | { readonly kind: 'and' | 'or' | 'not'; readonly of: readonly Filter<C>[] }
  | { readonly kind: 'condition'; readonly condition: C };

const KINDS = { AND: 'and', OR: 'or', NOT: 'not' } as const;

/** `most`: operators and conditions in all. Depth is bounded by that of the request. */
export function filterReader<C>(readCondition: (object: JsonObject) => C, most: number): Reader<Filter<C>> {
  return (value) => {
    let count = 0;
    const read = (one: Json | undefined): Filter<C> => {
      if (!isObject(one)) throw new ReadFault('expected a filter');
      if (++count > most) throw new ReadFault(`expected at most ${most} conditions`);
      if (one.operator === undefined) return { kind: 'condition', condition: readCondition(one) };
      const { operator, conditions, ...rest } = one;
      const kind = KINDS[operator as keyof typeof KINDS];
      if (kind === undefined || typeof operator !== 'string') throw new ReadFault('expected AND, OR or NOT');
      if (!isList(conditions)) throw new ReadFault('expected conditions, a list');
      const [unknown] = Object.keys(rest);
      if (unknown !== undefined) throw new ReadFault(`an operator has no ${unknown.slice(0, 100)}`);
      return { kind, of: conditions.map(read) };
    };
    return read(value);
  };
}

/** NOT: none of them (RFC 8620 §5.5). */
export function matches<C>(filter: Filter<C>, test: (condition: C) => boolean): boolean {
  switch (filter.kind) {
    case 'condition':
      return test(filter.condition);
    case 'and':
      return filter.of.every((one) => matches(one, test));
    case 'or':
      return filter.of.some((one) => matches(one, test));
    case 'not':
      return !filter.of.some((one) => matches(one, test));
  }
}
