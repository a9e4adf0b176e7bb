/** What a method is, and what it has of the request in which it is called. */
import type { Log, LogFields } from '../../base/log.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { AccountRecord } from '../../mailbox/model/model.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { CreatedIds } from './created-ids.ts';
import type { JsonObject } from './json.ts';
import type { JmapLimits } from './limits.ts';

export interface Method {
  /** `Email/get`. */
  readonly name: string;
  /** The URI that a request has to be `using` for it. */
  readonly capability: string;
  /** Throws `MethodError`, or `MailboxError`, which is answered as `fault.ts` says. */
  run(args: JsonObject, call: Call): Promise<JsonObject>;
}

export interface Call {
  /** As the client calls it. */
  readonly id: string;
  /** Changes made through it are this request's. */
  readonly domain: Domain;
  /** Who asks. */
  readonly record: AccountRecord;
  /** The number of what was signed in with; undefined for an issuer's token. */
  readonly credential: number | undefined;
  readonly limits: JmapLimits;
  readonly using: ReadonlySet<string>;
  /** Of all calls of the request so far. */
  readonly created: CreatedIds;
  readonly log: Log;
  /** Aborted when nobody waits for the answer any more: what takes long and only reads may end then. */
  readonly gone: AbortSignal;
  /** What was done to the account's mail, for its activity. `what` is a constant, as a message of the log. */
  note(account: AccountState, what: string, facts: LogFields): void;
  /**
   * The account of that id, which may be one of somebody else as whoever asks may see it. Throws `MethodError` `accountNotFound` when it is none
   * of his, and `accountNotSupportedByMethod`, `accountReadOnly`.
   */
  account(accountId: string): Promise<AccountState>;
  /** Another method is called after this one, and its answer follows under the same id (RFC 8620 §5.4, RFC 8621 §7.5). */
  afterwards(method: string, args: JsonObject): void;
}
