/**
 * Who speaks for the server in a dialogue: the door until somebody has signed in, then the session. What the dialogue asks of
 * either.
 */
import type { DoorContext, SessionContext } from './context.ts';
import type { Reach } from './reach.ts';
import type { State } from './state.ts';
import type { StreamedLiteral } from './wire/frame.ts';

export interface Speaker {
  /** Where it stands; commands run in the states they name. */
  readonly state: State;
  readonly context: DoorContext & SessionContext;
  /** What a session finds its mailboxes by. */
  readonly reach: Reach | undefined;
  /** What was read of the account is durable when it resolves; undefined: it is already. */
  readonly unsettled: Promise<void> | undefined;
  /** The code of an OK that has none. */
  readonly okCode: string | undefined;
  /** It tells what is new also while no command runs (RFC 5465 §3.1). */
  readonly tellsUnasked: boolean;
  /** Of what it would tell unasked there is something. */
  readonly hasNews: boolean;
  /** Writes what it says before it is asked. */
  greet(): void;
  /** The state is another from here on; gives who speaks in it. */
  enter(next: State): Speaker;
  tellUpdates(mayExpunge: boolean): Promise<void>;
  /** As `tellUpdates`, between commands. */
  tellUnasked(): Promise<void>;
  /** Before each command. Throws when it must not run. */
  prepare(): Promise<void> | undefined;
  beginUpload(literal: StreamedLiteral): void;
  /** The dialogue is over. */
  leave(): void;
}
