/** `/query` (RFC 8620 §5.5): windows onto a list of ids. A type says which ids there are, and in which order. */
import type { AccountState } from '../../mailbox/state/account.ts';
import {
  boolean,
  id,
  integer,
  optional,
  readArguments,
  type Table,
  unsigned,
  type Values,
  withDefault,
} from './arguments.ts';
import { MethodError } from './fault.ts';
import type { Json } from './json.ts';
import type { Call, Method } from './method.ts';

export interface QueryRequest<T extends Table> {
  readonly account: AccountState;
  readonly call: Call;
  readonly filter: Json | undefined;
  readonly sort: Json | undefined;
  /** So many of the first results will be looked at; undefined: all. */
  readonly needed: number | undefined;
  readonly args: Values<T>;
}

/** All results in their order, or as many of the first as are needed; they are named when they are shown. */
export interface QueryResult {
  readonly queryState: string;
  readonly canCalculateChanges: boolean;
  readonly total: number;
  idAt(index: number): string;
  /** -1 when it is none of them. */
  indexOf(id: string): number;
}

export interface QueryType<T extends Table> {
  readonly type: string;
  readonly capability: string;
  readonly arguments: T;
  /** Throws `MethodError` `unsupportedFilter`, `unsupportedSort`, `invalidArguments`. */
  find(request: QueryRequest<T>): Promise<QueryResult>;
}

/** The type looks at these itself. */
const whatever = (value: Json | undefined): Json | undefined => value ?? undefined;
const STANDARD = {
  accountId: id,
  filter: whatever,
  sort: whatever,
  position: withDefault(integer, 0),
  anchor: optional(id),
  anchorOffset: withDefault(integer, 0),
  limit: optional(unsigned),
  calculateTotal: withDefault(boolean, false),
};

export function standardQuery<T extends Table>(type: QueryType<T>): Method {
  const table = { ...type.arguments, ...STANDARD } as T & typeof STANDARD;
  return {
    name: `${type.type}/query`,
    capability: type.capability,
    async run(raw, call) {
      const args = readArguments(raw, table) as Values<typeof STANDARD>;
      const { accountId, filter, sort, calculateTotal } = args;
      const account = await call.account(accountId);
      const most = call.limits.maxIdsInQuery;
      const limit = Math.min(args.limit ?? most, most);
      const isAll = calculateTotal || args.anchor !== undefined || args.position < 0;
      const needed = isAll ? undefined : args.position + limit;
      const own = args as unknown as Values<T>;
      const result = await type.find({ account, call, filter, sort, needed, args: own });
      const position = startOf(args, result);
      const ids: string[] = [];
      for (let at = position; at < Math.min(result.total, position + limit); at++) ids.push(result.idAt(at));
      const { queryState, canCalculateChanges, total } = result;
      return {
        ...{ accountId, queryState, canCalculateChanges, position, ids },
        ...(calculateTotal ? { total } : {}),
        // Said when it left something out that the client did not mean to.
        ...(limit < (args.limit ?? total - position) ? { limit } : {}),
      };
    },
  };
}

/** Past the end there is nothing; before the beginning is the beginning. */
function startOf(
  { position, anchor, anchorOffset }: Pick<Values<typeof STANDARD>, 'position' | 'anchor' | 'anchorOffset'>,
  { total, indexOf }: QueryResult,
): number {
  if (anchor === undefined) return position < 0 ? Math.max(0, total + position) : position;
  const at = indexOf(anchor);
  if (at < 0) throw new MethodError('anchorNotFound', 'the anchor is not among the results');
  return Math.max(0, at + anchorOffset);
}

/** Results that are few enough to have names. */
export function namedResult(
  ids: readonly string[],
  { queryState, canCalculateChanges }: Pick<QueryResult, 'queryState' | 'canCalculateChanges'>,
): QueryResult {
  return {
    ...{ queryState, canCalculateChanges, total: ids.length },
    idAt: (index) => ids[index] as string,
    indexOf: (wanted) => ids.indexOf(wanted),
  };
}
