/**
 * Who speaks for the server in a dialogue: the door until somebody has signed in, then the session. What the dialogue asks of
 * either.
 */
import type { DoorContext, SessionContext } from './context.ts';
import type { State } from './state.ts';
import type { StreamedLiteral } from './wire/frame.ts';

export interface Speaker {
  /** Where it stands; commands run in the states they name. */
  readonly state: State;
  readonly context: DoorContext & SessionContext;
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
  beginUpload(literal: StreamedLiteral): void;
  /** The dialogue is over. */
  leave(): void;
}
