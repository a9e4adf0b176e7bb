/**
 * What a command is, and what it is given. A command file exports one value made by `defineCommand`; the registry lists
 * them; the session does the rest: framing, state, errors, updates, the tagged reply.
 *
 * `parse` is pure and sees no session but its modes. `run` never sees bytes, writes only data responses, and reports how
 * it ended; it may not write EXISTS, EXPUNGE, VANISHED or the FETCH of somebody else's flags (`updates.ts` does).
 */
import type { Log } from '../base/log.ts';
import type { AccountState } from '../mailbox/account-state.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Received } from '../mailbox/incoming.ts';
import type { AccountRecord } from '../mailbox/model.ts';
import type { ViewerEvents } from '../mailbox/viewer.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import type { Modes } from './modes.ts';
import type { Registry } from './registry.ts';
import type { Completion } from './replies.ts';
import type { ImapSettings } from './settings.ts';
import type { State, StateKind, StateOf } from './state.ts';
import type { Cursor } from './wire/cursor.ts';
import type { StreamedLiteral } from './wire/frame.ts';
import type { LiteralAnnouncement, LiteralDecision } from './wire/literal.ts';
import type { WireWriter } from './wire/writer.ts';

/** What a command may ask of its session. */
export interface SessionContext {
  readonly domain: Domain;
  readonly settings: ImapSettings;
  readonly registry: Registry;
  readonly log: Log;
  readonly modes: Modes;
  /** Untagged data goes here; it leaves at the end of the command or at a `breathe`. */
  readonly out: WireWriter;
  readonly isSecure: boolean;
  /** May passwords be sent here and now (`auth.plaintext`)? */
  readonly mayUsePlaintext: boolean;
  readonly capabilities: readonly string[];

  /** Sends what was written, when everything it was computed from is durable. */
  flush(): Promise<void>;
  /** In every long loop: sends when much is written, waits for a slow reader, lets others run. Cheap when none is due. */
  breathe(): Promise<void> | undefined;
  /** One line from the client, for a continuation; undefined when it is gone. Throws SyntaxFault when it is too long. */
  readLine(): Promise<Buffer | undefined>;
  /** Waits for a line, or for something to tell (`hint`), or for `timeoutMs`; `end` when the client is gone. */
  waitForLine(timeoutMs: number): Promise<Buffer | 'hint' | 'timeout' | 'end'>;
  /** Writes all that may be told now; expunges too when `mayExpunge`. */
  tellUpdates(mayExpunge: boolean): Promise<void>;
  /** Checks the credentials and signs in; throws MailboxError. */
  signIn(
    credentials: Credentials,
  ): Promise<{ readonly account: AccountState; readonly record: AccountRecord }>;
  /** Answers OK and upgrades the connection; what the client sent before is dropped. */
  startTls(tag: string): Promise<void>;
  /** Closes the open mailbox, if there is one; the state is `authenticated` from here on. */
  deselect(): void;
  /** For `openMailbox`: wakes the session when something changed. */
  readonly viewerEvents: ViewerEvents;
  /** The message that came in this literal of the command. */
  received(literal: StreamedLiteral): Received;
}

export interface Call<Kind extends StateKind = StateKind> {
  readonly tag: string;
  readonly session: SessionContext;
  readonly state: StateOf<Kind>;
}

/** What is known when a literal is announced, before its command is complete. */
export interface LiteralContext {
  readonly state: State;
  readonly settings: ImapSettings;
  readonly modes: Modes;
}

export interface Command<Args = unknown, Kind extends StateKind = StateKind> {
  /** In capitals; `UID FETCH` is a name of its own. */
  readonly name: string;
  readonly states: readonly Kind[];
  /** Reads from behind the name (the space before the first argument included) to the end. */
  parse(c: Cursor, registry: Registry): Args;
  run(call: Call<Kind>, args: Args): Promise<Completion> | Completion;
  /** Which literals are messages; absent: all are kept in memory within the limits. */
  readonly literal?: (announcement: LiteralAnnouncement, context: LiteralContext) => LiteralDecision;
  /**
   * Whether the client can take EXPUNGE after this command (RFC 9051 §7.5.1: not after FETCH, STORE and SEARCH, whose
   * pipelined successors may count on their sequence numbers).
   */
  readonly mayExpunge?: boolean;
  /** The command has answered by itself (STARTTLS before the handshake). */
  readonly answersItself?: boolean;
}

export function defineCommand<Args, Kind extends StateKind>(command: Command<Args, Kind>): Command {
  return Object.freeze(command) as unknown as Command;
}

export const ANY_STATE = Object.freeze(['not-authenticated', 'authenticated', 'selected'] as const);
export const SIGNED_IN = Object.freeze(['authenticated', 'selected'] as const);
export const SELECTED = Object.freeze(['selected'] as const);
