/**
 * Who speaks for the server in a dialogue: the door until somebody has signed in, then the session. What the dialogue asks of
 * either.
 */
import type { DoorContext, State } from './command.ts';

export interface Speaker {
  /** Where it stands; commands run in the states they name. */
  readonly state: State;
  /** What a command has; it asks for what there is in the states it names. */
  readonly context: DoorContext;
  /** Writes what it says first: a greeting, or the answer to the sign-in that it comes from. */
  greet(): void;
  /** The state is another from here on; gives who speaks in it. */
  stepTo(next: State): Speaker;
  /** The dialogue is over, or about to be: gives back what it holds. May come several times. */
  release(): Promise<void>;
}
