/** `/queryChanges` (RFC 8620 §5.6): what is the same for every type. */
import type { AccountState } from '../../mailbox/state/account.ts';
import {
  boolean,
  id,
  optional,
  positive,
  readArguments,
  type Table,
  text,
  type Values,
  withDefault,
} from './arguments.ts';
import { MethodError } from './fault.ts';
import type { Json } from './json.ts';
import type { Call, Method } from './method.ts';

export interface QueryChangesRequest<T extends Table> {
  readonly account: AccountState;
  readonly call: Call;
  readonly filter: Json | undefined;
  readonly sort: Json | undefined;
  readonly sinceQueryState: string;
  /** A type may leave out what lies behind it in a list whose order and filter cannot change. */
  readonly upToId: string | undefined;
  /** More changes than this are refused. */
  readonly most: number;
  readonly args: Values<T>;
}

export interface QueryChangesAnswer {
  readonly newQueryState: string;
  readonly total: number;
  readonly removed: readonly string[];
  /** In ascending order of their index in the new list. */
  readonly added: readonly { readonly id: string; readonly index: number }[];
}

export interface QueryChangesType<T extends Table> {
  readonly type: string;
  readonly capability: string;
  readonly arguments: T;
  /** Undefined: `cannotCalculateChanges`. */
  find(request: QueryChangesRequest<T>): Promise<QueryChangesAnswer | undefined>;
}

const whatever = (value: Json | undefined): Json | undefined => value ?? undefined;
const STANDARD = {
  accountId: id,
  filter: whatever,
  sort: whatever,
  sinceQueryState: text,
  maxChanges: optional(positive),
  upToId: optional(id),
  calculateTotal: withDefault(boolean, false),
};
/** Of one answer: more are not worth it. */
const MOST = 5000;

export function standardQueryChanges<T extends Table>(type: QueryChangesType<T>): Method {
  const table = { ...type.arguments, ...STANDARD } as T & typeof STANDARD;
  return {
    name: `${type.type}/queryChanges`,
    capability: type.capability,
    async run(raw, call) {
      const args = readArguments(raw, table) as Values<typeof STANDARD>;
      const { accountId, sinceQueryState, filter, sort, upToId, calculateTotal } = args;
      const account = await call.account(accountId);
      const own = args as unknown as Values<T>;
      const most = Math.min(args.maxChanges ?? MOST, MOST);
      const asked = { filter, sort, sinceQueryState, upToId, most };
      const answer = await type.find({ account, call, ...asked, args: own });
      if (answer === undefined)
        throw new MethodError('cannotCalculateChanges', 'that state is not known, or not any more');
      const { newQueryState, total, removed, added } = answer;
      if (removed.length + added.length > most) throw new MethodError('tooManyChanges');
      return {
        ...{ accountId, oldQueryState: sinceQueryState, newQueryState },
        ...(calculateTotal ? { total } : {}),
        ...{ removed, added: added.map(({ id: added, index }) => ({ id: added, index })) },
      };
    },
  };
}
