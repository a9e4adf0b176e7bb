/** `/changes` (RFC 8620 §5.2): what is the same for every type. */
import type { AccountState } from '../../mailbox/state/account.ts';
import { id, optional, positive, readArguments, text } from './arguments.ts';
import { MethodError } from './fault.ts';
import type { JsonObject } from './json.ts';
import type { Call, Method } from './method.ts';

export interface ChangesRequest {
  readonly account: AccountState;
  readonly call: Call;
  readonly sinceState: string;
  /** At most so many ids in all. */
  readonly maxChanges: number;
}

export interface ChangesAnswer {
  readonly newState: string;
  readonly hasMoreChanges: boolean;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly destroyed: readonly string[];
  /** Properties of the answer that only this type has. */
  readonly more?: JsonObject;
}

export interface ChangesType {
  readonly type: string;
  readonly capability: string;
  /** Undefined when it is not known what there was in that state: `cannotCalculateChanges`. */
  find(request: ChangesRequest): Promise<ChangesAnswer | undefined>;
}

const TABLE = { accountId: id, sinceState: text, maxChanges: optional(positive) };
/** Of one answer, when the client does not say. */
const MOST = 5000;

export function standardChanges({ type, capability, find }: ChangesType): Method {
  return {
    name: `${type}/changes`,
    capability,
    async run(raw, call) {
      const { accountId, sinceState, maxChanges = MOST } = readArguments(raw, TABLE);
      const account = await call.account(accountId);
      const answer = await find({ account, call, sinceState, maxChanges: Math.min(maxChanges, MOST) });
      if (answer === undefined)
        throw new MethodError('cannotCalculateChanges', 'that state is not known, or not any more');
      const { more = {}, ...changes } = answer;
      return { accountId, oldState: sinceState, ...changes, ...more };
    },
  };
}
