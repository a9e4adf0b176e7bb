/**
 * Quota (RFC 9425): the limits that IMAP shows as well, of octets and of messages, one object each where there is a limit. The state says
 * the numbers themselves, so what changed since any state is known without remembering it.
 */
import { quotaOf } from '../../mailbox/operations/quota.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { QUOTA } from '../capabilities.ts';
import { list, text, withDefault } from '../core/arguments.ts';
import { conditionOf, matches, readFilter } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { inOrder, readSort } from '../core/sort.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { namedResult, standardQuery } from '../core/standard-query.ts';
import { standardQueryChanges } from '../core/standard-query-changes.ts';

const PROPERTIES = [
  ...['id', 'resourceType', 'used', 'hardLimit', 'scope', 'name', 'types'],
  ...['warnLimit', 'softLimit', 'description'],
];
/** Of the limit: from here on a program may say so. */
const WARNS_AT = 0.9;

interface Quota {
  readonly id: string;
  readonly name: string;
  readonly resourceType: 'octets' | 'count';
  readonly used: number;
  readonly hardLimit: number;
}

interface Numbers {
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly limitBytes: number | undefined;
  readonly limitMessages: number | undefined;
}

const FORM = /^q(\d{1,16})-(\d{1,16})-(\d{1,16}|x)-(\d{1,16}|x)$/;

/** What has no limit is in no object, and changes nothing. */
export function quotaState(account: AccountState): string {
  const { usedBytes, usedMessages, limitBytes, limitMessages } = quotaOf(account);
  const bytes = limitBytes === undefined ? '0' : String(usedBytes);
  const messages = limitMessages === undefined ? '0' : String(usedMessages);
  return `q${bytes}-${messages}-${limitBytes ?? 'x'}-${limitMessages ?? 'x'}`;
}

function numbersIn(state: string): Numbers | undefined {
  const [, bytes, messages, limitBytes, limitMessages] = FORM.exec(state) ?? [];
  if (bytes === undefined) return undefined;
  const limit = (digits: string | undefined): number | undefined =>
    digits === 'x' ? undefined : Number(digits);
  return {
    usedBytes: Number(bytes),
    usedMessages: Number(messages),
    limitBytes: limit(limitBytes),
    limitMessages: limit(limitMessages),
  };
}

function quotasOf({ usedBytes, usedMessages, limitBytes, limitMessages }: Numbers): readonly Quota[] {
  const octets = { id: 'storage', name: 'Storage', resourceType: 'octets', used: usedBytes } as const;
  const messages = { id: 'messages', name: 'Messages', resourceType: 'count', used: usedMessages } as const;
  return [
    ...(limitBytes === undefined ? [] : [{ ...octets, hardLimit: limitBytes }]),
    ...(limitMessages === undefined ? [] : [{ ...messages, hardLimit: limitMessages }]),
  ];
}

/** As it is durable. */
async function durable(
  account: AccountState,
): Promise<{ readonly state: string; readonly quotas: readonly Quota[] }> {
  for (;;) {
    const state = quotaState(account);
    if (await isKept(account.unsettled)) return { state, quotas: quotasOf(numbersIn(state) as Numbers) };
  }
}

const quotaGet = standardGet({
  type: 'Quota',
  capability: QUOTA,
  properties: PROPERTIES,
  arguments: {},
  async find({ account, ids, properties }) {
    const { state, quotas } = await durable(account);
    const wanted = ids ?? quotas.map(({ id }) => id);
    const found = wanted.map((id) => quotas.find((quota) => quota.id === id));
    return {
      state,
      list: found.filter((quota) => quota !== undefined).map((quota) => objectOf(quota, properties)),
      notFound: wanted.filter((_, index) => found[index] === undefined),
    };
  },
});

function objectOf(quota: Quota, properties: ReadonlySet<string>): JsonObject {
  return picked(properties, {
    id: () => quota.id,
    name: () => quota.name,
    resourceType: () => quota.resourceType,
    used: () => quota.used,
    hardLimit: () => quota.hardLimit,
    warnLimit: () => Math.floor(quota.hardLimit * WARNS_AT),
    softLimit: () => null,
    scope: () => 'account',
    types: () => ['Mail'],
    description: () => null,
  });
}

const quotaChanges = standardChanges({
  type: 'Quota',
  capability: QUOTA,
  async find({ account, sinceState }) {
    const before = numbersIn(sinceState);
    if (before === undefined) return undefined;
    const { state, quotas } = await durable(account);
    const old = new Map(quotasOf(before).map((quota) => [quota.id, quota]));
    const now = new Set(quotas.map(({ id }) => id));
    const known = quotas.filter(({ id }) => old.has(id));
    const moved = known.filter(({ id, hardLimit }) => old.get(id)?.hardLimit !== hardLimit);
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
  type: withDefault(list(text), ['Mail']),
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
    const tree = filter === undefined ? undefined : readFilter(filter, testOf, call.limits);
    const order = orderOf(sort);
    const { state, quotas } = await durable(account);
    const found = quotas
      .filter((quota) => tree === undefined || matches(tree, (test) => test(quota)))
      .sort(order);
    return namedResult(
      found.map(({ id }) => id),
      { queryState: state, canCalculateChanges: false },
    );
  },
});

/** Two objects at most: asking anew is no more. */
const quotaQueryChanges = standardQueryChanges({
  type: 'Quota',
  capability: QUOTA,
  arguments: {},
  find: async () => undefined,
});

function testOf(object: JsonObject): Test {
  const values = conditionOf(object, CONDITIONS);
  const name = values.name.toLowerCase();
  return (quota) =>
    quota.name.toLowerCase().includes(name) &&
    values.scope.includes('account') &&
    values.resourceType.includes(quota.resourceType) &&
    values.type.includes('Mail');
}

/** Two at most: where nothing tells them apart, they stay as they are. */
function orderOf(sort: Json | undefined): (a: Quota, b: Quota) => number {
  const read = readSort(sort, Object.keys(ORDERS) as (keyof typeof ORDERS)[]);
  return inOrder(
    read.map(({ property, isAscending }) => ({ isAscending, compare: ORDERS[property] })),
    () => 0,
  );
}

export const QUOTA_METHODS: readonly Method[] = [quotaGet, quotaChanges, quotaQuery, quotaQueryChanges];
