/**
 * Quota (RFC 9425): the limits that IMAP shows as well, of octets, messages and mailboxes, one object each where there is a limit. The state says
 * the numbers themselves, so what changed since any state is known without remembering it.
 */
import { RESOURCES, type Resource } from '../../mailbox/model/quota.ts';
import { isRefusing } from '../../mailbox/model/room.ts';
import { quotaOf } from '../../mailbox/operations/quota.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { QUOTA } from '../capabilities.ts';
import { list, text, withDefault } from '../core/arguments.ts';
import { conditionOf, matches, readFilter } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { inOrder, readSort } from '../core/sort.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { namedResult, standardQuery } from '../core/standard-query.ts';
import { standardQueryChanges } from '../core/standard-query-changes.ts';

const PROPERTIES = [
  ...['id', 'resourceType', 'used', 'hardLimit', 'scope', 'name', 'types'],
  ...['warnLimit', 'softLimit', 'description'],
];
/** Of this server: given to whoever asks for it by name. */
const OWN_PROPERTIES = ['waitingSince', 'waitingUntil'];
/** Of the limit: from here on a program may say so; the owner has mail about it as well. */
const WARNS_AT = 0.8;
/** From here on IMAP says so whenever mail comes. */
const SOFT_AT = 0.95;

const KINDS = {
  bytes: { id: 'storage', name: 'Storage', resourceType: 'octets', types: ['Mail'] },
  messages: { id: 'messages', name: 'Messages', resourceType: 'count', types: ['Mail'] },
  mailboxes: { id: 'mailboxes', name: 'Mailboxes', resourceType: 'count', types: ['Mailbox'] },
} as const satisfies Readonly<Record<Resource, object>>;

interface Quota {
  readonly id: string;
  readonly name: string;
  readonly resourceType: 'octets' | 'count';
  readonly types: readonly string[];
  readonly used: number;
  readonly hardLimit: number;
  /** Mail has found no room since then; 0: it does. */
  readonly waitingSinceMs: number;
}

const FORM = /^q\d{1,16}(?:-\d{1,16}){2}(?:-(?:\d{1,16}|x)){3}-\d{1,16}$/;

/** What has no limit is in no object, and changes nothing. */
export function quotaState(account: AccountState): string {
  const { used, limits } = quotaOf(account);
  const seen = RESOURCES.map((resource) => (limits[resource] === undefined ? 0 : used[resource]));
  const waitingSinceMs = isRefusing(account) ? account.refusedSinceMs : 0;
  return `q${seen.join('-')}-${RESOURCES.map((resource) => limits[resource] ?? 'x').join('-')}-${waitingSinceMs}`;
}

/** Undefined: it is no such state. */
function quotasIn(state: string): readonly Quota[] | undefined {
  if (!FORM.test(state)) return undefined;
  const numbers = state.slice(1).split('-');
  return RESOURCES.flatMap((resource, i) => {
    const limit = numbers[RESOURCES.length + i];
    if (limit === 'x') return [];
    const waitingSinceMs = resource === 'mailboxes' ? 0 : Number(numbers.at(-1));
    return [{ ...KINDS[resource], used: Number(numbers[i]), hardLimit: Number(limit), waitingSinceMs }];
  });
}

/** As it is durable. */
async function durable(
  account: AccountState,
): Promise<{ readonly state: string; readonly quotas: readonly Quota[] }> {
  for (;;) {
    const state = quotaState(account);
    if (await isKept(account.unsettled)) return { state, quotas: quotasIn(state) as readonly Quota[] };
  }
}

const quotaGet = standardGet({
  type: 'Quota',
  capability: QUOTA,
  properties: [...PROPERTIES, ...OWN_PROPERTIES],
  defaults: PROPERTIES,
  arguments: {},
  async find({ account, call, ids, properties }) {
    const { state, quotas } = await durable(account);
    const { roomGraceMs } = call.domain.limits;
    const wanted = ids ?? quotas.map(({ id }) => id);
    const found = wanted.map((id) => quotas.find((quota) => quota.id === id));
    return {
      state,
      list: found
        .filter((quota) => quota !== undefined)
        .map((quota) => objectOf(quota, roomGraceMs, properties)),
      notFound: wanted.filter((_, index) => found[index] === undefined),
    };
  },
});

/** `graceMs`: for how long what finds no room is waited with. */
function objectOf(quota: Quota, graceMs: number, properties: ReadonlySet<string>): JsonObject {
  const { waitingSinceMs } = quota;
  return picked(properties, {
    id: () => quota.id,
    name: () => quota.name,
    resourceType: () => quota.resourceType,
    used: () => quota.used,
    hardLimit: () => quota.hardLimit,
    warnLimit: () => Math.floor(quota.hardLimit * WARNS_AT),
    softLimit: () => Math.floor(quota.hardLimit * SOFT_AT),
    scope: () => 'account',
    types: () => quota.types,
    description: () => null,
    waitingSince: () => (waitingSinceMs === 0 ? null : utcDate(waitingSinceMs)),
    waitingUntil: () => (waitingSinceMs === 0 ? null : utcDate(waitingSinceMs + graceMs)),
  });
}

const quotaChanges = standardChanges({
  type: 'Quota',
  capability: QUOTA,
  async find({ account, sinceState }) {
    const before = quotasIn(sinceState);
    if (before === undefined) return undefined;
    const { state, quotas } = await durable(account);
    const old = new Map(before.map((quota) => [quota.id, quota]));
    const now = new Set(quotas.map(({ id }) => id));
    const known = quotas.filter(({ id }) => old.has(id));
    const moved = known.filter(({ id, hardLimit, waitingSinceMs }) => {
      const before = old.get(id);
      return before?.hardLimit !== hardLimit || before.waitingSinceMs !== waitingSinceMs;
    });
    const updated = known.filter((quota) => moved.includes(quota) || old.get(quota.id)?.used !== quota.used);
    return {
      newState: state,
      hasMoreChanges: false,
      created: [...now].filter((id) => !old.has(id)),
      updated: updated.map(({ id }) => id),
      destroyed: [...old.keys()].filter((id) => !now.has(id)),
      more: { updatedProperties: updated.length > 0 && moved.length === 0 ? ['used'] : null },
    };
  },
});

const CONDITIONS = {
  name: withDefault(text, ''),
  scope: withDefault(list(text), ['account']),
  resourceType: withDefault(list(text), ['octets', 'count']),
  type: withDefault(list(text), ['Mail', 'Mailbox']),
};
const ORDERS = {
  name: (a, b) => a.name.localeCompare(b.name, 'en'),
  used: (a, b) => a.used - b.used,
} satisfies Readonly<Record<string, (a: Quota, b: Quota) => number>>;
type Test = (quota: Quota) => boolean;

const quotaQuery = standardQuery({
  type: 'Quota',
  capability: QUOTA,
  arguments: {},
  async find({ account, call, filter, sort }) {
    const listed = listing(filter, sort, call);
    const { state, quotas } = await durable(account);
    return namedResult(listed(quotas), { queryState: state, canCalculateChanges: true });
  },
});

/** The state says what there was, so what the list was is known as well. */
const quotaQueryChanges = standardQueryChanges({
  type: 'Quota',
  capability: QUOTA,
  arguments: {},
  async find({ account, call, filter, sort, sinceQueryState }) {
    const listed = listing(filter, sort, call);
    const before = quotasIn(sinceQueryState);
    if (before === undefined) return undefined;
    const { state, quotas } = await durable(account);
    const [old, now] = [listed(before), listed(quotas)];
    const stays = now.join() === old.join();
    return {
      newQueryState: state,
      total: now.length,
      // Three at most: where anything is otherwise, all of them are.
      removed: stays ? [] : old,
      added: stays ? [] : now.map((id, index) => ({ id, index })),
    };
  },
});

/** The ids of those that are wanted, in their order. Throws `MethodError`. */
function listing(
  filter: Json | undefined,
  sort: Json | undefined,
  { limits }: Pick<Call, 'limits'>,
): (quotas: readonly Quota[]) => string[] {
  const tree = filter === undefined ? undefined : readFilter(filter, testOf, limits);
  const order = orderOf(sort);
  return (quotas) =>
    quotas
      .filter((quota) => tree === undefined || matches(tree, (test) => test(quota)))
      .sort(order)
      .map(({ id }) => id);
}

function testOf(object: JsonObject): Test {
  const values = conditionOf(object, CONDITIONS);
  const name = values.name.toLowerCase();
  return (quota) =>
    quota.name.toLowerCase().includes(name) &&
    values.scope.includes('account') &&
    values.resourceType.includes(quota.resourceType) &&
    quota.types.some((type) => values.type.includes(type));
}

/** Three at most: where nothing tells them apart, they stay as they are. */
function orderOf(sort: Json | undefined): (a: Quota, b: Quota) => number {
  const read = readSort(sort, Object.keys(ORDERS) as (keyof typeof ORDERS)[]);
  return inOrder(
    read.map(({ property, isAscending }) => ({ isAscending, compare: ORDERS[property] })),
    () => 0,
  );
}

export const QUOTA_METHODS: readonly Method[] = [quotaGet, quotaChanges, quotaQuery, quotaQueryChanges];

function utcDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
