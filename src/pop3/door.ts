/**
 * A POP3 connection until somebody has signed in: the greeting, TLS, credentials. Then the session speaks, here or at whoever
 * holds the account.
 */
import type { Admission } from '../identity/authenticator.ts';
import type { Exchange } from '../identity/exchange.ts';
import { handOver } from '../identity/handing-over.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { HandoverRefused } from '../net/relay.ts';
import type { Departure, Session } from '../net/sessions.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import type { DoorContext, State } from './command.ts';
import { Dialogue } from './dialogue.ts';
import { asResponseCode, Refusal } from './faults.ts';
import { Party } from './party.ts';
import type { Pop3Services } from './services.ts';
import { Pop3Session } from './session.ts';
import type { Speaker } from './speaker.ts';

export class Pop3Door extends Party implements Speaker, Session, DoorContext {
  #state: State = { kind: 'authorization' };
  /** Signed in; it speaks when the sign-in is over. */
  #session: Pop3Session | undefined;

  constructor(connection: Connection, guest: Guest, services: Pop3Services) {
    super(new Dialogue(connection, guest, services));
  }

  run(): Promise<Departure | undefined> {
    this.dialogue.connection.limitReads({ totalMs: this.settings.loginTimeoutMs });
    return this.dialogue.run(this);
  }

  stop(reason: string): void {
    this.dialogue.stop(reason);
  }

  get state(): State {
    return this.#state;
  }

  greet(): void {
    // No timestamp in angle brackets: it would offer APOP (RFC 1939 §7).
    this.ok(`${this.settings.hostname} Brevduva ready`);
  }

  stepTo(next: State): Speaker {
    if (next.kind === 'transaction' && this.#session !== undefined) return this.#session;
    this.#state = next;
    return this;
  }

  /** Of a session that never got to speak. */
  async release(): Promise<void> {
    await this.#session?.release();
  }

  async ask(challenge: Buffer): Promise<Buffer | undefined> {
    this.lines(`+ ${challenge.toString('base64')}\r\n`);
    return this.dialogue.nextLine();
  }

  useUtf8(): void {
    this.dialogue.isUtf8 = true;
  }

  async startTls(): Promise<void> {
    const { dialogue, texts } = this;
    dialogue.dropLines();
    const invitation = Buffer.from(`+OK ${texts.beginTls()}\r\n`);
    await dialogue.connection.startTls(dialogue.services.tls, invitation);
    dialogue.dropLines();
  }

  signIn(credentials: Credentials, mechanism: string): Promise<State> {
    return this.presence.signIn(credentials, mechanism, (who) => this.#admit(who, mechanism));
  }

  exchange(exchange: Exchange): Promise<State> {
    return this.presence.exchange(exchange, (who) => this.#admit(who, exchange.mechanism.name));
  }

  async #admit(who: Admission, mechanism: string): Promise<State> {
    const { connection, guest, services, isUtf8, language } = this.dialogue;
    const leaving = { connection, guest, mechanism, session: { isUtf8, language } };
    const holder = await handOver(who, { ...services, ...leaving }).catch(refuse);
    if (holder !== undefined) return { kind: 'elsewhere', holder };
    this.#session = await Pop3Session.enter(this.dialogue, who);
    return this.#session.state;
  }
}

/** In the holder's words, when it has some. */
function refuse(error: unknown): never {
  if (!(error instanceof HandoverRefused)) throw error;
  throw new Refusal(() => error.message, asResponseCode(error.code));
}
