/**
 * `/set` (RFC 8620 §5.3): what is the same for every type. The frame checks the arguments, knows creation ids and makes the
 * answer; a type carries out what is asked, one by one (`eachByItself`) or in changes of many.
 */
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import {
  id,
  idOrCreated,
  list,
  mapOf,
  matching,
  object,
  optional,
  readArguments,
  type Table,
  text,
  type Values,
} from './arguments.ts';
import { MethodError, SetError, setErrorOf } from './fault.ts';
import { type JsonObject, orNull } from './json.ts';
import type { Call, Method } from './method.ts';

export interface SetRequest<T extends Table> {
  readonly account: AccountState;
  readonly call: Call;
  /** By creation id. */
  readonly create: ReadonlyMap<string, JsonObject>;
  /** By id; of one that is updated and destroyed, only the second is asked. */
  readonly update: ReadonlyMap<string, JsonObject>;
  /** Each once. */
  readonly destroy: readonly string[];
  /** Also tested before, but another may have come since. */
  readonly ifInState: string | undefined;
  readonly args: Values<T>;
}

/** What became of each. */
export interface SetOutcome {
  /** What the server decided of the new object: its id among it. */
  readonly created: ReadonlyMap<string, JsonObject & { readonly id: string }>;
  readonly notCreated: ReadonlyMap<string, SetError>;
  /** What is otherwise than the client will think; null when nothing is. */
  readonly updated: ReadonlyMap<string, JsonObject | null>;
  readonly notUpdated: ReadonlyMap<string, SetError>;
  readonly destroyed: readonly string[];
  readonly notDestroyed: ReadonlyMap<string, SetError>;
}

export interface SetType<T extends Table> {
  readonly type: string;
  readonly capability: string;
  readonly arguments: T;
  /** When everything is durable. */
  state(account: AccountState, call: Call): Promise<string>;
  apply(request: SetRequest<T>): Promise<SetOutcome>;
}

const STANDARD = {
  accountId: id,
  ifInState: optional(text),
  create: optional(mapOf(object)),
  update: optional(mapOf(object)),
  destroy: optional(list(idOrCreated)),
};

export function standardSet<T extends Table>(type: SetType<T>): Method {
  const table = { ...type.arguments, ...STANDARD } as T & typeof STANDARD;
  return {
    name: `${type.type}/set`,
    capability: type.capability,
    async run(raw, call) {
      const args = readArguments(raw, table) as Values<typeof STANDARD>;
      const { accountId, ifInState } = args;
      const account = await call.account(accountId);
      const asked = whatIsAsked(args, call);
      const oldState = await type.state(account, call);
      if (ifInState !== undefined && ifInState !== oldState)
        throw new MethodError('stateMismatch', 'the state is another by now');
      const own = args as unknown as Values<T>;
      const outcome = await type.apply({ account, call, ...asked.request, ifInState, args: own });
      for (const [creationId, made] of outcome.created) call.created.set(creationId, made.id);
      // What somebody sees who is there by leave may be another account by now.
      const after =
        account.visit === undefined ? account : await call.account(accountId).catch(() => account);
      const newState = await type.state(after, call);
      return { accountId, oldState, newState, ...answerOfSet(outcome, asked) };
    },
  };
}

const NOTHING_REFUSED = Object.freeze({ notUpdated: new Map(), notDestroyed: new Map() });

interface Asked {
  readonly request: Pick<SetRequest<Table>, 'create' | 'update' | 'destroy'>;
  /** What needed nobody to be refused. */
  readonly notUpdated: ReadonlyMap<string, SetError>;
  readonly notDestroyed: ReadonlyMap<string, SetError>;
}

function whatIsAsked(args: Values<typeof STANDARD>, call: Call): Asked {
  const { create = new Map(), update = new Map(), destroy = [] } = args;
  if (create.size + update.size + destroy.length > call.limits.maxObjectsInSet)
    throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInSet} objects at once`);
  for (const name of create.keys()) checkCreationId(name);
  const goes = new Set(destroy.map((one) => call.created.resolve(one) ?? one));
  const changes = new Map<string, JsonObject>();
  const notUpdated = new Map<string, SetError>();
  for (const [name, patch] of update) {
    const one = call.created.resolve(name) ?? name;
    if (goes.has(one)) notUpdated.set(one, new SetError('willDestroy'));
    else changes.set(one, patch);
  }
  return { request: { create, update: changes, destroy: [...goes] }, notUpdated, notDestroyed: new Map() };
}

function checkCreationId(name: string): void {
  try {
    matching(name, /^[A-Za-z0-9_-]{1,255}$/, 'a creation id');
  } catch {
    throw new MethodError('invalidArguments', 'a creation id is an id', { arguments: ['create'] });
  }
}

export function answerOfSet(
  outcome: SetOutcome,
  { notUpdated, notDestroyed }: Pick<Asked, 'notUpdated' | 'notDestroyed'> = NOTHING_REFUSED,
): JsonObject {
  const { created, updated, destroyed } = outcome;
  return {
    created: orNull(created),
    updated: orNull(updated),
    destroyed: destroyed.length > 0 ? destroyed : null,
    notCreated: orNull(faults(outcome.notCreated)),
    notUpdated: orNull(faults(new Map([...notUpdated, ...outcome.notUpdated]))),
    notDestroyed: orNull(faults(new Map([...notDestroyed, ...outcome.notDestroyed]))),
  };
}

function faults(map: ReadonlyMap<string, SetError>): ReadonlyMap<string, JsonObject> {
  return new Map([...map].map(([name, error]) => [name, error.toAnswer()]));
}

export interface OneByOne {
  create(object: JsonObject, creationId: string): Promise<JsonObject & { readonly id: string }>;
  update(id: string, patch: JsonObject): Promise<JsonObject | null>;
  destroy(id: string): Promise<void>;
}

/**
 * Each by itself: first what is created, in the order in which it stands there, then updated, then destroyed. What one of them
 * throws (`SetError`, `MailboxError`) is said of that one.
 */
export async function eachByItself(
  { call, create, update, destroy }: Pick<SetRequest<Table>, 'call' | 'create' | 'update' | 'destroy'>,
  type: OneByOne,
): Promise<SetOutcome> {
  const created = new Map<string, JsonObject & { readonly id: string }>();
  const notCreated = new Map<string, SetError>();
  for (const [creationId, wanted] of create) {
    const made = await attempt(() => type.create(wanted, creationId));
    if (made instanceof SetError) notCreated.set(creationId, made);
    else {
      created.set(creationId, made);
      // Whoever comes later may mean it.
      call.created.set(creationId, made.id);
    }
  }
  const updated = new Map<string, JsonObject | null>();
  const notUpdated = new Map<string, SetError>();
  for (const [name, patch] of update) {
    const id = call.created.resolve(name);
    const outcome = await attempt(() => (id === undefined ? notFound() : type.update(id, patch)));
    if (outcome instanceof SetError) notUpdated.set(name, outcome);
    else updated.set(id ?? name, outcome);
  }
  const destroyed: string[] = [];
  const notDestroyed = new Map<string, SetError>();
  for (const name of destroy) {
    const id = call.created.resolve(name);
    const outcome = await attempt(() => (id === undefined ? notFound() : type.destroy(id)));
    if (outcome instanceof SetError) notDestroyed.set(name, outcome);
    else destroyed.push(id ?? name);
  }
  return { created, notCreated, updated, notUpdated, destroyed, notDestroyed };
}

function notFound(): never {
  throw new SetError('notFound');
}

/** What is thrown on purpose is said of the object; what is not ends the method. */
export async function attempt<T>(act: () => Promise<T>): Promise<T | SetError> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof SetError) return error;
    if (!(error instanceof MailboxError)) throw error;
    return setErrorOf(error);
  }
}
