/**
 * A connection until somebody has signed in: the greeting, TLS, credentials. Then the session speaks, here or at whoever
 * holds the account.
 */
import type { Admission } from '../identity/authenticator.ts';
import { type Exchange, termsOn } from '../identity/exchange.ts';
import { handOver } from '../identity/handing-over.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import type { Departure, Session } from '../net/sessions.ts';
import type { Credentials, SaslTerms } from '../sasl/mechanism.ts';
import type { DoorContext } from './context.ts';
import { Dialogue } from './dialogue.ts';
import { Party } from './party.ts';
import { type Completion, ok, writeStatus } from './replies.ts';
import type { ImapServices } from './services.ts';
import { ImapSession } from './session.ts';
import type { Speaker } from './speaker.ts';
import { NOT_AUTHENTICATED, type State } from './state.ts';

export class ImapDoor extends Party implements Speaker, Session, DoorContext {
  readonly unsettled = undefined;
  readonly reach = undefined;
  readonly okCode = undefined;
  readonly tellsUnasked = false;
  readonly hasNews = false;
  #state: State = NOT_AUTHENTICATED;
  /** Signed in; it speaks when the sign-in has been answered. */
  #session: ImapSession | undefined;

  static of(connection: Connection, guest: Guest, services: ImapServices): ImapDoor {
    return new ImapDoor(new Dialogue(connection, guest, services));
  }

  run(): Promise<Departure | undefined> {
    this.#begin();
    return this.dialogue.run(this);
  }

  stop(reason: string): void {
    this.dialogue.stop(reason);
  }

  get state(): State {
    return this.#state;
  }

  get saslTerms(): SaslTerms {
    const { connection, services } = this.dialogue;
    return termsOn(connection, this.settings.plaintext, services.authenticator);
  }

  get capabilities(): readonly string[] {
    const { isSecure, saslTerms, settings } = this;
    const context = { saslTerms, isSecure, settings };
    return this.dialogue.services.registry.capabilities(context);
  }

  greet(): void {
    const greeting = `${this.settings.hostname} Brevduva ready`;
    writeStatus(this.out, '*', 'OK', greeting, `CAPABILITY ${this.capabilities.join(' ')}`);
  }

  enter(next: State): Speaker {
    if (next.kind === 'authenticated' && this.#session !== undefined) return this.#session;
    this.#state = next;
    return this;
  }

  async tellUpdates(): Promise<void> {}

  async tellUnasked(): Promise<void> {}

  prepare(): undefined {}

  beginUpload(): void {}

  /** A session that never got to speak. */
  leave(): void {
    this.#session?.leave();
  }

  signIn(tag: string, credentials: Credentials, mechanism: string): Promise<Completion> {
    return this.presence.signIn(credentials, mechanism, (who) => this.#admit(tag, who, mechanism));
  }

  exchange(tag: string, exchange: Exchange): Promise<Completion> {
    return this.presence.exchange(exchange, (who) => this.#admit(tag, who, exchange.mechanism.name));
  }

  async startTls(tag: string): Promise<void> {
    const { connection, input, services } = this.dialogue;
    writeStatus(this.out, tag, 'OK', 'Begin TLS negotiation now');
    input.dropPending();
    await connection.startTls(services.tls, Buffer.concat(this.out.take()));
    input.dropPending();
    // Whoever asked for a language may have been somebody in between (RFC 5255 §3.1, §7).
    this.speak('i-default');
  }

  #begin(): void {
    this.dialogue.connection.limitReads({ totalMs: this.settings.loginTimeoutMs });
  }

  /** After UNAUTHENTICATE: at this door again, as if nobody had ever been here. */
  #back(): ImapDoor {
    this.dialogue.forget();
    const door = new ImapDoor(this.dialogue);
    door.#begin();
    return door;
  }

  async #admit(tag: string, who: Admission, mechanism: string): Promise<Completion> {
    const { connection, guest, services } = this.dialogue;
    const leaving = { connection, guest, mechanism, session: { tag, language: this.modes.language } };
    const holder = await handOver(who, { ...services, ...leaving });
    if (holder !== undefined) return { ...ok(''), next: { kind: 'elsewhere', holder } };
    this.#session = await ImapSession.enter(this.dialogue, who, () => this.#back());
    return this.#session.welcome();
  }
}
