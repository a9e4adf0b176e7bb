/** What both speakers of a dialogue have of it: the door and the session. */
import type { Presence } from '../identity/presence.ts';
import type { SaslTerms } from '../sasl/mechanism.ts';
import type { DialogueContext, DoorContext, State } from './command.ts';
import type { Dialogue } from './dialogue.ts';
import type { Pop3Settings } from './settings.ts';
import type { Language, Texts } from './texts.ts';

export abstract class Party implements DialogueContext {
  protected readonly dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.dialogue = dialogue;
  }

  abstract release(): Promise<void>;

  /** In other states than those it names a command does not run. */
  get context(): DoorContext {
    return this as unknown as DoorContext;
  }

  get settings(): Pop3Settings {
    return this.dialogue.services.settings;
  }

  get presence(): Presence {
    return this.dialogue.presence;
  }

  get isSecure(): boolean {
    return this.dialogue.connection.isSecure;
  }

  get saslTerms(): SaslTerms {
    return this.dialogue.saslTerms;
  }

  get texts(): Texts {
    return this.dialogue.texts;
  }

  get isUtf8(): boolean {
    return this.dialogue.isUtf8;
  }

  ok(text: string): void {
    this.dialogue.ok(text);
  }

  lines(text: string): void {
    this.dialogue.lines(text);
  }

  endList(): void {
    this.dialogue.endList();
  }

  octets(pieces: readonly Buffer[]): void {
    this.dialogue.octets(pieces);
  }

  breathe(): Promise<void> | undefined {
    return this.dialogue.breathe();
  }

  speak(language: Language): void {
    this.dialogue.language = language;
  }

  enter(next: State): void {
    this.dialogue.enter(next);
  }
}
