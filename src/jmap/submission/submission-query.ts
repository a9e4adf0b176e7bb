/** Which submissions fit, and in which order (RFC 8621 §7.3). */
import {
  boolean,
  id,
  list,
  oneOf,
  optional,
  ReadFault,
  readTable,
  record,
  text,
  utcDate,
  withDefault,
} from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import { filterReader, matches } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { JmapLimits } from '../core/limits.ts';
import type { SubmissionValue } from './submission-value.ts';

export interface Listed {
  readonly id: number;
  readonly value: SubmissionValue;
}

const CONDITION = {
  identityIds: optional(list(id)),
  emailIds: optional(list(id)),
  threadIds: optional(list(id)),
  undoStatus: optional(oneOf(['pending', 'final', 'canceled'])),
  before: optional(utcDate),
  after: optional(utcDate),
};
const COMPARATOR = { property: text, isAscending: withDefault(boolean, true), collation: optional(text) };
const MAX_COMPARATORS = 10;

const KEYS: Readonly<Record<string, (one: Listed) => number>> = {
  emailId: ({ value }) => Number(value.emailId.slice(1)),
  threadId: ({ value }) => Number(value.threadId.slice(1)),
  sentAt: ({ value }) => value.sendAtMs,
  sendAt: ({ value }) => value.sendAtMs,
};

/** Throws `MethodError` `unsupportedFilter`, `unsupportedSort`, `invalidArguments`. */
export function submissionQuery(
  all: readonly Listed[],
  filter: Json | undefined,
  sort: Json | undefined,
  limits: JmapLimits,
): readonly Listed[] {
  const isWanted = filter === undefined ? () => true : filterOf(filter, limits);
  const comparators = sort === undefined ? [] : comparatorsOf(sort);
  return all.filter(isWanted).sort((a, b) => {
    for (const { keyOf, factor } of comparators) {
      const difference = (keyOf(a) - keyOf(b)) * factor;
      if (difference !== 0) return difference;
    }
    return a.id - b.id;
  });
}

function filterOf(filter: Json, limits: JmapLimits): (one: Listed) => boolean {
  try {
    const read = filterReader(conditionIn, limits.maxFilterConditions)(filter);
    return (one) => matches(read, (fits) => fits(one));
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    throw new MethodError('invalidArguments', error.message, { arguments: ['filter'] });
  }
}

function conditionIn(object: JsonObject): (one: Listed) => boolean {
  const { values, faults } = readTable(object, CONDITION);
  const [fault] = faults;
  if (fault !== undefined) throw new ReadFault(`${fault.name}: ${fault.text}`);
  const { identityIds, emailIds, threadIds, undoStatus, before, after } = values;
  return ({ value }) =>
    identityIds?.includes(value.identityId) !== false &&
    emailIds?.includes(value.emailId) !== false &&
    threadIds?.includes(value.threadId) !== false &&
    (undoStatus === undefined || value.undoStatus === undoStatus) &&
    (before === undefined || value.sendAtMs < before) &&
    (after === undefined || value.sendAtMs >= after);
}

function comparatorsOf(
  sort: Json,
): readonly { readonly keyOf: (one: Listed) => number; readonly factor: number }[] {
  let read: readonly { readonly property: string; readonly isAscending: boolean }[];
  try {
    read = list(record(COMPARATOR))(sort);
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    throw new MethodError('invalidArguments', error.message, { arguments: ['sort'] });
  }
  if (read.length > MAX_COMPARATORS) throw new MethodError('unsupportedSort', 'too many comparators');
  return read.map(({ property, isAscending }) => {
    const keyOf = Object.hasOwn(KEYS, property) ? KEYS[property] : undefined;
    if (keyOf === undefined) throw new MethodError('unsupportedSort', property.slice(0, 100));
    return { keyOf, factor: isAscending ? 1 : -1 };
  });
}
