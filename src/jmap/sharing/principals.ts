/**
 * Principal (RFC 9670 §2): who there is to share with. Whoever asks is shown himself, `anyone`, those with whom he shares and who share with
 * him; anybody else when he knows the address, by `Principal/get` or a filter on `email`. Nobody is given a list of who is there.
 */
import { createHash } from 'node:crypto';
import { canonicalAddress } from '../../identity/address.ts';
import type { Sharing } from '../../identity/sharing.ts';
import type { Visits } from '../../identity/visits.ts';
import { ANYONE, NEGATIVE } from '../../mailbox/model/shares.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { accountObjectId } from '../core/account-id.ts';
import { id, list, optional, text } from '../core/arguments.ts';
import { MethodError, SetError } from '../core/fault.ts';
import { conditionOf, type Filter, matches, readFilter } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { readSort } from '../core/sort.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { namedResult, standardQuery } from '../core/standard-query.ts';
import { standardQueryChanges } from '../core/standard-query-changes.ts';
import { eachByItself, standardSet } from '../core/standard-set.ts';
import { PRINCIPALS } from './capability.ts';
import { nameOfPrincipal, principalId } from './principal-id.ts';

const TYPE = 'Principal';
const PROPERTIES = ['id', 'type', 'name', 'description', 'email', 'timeZone', 'capabilities', 'accounts'];

export interface PrincipalParts {
  readonly sharing: Sharing;
  readonly visits: Visits;
}

interface Principal {
  readonly id: string;
  readonly type: 'individual' | 'group';
  readonly name: string;
  readonly email: string | undefined;
  /** That whoever asks reaches. */
  readonly account: AccountState | undefined;
}

const CONDITION = {
  accountIds: optional(list(id)),
  email: optional(text),
  name: optional(text),
  text: optional(text),
  type: optional(text),
  timeZone: optional(text),
};
type Condition = ReturnType<typeof conditionOf<typeof CONDITION>>;

export function principalMethods(parts: PrincipalParts): readonly Method[] {
  const type = { type: TYPE, capability: PRINCIPALS, arguments: {} };
  return [
    standardGet({
      ...type,
      properties: PROPERTIES,
      async find({ account, call, ids, properties }) {
        const known = await knownTo(parts, call, account);
        const found = new Map(known.map((one) => [one.id, one]));
        for (const wanted of ids ?? []) {
          const name = found.has(wanted) ? undefined : nameOfPrincipal(wanted);
          const other = name === undefined ? undefined : await principalNamed(parts.sharing, name, []);
          if (other !== undefined) found.set(wanted, other);
        }
        const wanted = ids ?? [...found.keys()];
        return {
          state: stateOf(known),
          list: wanted.flatMap((one) => objectOf(found.get(one), account, properties)),
          notFound: wanted.filter((one) => !found.has(one)),
        };
      },
    }),
    standardChanges({
      ...type,
      async find({ account, call, sinceState }) {
        const state = stateOf(await knownTo(parts, call, account));
        if (state !== sinceState) return undefined;
        return { newState: state, hasMoreChanges: false, created: [], updated: [], destroyed: [] };
      },
    }),
    standardQuery({
      ...type,
      async find({ account, call, filter, sort }) {
        readSort(sort, [] as readonly string[]);
        const { state, found } = await principalsLike(parts, call, account, filter);
        return namedResult(found, { queryState: state, canCalculateChanges: false });
      },
    }),
    standardQueryChanges({ ...type, find: async () => undefined }),
    standardSet({
      ...type,
      state: async (account, call) => stateOf(await knownTo(parts, call, account)),
      apply: (request) => {
        const refuse = async (): Promise<never> => {
          throw new SetError('forbidden', 'accounts and lists are made by whoever runs the server');
        };
        return eachByItself(request, { create: refuse, update: refuse, destroy: refuse });
      },
    }),
  ];
}

/** By name, so that the same are the same. */
async function knownTo(
  { sharing, visits }: PrincipalParts,
  call: Call,
  account: AccountState,
): Promise<readonly Principal[]> {
  const shared = await visits.all(call.record);
  const names = new Set([account.record.address, ANYONE, ...shared.map(({ record }) => record.address)]);
  for (const shares of account.shares.values())
    for (const identity of shares.keys()) {
      const name = await sharing.nameOf(identity.startsWith(NEGATIVE) ? identity.slice(1) : identity);
      if (name !== undefined) names.add(name);
    }
  const found: Principal[] = [];
  for (const name of [...names].sort()) {
    const one = await principalNamed(sharing, name, [account, ...shared]);
    if (one !== undefined) found.push(one);
  }
  return found;
}

/** Undefined when there is nobody of that name. */
async function principalNamed(
  sharing: Sharing,
  name: string,
  reached: readonly AccountState[],
): Promise<Principal | undefined> {
  const principal = principalId(name);
  const kind = principal === undefined ? undefined : await sharing.kindOf(name);
  if (principal === undefined || kind === undefined) return undefined;
  return {
    ...{ id: principal, name, type: kind === 'account' ? 'individual' : 'group' },
    email: name === ANYONE ? undefined : name,
    account: reached.find(({ record }) => record.address === name),
  };
}

async function principalsLike(
  parts: PrincipalParts,
  call: Call,
  account: AccountState,
  filter: Json | undefined,
): Promise<{ readonly state: string; readonly found: readonly string[] }> {
  const tree: Filter<Condition> | undefined =
    filter === undefined
      ? undefined
      : readFilter(filter, (object) => conditionOf(object, CONDITION), call.limits);
  const known = await knownTo(parts, call, account);
  const all = new Map(known.map((one) => [one.id, one]));
  for (const name of addressesIn(tree)) {
    const other = await principalNamed(parts.sharing, name, []);
    if (other !== undefined && !all.has(other.id)) all.set(other.id, other);
  }
  const found = [...all.values()].filter(
    (one) => tree === undefined || matches(tree, (condition) => fits(one, condition)),
  );
  return { state: stateOf(known), found: found.map((one) => one.id) };
}

const MOST_ADDRESSES = 20;

/** Whole addresses that are asked for by name. */
function addressesIn(tree: Filter<Condition> | undefined): readonly string[] {
  if (tree === undefined) return [];
  const named: string[] = [];
  const look = (one: Filter<Condition>): void => {
    if (one.kind === 'condition') {
      const address =
        one.condition.email === undefined ? undefined : canonicalAddress(one.condition.email, '');
      if (address !== undefined) named.push(address);
    } else for (const inner of one.of) look(inner);
  };
  look(tree);
  if (named.length > MOST_ADDRESSES)
    throw new MethodError('unsupportedFilter', `at most ${MOST_ADDRESSES} addresses in a filter`);
  return named;
}

function fits(
  one: Principal,
  { accountIds, email, name, text: anywhere, type, timeZone }: Condition,
): boolean {
  const has = (value: string | undefined, wanted: string | undefined): boolean =>
    wanted === undefined || value?.toLowerCase().includes(wanted.toLowerCase()) === true;
  const { account } = one;
  return (
    (accountIds === undefined ||
      (account !== undefined && accountIds.includes(accountObjectId(account.id)))) &&
    has(one.email, email) &&
    has(one.name, name) &&
    has(one.name, anywhere) &&
    (type === undefined || type === one.type) &&
    timeZone === undefined
  );
}

/** Nothing is known of how it was before. */
function stateOf(known: readonly Principal[]): string {
  const all = JSON.stringify(known.map(({ id: one, type, account }) => [one, type, account?.id]));
  return createHash('sha256').update(all).digest('base64url').slice(0, 16);
}

function objectOf(
  one: Principal | undefined,
  own: AccountState,
  properties: ReadonlySet<string>,
): readonly JsonObject[] {
  if (one === undefined) return [];
  const { account } = one;
  const object = picked(properties, {
    id: () => one.id,
    type: () => one.type,
    name: () => one.name,
    description: () => (one.id === ANYONE ? 'Everybody with an account on this server' : null),
    email: () => one.email ?? null,
    timeZone: () => null,
    capabilities: () => ({}),
    accounts: () =>
      account === undefined
        ? null
        : { [accountObjectId(account.id)]: { name: account.record.address, isPersonal: account === own } },
  });
  return [object];
}
