/** `/get` (RFC 8620 §5.1): what is the same for every type. A type says which properties it has, and how its objects are found. */

import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { id, list, optional, readArguments, type Table, text, type Values } from './arguments.ts';
import { MethodError } from './fault.ts';
import type { JsonObject } from './json.ts';
import type { Call, Method } from './method.ts';

export interface GetRequest<T extends Table> {
  readonly account: AccountState;
  readonly call: Call;
  /** Each once, in the order in which they were asked for; undefined: all there are. */
  readonly ids: readonly string[] | undefined;
  /** `id` is always among them. */
  readonly properties: ReadonlySet<string>;
  /** The type's own arguments. */
  readonly args: Values<T>;
}

export interface GetAnswer {
  readonly state: string;
  readonly list: readonly JsonObject[];
  readonly notFound: readonly string[];
}

export interface GetType<T extends Table> {
  /** `Mailbox`. */
  readonly type: string;
  readonly capability: string;
  readonly properties: readonly string[];
  /** Those that are given when none are named; all when absent. */
  readonly defaults?: readonly string[];
  /** Properties that this call has besides; they are among its defaults. */
  readonly more?: (call: Call) => readonly string[];
  /** Properties besides those with a name of their own: `header:Subject`. */
  readonly isProperty?: (name: string) => boolean;
  readonly arguments: T;
  /**
   * The state is of before the objects are read: what changes meanwhile is told again, and nothing is missed. `ids` undefined
   * throws `requestTooLarge` where there are too many. What was read is told when it is durable, or read anew.
   */
  find(request: GetRequest<T>): Promise<GetAnswer>;
}

const STANDARD = { accountId: id, ids: optional(list(text)), properties: optional(list(text)) };

export function standardGet<T extends Table>(type: GetType<T>): Method {
  const table = { ...type.arguments, ...STANDARD } as T & typeof STANDARD;
  return {
    name: `${type.type}/get`,
    capability: type.capability,
    async run(raw, call) {
      const args = readArguments(raw, table);
      const account = await call.account(args.accountId);
      const ids = args.ids === undefined ? undefined : [...new Set(args.ids)];
      if ((ids?.length ?? 0) > call.limits.maxObjectsInGet)
        throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInGet} objects at once`);
      const properties = wantedProperties(type, args.properties, type.more?.(call) ?? []);
      for (;;) {
        const answer = await type.find({ account, call, ids, properties, args: args as Values<T> });
        if (!(await isKept(account.unsettled))) continue;
        return { accountId: args.accountId, ...answer };
      }
    },
  };
}

function wantedProperties<T extends Table>(
  { properties, defaults = properties, isProperty }: GetType<T>,
  asked: readonly string[] | undefined,
  more: readonly string[],
): ReadonlySet<string> {
  const wanted = asked ?? [...defaults, ...more];
  const known = [...properties, ...more];
  const wrong = wanted.filter((name) => !known.includes(name) && isProperty?.(name) !== true);
  if (wrong.length > 0)
    throw new MethodError('invalidArguments', `no property of this type: ${wrong[0]?.slice(0, 200)}`, {
      arguments: ['properties'],
    });
  return new Set(['id', ...wanted]);
}

/** An object of those of its properties that are wanted. What is not wanted is not computed. */
export function picked(
  properties: ReadonlySet<string>,
  all: Readonly<Record<string, () => JsonObject[string]>>,
): JsonObject {
  const out: Record<string, JsonObject[string]> = {};
  for (const name of properties) out[name] = all[name]?.() ?? null;
  return out;
}
