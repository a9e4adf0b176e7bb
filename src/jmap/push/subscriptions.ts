/**
 * PushSubscription/get and /set (RFC 8620 §7.2): where programs are told of changes that hold no connection. They belong to what was
 * signed in with, are seen by nobody else, and end with it. The address and the keys are never said again.
 */
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { CORE } from '../capabilities.ts';
import { accountObjectId } from '../core/account-id.ts';
import { id, list, mapOf, object, optional, readArguments, text } from '../core/arguments.ts';
import { belongingId, belongingOfId } from '../core/belonging-state.ts';
import { MethodError, SetError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { picked } from '../core/standard-get.ts';
import { answerOfSet, eachByItself } from '../core/standard-set.ts';
import { utcDateOf } from '../core/utc-date.ts';
import type { PushQueue } from './push-queue.ts';
import {
  changedSubscription,
  isAlive,
  MAX_SUBSCRIPTIONS,
  newSubscription,
  type Subscription,
  subscriptionsOf,
  writeSubscription,
} from './subscription-value.ts';

const PROPERTIES = ['id', 'deviceClientId', 'verificationCode', 'expires', 'types'];
/** They are set and not said. */
const SECRET = ['url', 'keys'];

export function subscriptionMethods(queue: PushQueue): readonly Method[] {
  return [GET, setMethod(queue)];
}

const GET: Method = {
  name: 'PushSubscription/get',
  capability: CORE,
  async run(raw, call) {
    const args = readArguments(raw, { ids: optional(list(text)), properties: optional(list(text)) });
    const properties = args.properties ?? PROPERTIES;
    const secret = properties.find((name) => SECRET.includes(name));
    if (secret !== undefined) throw new MethodError('forbidden', `${secret} is not said to anybody`);
    const wrong = properties.find((name) => !PROPERTIES.includes(name));
    if (wrong !== undefined)
      throw new MethodError('invalidArguments', `no property of this type: ${wrong.slice(0, 200)}`, {
        arguments: ['properties'],
      });
    if ((args.ids?.length ?? 0) > call.limits.maxObjectsInGet)
      throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInGet} objects at once`);
    const own = new Map(
      ownOf(call, await opened(call)).map((one) => [belongingId('push', one.id), one] as const),
    );
    const wanted = [...new Set(args.ids ?? own.keys())];
    return {
      list: wanted.flatMap((one) => objectOf(own.get(one), new Set(['id', ...properties]))),
      notFound: wanted.filter((one) => !own.has(one)),
    };
  },
};

function objectOf(one: Subscription | undefined, properties: ReadonlySet<string>): readonly JsonObject[] {
  if (one === undefined) return [];
  const { id: number, value } = one;
  return [
    picked(properties, {
      id: () => belongingId('push', number),
      deviceClientId: () => value.deviceClientId,
      verificationCode: () => (value.isVerified ? value.code : null),
      expires: () => utcDateOf(value.expiresMs),
      types: () => value.types ?? null,
    }),
  ];
}

const SET_ARGUMENTS = {
  create: optional(mapOf(object)),
  update: optional(mapOf(object)),
  destroy: optional(list(text)),
};

function setMethod(queue: PushQueue): Method {
  return {
    name: 'PushSubscription/set',
    capability: CORE,
    async run(raw, call) {
      const { create = new Map(), update = new Map(), destroy = [] } = readArguments(raw, SET_ARGUMENTS);
      for (const name of create.keys()) readArguments({ create: name }, { create: id });
      const most = call.limits.maxObjectsInSet;
      if (create.size + update.size + destroy.length > most)
        throw new MethodError('requestTooLarge', `at most ${most} objects at once`);
      const account = await opened(call);
      const outcome = await eachByItself(
        { call, create, update, destroy: [...new Set(destroy)] },
        {
          create: (wanted) => createOne(call, account, queue, wanted),
          update: (name, patch) => updateOne(call, account, name, patch),
          destroy: (name) => destroyOne(call, account, name),
        },
      );
      return answerOfSet(outcome);
    },
  };
}

async function createOne(
  call: Call,
  account: AccountState,
  queue: PushQueue,
  wanted: JsonObject,
): Promise<JsonObject & { readonly id: string }> {
  const nowMs = call.domain.clock.nowMs();
  const value = newSubscription(wanted, nowMs, call.credential);
  // Whoever makes and destroys them would have this server ask others in his name.
  if (!queue.mayVerify(account.id))
    throw new SetError('rateLimit', 'too many push subscriptions were made within the hour');
  const number = await call.domain.turns.run({
    account,
    run: (change) => {
      const all = subscriptionsOf(account);
      const dead = all.filter((one) => !isAlive(one, account, nowMs));
      if (all.length - dead.length >= MAX_SUBSCRIPTIONS)
        throw new SetError('overQuota', `an account has ${MAX_SUBSCRIPTIONS} push subscriptions at most`);
      for (const one of dead) change.belongings.drop(one.id);
      return change.belongings.add('push', writeSubscription(value));
    },
  });
  queue.verify(account.id, number);
  return {
    id: belongingId('push', number),
    verificationCode: null,
    expires: utcDateOf(value.expiresMs),
    ...(wanted.keys === undefined ? { keys: null } : {}),
    ...(wanted.types === undefined ? { types: null } : {}),
  };
}

async function updateOne(
  call: Call,
  account: AccountState,
  name: string,
  patch: JsonObject,
): Promise<JsonObject | null> {
  return call.domain.turns.run({
    account,
    run: (change) => {
      const { id: number, value } = known(call, account, name);
      const changed = changedSubscription(value, patch, call.domain.clock.nowMs());
      change.belongings.replace(number, writeSubscription(changed));
      const said = Object.hasOwn(patch, 'expires') ? utcDateOf(changed.expiresMs) : undefined;
      return said === undefined || said === patch.expires ? null : { expires: said };
    },
  });
}

async function destroyOne(call: Call, account: AccountState, name: string): Promise<void> {
  await call.domain.turns.run({
    account,
    run: (change) => change.belongings.drop(known(call, account, name).id),
  });
}

/** Throws `SetError`. */
function known(call: Call, account: AccountState, name: string): Subscription {
  const number = belongingOfId('push', name);
  const found = ownOf(call, account).find((one) => one.id === number);
  if (found === undefined) throw new SetError('notFound');
  return found;
}

/** Of what this one signed in with, and not over. */
function ownOf(call: Call, account: AccountState): readonly Subscription[] {
  const nowMs = call.domain.clock.nowMs();
  return subscriptionsOf(account).filter(
    (one) => one.value.credential === call.credential && isAlive(one, account, nowMs),
  );
}

async function opened(call: Call): Promise<AccountState> {
  const account = await call.account(accountObjectId(call.record.id));
  await loadBelongings(call.domain, account);
  return account;
}
