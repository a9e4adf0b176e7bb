/**
 * What is said on one POP3 connection: read a line, find its command, check that it may run, run it, answer. One command at a
 * time and in order, whatever is pipelined (RFC 2449 §6.6); its state is judged at the moment it runs.
 *
 * Who speaks for the server changes at sign-in, from the door to the session (`Speaker`), and whoever comes to speak greets.
 * When the account is held by another process, the dialogue goes on there.
 *
 * There is nothing to say to a client that did not ask, so one that is stopped or idle for too long just ends (RFC 1939 §3).
 */
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import { termsOn } from '../identity/exchange.ts';
import { Presence } from '../identity/presence.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type Connection, ReadTimeout } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { StreamClosed } from '../net/outbox.ts';
import type { Departure } from '../net/sessions.ts';
import type { SaslTerms } from '../sasl/mechanism.ts';
import type { State } from './command.ts';
import { COMMANDS } from './commands.ts';
import { Mistake, Refusal, refusalOf } from './faults.ts';
import type { Pop3Services } from './services.ts';
import type { Speaker } from './speaker.ts';
import { TERMINATOR } from './stuffing.ts';
import { type Language, type Texts, textsIn } from './texts.ts';
import { LINE_BYTES_BEFORE_LOGIN, LineReader, parseCommand } from './wire.ts';

export class Dialogue {
  readonly services: Pop3Services;
  readonly connection: Connection;
  readonly guest: Guest;
  readonly presence: Presence;
  log: Log;
  language: Language = 'en';
  isUtf8 = false;
  readonly #lines = new LineReader(LINE_BYTES_BEFORE_LOGIN);
  /** Somebody from `run` on. */
  #speaker!: Speaker;
  #isReading = false;
  #isStopped = false;
  #mistakes = 0;
  /** Of all its commands together, however many are in flight. */
  readonly #slice = new TimeSlice();

  constructor(connection: Connection, guest: Guest, services: Pop3Services) {
    this.services = services;
    this.connection = connection;
    this.guest = guest;
    this.log = services.log.child({ remote: connection.remoteAddress, session: guest.id });
    this.presence = new Presence(services, guest);
  }

  get texts(): Texts {
    return textsIn(this.language);
  }

  get saslTerms(): SaslTerms {
    return termsOn(this.connection, this.services.settings.plaintext, this.services.authenticator);
  }

  /** To the end of what is said here. `first` begins, and greets. Gives where the connection goes on, if it does. */
  async run(first: Speaker): Promise<Departure | undefined> {
    this.#speaker = first;
    try {
      first.greet();
      await this.#serve();
    } catch (error) {
      this.#fail(error);
    } finally {
      await this.#speaker.release();
    }
    const { state } = this.#speaker;
    if (state.kind === 'elsewhere') return { holder: state.holder, unread: this.#lines.takeUnread() };
    await this.connection.close();
    return undefined;
  }

  /** At once when it waits for its client, else after the command that runs. */
  stop(reason: string): void {
    this.#isStopped = true;
    this.presence.endsBecause(reason);
    if (!this.#isReading) return;
    this.log.debug({ reason }, 'session stopped');
    void this.#speaker.release();
    void this.connection.close();
  }

  enter(next: State): void {
    if (next.kind === 'ended') this.presence.endsBecause('quit');
    this.#stepTo(next);
  }

  limitLines(maxBytes: number): void {
    this.#lines.setLimit(maxBytes);
  }

  /** What was read and not used is forgotten. */
  dropLines(): void {
    this.#lines.drop();
  }

  ok(text: string): void {
    this.connection.write(Buffer.from(`+OK ${text}\r\n`));
  }

  lines(text: string): void {
    this.connection.write(Buffer.from(text));
  }

  endList(): void {
    this.connection.write(TERMINATOR);
  }

  octets(pieces: readonly Buffer[]): void {
    this.connection.write(pieces);
  }

  breathe(): Promise<void> | undefined {
    const isLong = this.#slice.isSpent;
    return isLong || !this.connection.isWritable ? this.#pause(isLong) : undefined;
  }

  /** Undefined when the client is gone. Throws ReadTimeout. */
  async nextLine(): Promise<Buffer | undefined> {
    for (;;) {
      const event = this.#lines.take();
      if (event?.kind === 'line') return event.bytes;
      if (event?.kind === 'too-long') {
        this.#refuse(new Refusal((texts) => texts.lineTooLong()));
        return undefined;
      }
      this.#isReading = true;
      const bytes = await this.connection.read().finally(() => {
        this.#isReading = false;
      });
      if (bytes === undefined) return undefined;
      this.#slice.restart();
      this.#lines.push(bytes);
    }
  }

  get #state(): State {
    return this.#speaker.state;
  }

  #stepTo(next: State): void {
    const before = this.#speaker;
    this.#speaker = before.stepTo(next);
    if (this.#speaker !== before) this.#speaker.greet();
  }

  async #serve(): Promise<void> {
    while (!isOver(this.#state) && !this.#isStopped) {
      const line = await this.nextLine();
      if (line === undefined || this.#isStopped) return;
      await this.#execute(line);
      await this.breathe();
    }
  }

  async #execute(line: Buffer): Promise<void> {
    const { verb, argument } = parseCommand(line);
    try {
      const command = COMMANDS.get(verb);
      const { state, context: session } = this.#speaker;
      if (command === undefined) throw new Mistake((texts) => texts.unknownCommand());
      if (!command.states.includes(state.kind)) throw new Mistake(wrongState(state));
      await command.run({ session, state, argument });
      this.#mistakes = 0;
    } catch (error) {
      this.#answerError(error, verb);
    }
  }

  #answerError(error: unknown, verb: string): void {
    if (error instanceof ReadTimeout || error instanceof StreamClosed) throw error;
    if (error instanceof MailboxError) {
      if (error.cause !== undefined) this.log.warn({ err: error, command: verb }, 'a command failed');
      this.#refuse(refusalOf(error.code));
    } else if (error instanceof Refusal) {
      if (error instanceof Mistake) this.#mistakes++;
      this.#refuse(error);
    } else {
      this.log.error({ err: error, command: verb }, 'a bug: a command failed in a way it must not');
      this.#refuse(new Refusal((texts) => texts.bug(), 'SYS/TEMP'));
    }
    const { badCommands, badCommandsBeforeLogin } = this.services.settings;
    const allowed = this.#state.kind === 'transaction' ? badCommands : badCommandsBeforeLogin;
    if (this.presence.isSpent || this.#mistakes >= allowed) this.#stepTo({ kind: 'ended' });
  }

  #refuse(refusal: Refusal): void {
    const code = refusal.code === undefined ? '' : `[${refusal.code}] `;
    this.lines(`-ERR ${code}${refusal.textIn(this.texts)}\r\n`);
  }

  async #pause(isLong: boolean): Promise<void> {
    if (!this.connection.isWritable) await this.connection.drained();
    if (isLong) await this.#slice.next();
  }

  #fail(error: unknown): void {
    if (error instanceof StreamClosed || error instanceof ReadTimeout) {
      if (error instanceof ReadTimeout) this.presence.endsBecause('idle for too long');
      this.log.debug({ reason: error.message }, 'session ended');
      return;
    }
    this.log.error({ err: error }, 'a session ended by an error');
  }
}

function isOver({ kind }: State): boolean {
  return kind === 'ended' || kind === 'elsewhere';
}

function wrongState(state: State): (texts: Texts) => string {
  return state.kind === 'authorization' ? (texts) => texts.signInFirst() : (texts) => texts.alreadySignedIn();
}
