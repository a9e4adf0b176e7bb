/** Filters (RFC 8620 §5.5): conditions, and operators over them, as a tree that was checked whole. */
import { type Reader, ReadFault, readTable, type Table, type Values } from './arguments.ts';
import { MethodError } from './fault.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { JmapLimits } from './limits.ts';

export type Filter<C> =
  | { readonly kind: 'and' | 'or' | 'not'; readonly of: readonly Filter<C>[] }
  | { readonly kind: 'condition'; readonly condition: C };

const KINDS = { AND: 'and', OR: 'or', NOT: 'not' } as const;

/** `most`: operators and conditions in all. Depth is bounded by that of the request. */
function filterReader<C>(readCondition: (object: JsonObject) => C, most: number): Reader<Filter<C>> {
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

/** Of an argument. Throws `MethodError` `invalidArguments`, and what `readCondition` throws besides. */
export function readFilter<C>(
  filter: Json,
  readCondition: (object: JsonObject) => C,
  { maxFilterConditions }: Pick<JmapLimits, 'maxFilterConditions'>,
): Filter<C> {
  try {
    return filterReader(readCondition, maxFilterConditions)(filter);
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    throw new MethodError('invalidArguments', `filter${error.path}: ${error.message}`, {
      arguments: ['filter'],
    });
  }
}

/** A condition whose properties are in a table. Throws `ReadFault`, and `MethodError` `unsupportedFilter` for one that is not. */
export function conditionOf<T extends Table>(object: JsonObject, table: T): Values<T> {
  const unknown = Object.keys(object).find((name) => !Object.hasOwn(table, name));
  if (unknown !== undefined)
    throw new MethodError('unsupportedFilter', `there is no condition ${unknown.slice(0, 200)}`);
  const { values, faults } = readTable(object, table);
  const [first] = faults;
  if (first !== undefined) throw new ReadFault(first.text, `/${first.name}`);
  return values;
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
