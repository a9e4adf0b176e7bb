/** What both speakers of a dialogue have of it: the door and the session. */
import type { Log } from '../base/log.ts';
import type { Presence } from '../identity/presence.ts';
import type { DialogueContext, DoorContext, SessionContext } from './context.ts';
import type { Dialogue } from './dialogue.ts';
import type { Modes } from './modes.ts';
import type { ImapSettings } from './settings.ts';
import type { WireWriter } from './wire/writer.ts';
import type { Language } from './words/language.ts';

export abstract class Party implements DialogueContext {
  protected readonly dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.dialogue = dialogue;
  }

  abstract readonly capabilities: readonly string[];

  /** A command asks for what there is in the states it names, and in no others does it run. */
  get context(): DoorContext & SessionContext {
    return this as unknown as DoorContext & SessionContext;
  }

  get settings(): ImapSettings {
    return this.dialogue.services.settings;
  }

  get log(): Log {
    return this.dialogue.log;
  }

  get modes(): Modes {
    return this.dialogue.modes;
  }

  get presence(): Presence {
    return this.dialogue.presence;
  }

  get out(): WireWriter {
    return this.dialogue.out;
  }

  get isSecure(): boolean {
    return this.dialogue.connection.isSecure;
  }

  speak(language: Language): void {
    this.dialogue.speak(language);
  }

  flush(): Promise<void> {
    return this.dialogue.flush();
  }

  breathe(): Promise<void> | undefined {
    return this.dialogue.breathe();
  }

  rest(): Promise<void> | undefined {
    return this.dialogue.rest();
  }

  reached(done: number, goal: number): void {
    this.dialogue.progress?.reached(done, goal);
  }

  readLine(): Promise<Buffer | undefined> {
    return this.dialogue.readLine();
  }
}
