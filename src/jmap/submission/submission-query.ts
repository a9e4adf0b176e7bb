/** Which submissions fit, and in which order (RFC 8621 §7.3). */
import { id, list, oneOf, optional, utcDate } from '../core/arguments.ts';
import { conditionOf, matches, readFilter } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { JmapLimits } from '../core/limits.ts';
import { inOrder, readSort } from '../core/sort.ts';
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
const KEYS = {
  emailId: ({ value }) => Number(value.emailId.slice(1)),
  threadId: ({ value }) => Number(value.threadId.slice(1)),
  sentAt: ({ value }) => value.sendAtMs,
  sendAt: ({ value }) => value.sendAtMs,
} satisfies Readonly<Record<string, (one: Listed) => number>>;

/** Throws `MethodError` `unsupportedFilter`, `unsupportedSort`, `invalidArguments`. */
export function submissionQuery(
  all: readonly Listed[],
  filter: Json | undefined,
  sort: Json | undefined,
  limits: JmapLimits,
): readonly Listed[] {
  const tree = filter === undefined ? undefined : readFilter(filter, testOf, limits);
  const read = readSort(sort, Object.keys(KEYS) as (keyof typeof KEYS)[]);
  const orders = read.map(({ property, isAscending }) => {
    const keyOf = KEYS[property];
    return { isAscending, compare: (a: Listed, b: Listed) => keyOf(a) - keyOf(b) };
  });
  return all
    .filter((one) => tree === undefined || matches(tree, (test) => test(one)))
    .sort(inOrder(orders, (a, b) => a.id - b.id));
}

function testOf(object: JsonObject): (one: Listed) => boolean {
  const { identityIds, emailIds, threadIds, undoStatus, before, after } = conditionOf(object, CONDITION);
  return ({ value }) =>
    identityIds?.includes(value.identityId) !== false &&
    emailIds?.includes(value.emailId) !== false &&
    threadIds?.includes(value.threadId) !== false &&
    (undoStatus === undefined || value.undoStatus === undoStatus) &&
    (before === undefined || value.sendAtMs < before) &&
    (after === undefined || value.sendAtMs >= after);
}
