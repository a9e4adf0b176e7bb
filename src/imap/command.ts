/**
 * What a command is. A command file exports one value made by `defineCommand`; extensions list them; the session does the
 * rest: framing, state, errors, updates, the tagged reply.
 *
 * `parse` is pure and sees no session but its modes. `run` never sees bytes, writes only data responses, and reports how
 * it ended; it may not write EXISTS, EXPUNGE, VANISHED or the FETCH of somebody else's flags (`updates.ts` does).
 */
import type { Call, LiteralContext } from './context.ts';
import type { Tables } from './item.ts';
import type { Completion } from './replies.ts';
import type { StateKind } from './state.ts';
import type { Cursor } from './wire/cursor.ts';
import type { LiteralAnnouncement, LiteralDecision } from './wire/literal.ts';

export interface Command<Args = unknown, Kind extends StateKind = StateKind> {
  /** In capitals; `UID FETCH` is a name of its own. */
  readonly name: string;
  readonly states: readonly Kind[];
  /** Reads from behind the name (the space before the first argument included) to the end. */
  parse(c: Cursor, tables: Tables): Args;
  run(call: Call<Kind>, args: Args): Promise<Completion> | Completion;
  /** Which literals are messages; absent: all are kept in memory within the limits. */
  readonly literal?: (announcement: LiteralAnnouncement, context: LiteralContext) => LiteralDecision;
  /**
   * Whether the client can take EXPUNGE after this command (RFC 9051 §7.5.1: not after FETCH, STORE and SEARCH, whose
   * pipelined successors may count on their sequence numbers).
   */
  readonly mayExpunge?: boolean;
  /** It names messages by their numbers: not for a client that has none (RFC 9586 §3). */
  readonly takesNumbers?: boolean;
  /** The command leaves the open mailbox alone: it runs without waiting for its messages. */
  readonly needsNoMessages?: boolean;
  /** Keeps what it reads of the account until it has read all: when a change is taken back meanwhile, it cannot be told. */
  readonly gathers?: boolean;
  /** It can be silent for long: then it says now and then that it is at work (RFC 9585). */
  readonly mayTakeLong?: boolean;
  /** The command has answered by itself (STARTTLS before the handshake). */
  readonly answersItself?: boolean;
}

export function defineCommand<Args, Kind extends StateKind>(command: Command<Args, Kind>): Command {
  return Object.freeze(command) as unknown as Command;
}

export const ANY_STATE = Object.freeze(['not-authenticated', 'authenticated', 'selected'] as const);
export const SIGNED_IN = Object.freeze(['authenticated', 'selected'] as const);
export const SELECTED = Object.freeze(['selected'] as const);
