/**
 * What is said on one connection: read a command, parse it whole, check that it may run, run it, tell what changed, answer.
 * One command at a time and in order, whatever is pipelined; its state is judged at the moment it runs.
 *
 * Who speaks for the server changes at sign-in, from the door to the session (`Speaker`); the connection, what was read of it
 * and what was not yet sent stay as they are. When the account is held by another process, the dialogue goes on there.
 *
 * Nothing leaves before everything it was computed from is durable, and a line leaves whole, or the connection ends in
 * the middle of it. There is one place where errors become answers (`#execute`), one where bytes leave (`flush`).
 */
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import { Presence } from '../identity/presence.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type Connection, ReadTimeout } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { StreamClosed } from '../net/outbox.ts';
import type { Lent } from '../net/send-memory.ts';
import type { Departure } from '../net/sessions.ts';
import type { Command } from './command.ts';
import { completionOf, completionOfSyntax } from './faults.ts';
import { Input } from './input.ts';
import { Modes } from './modes.ts';
import { Output, TakenBack } from './output.ts';
import { Pace } from './pace.ts';
import { Progress } from './progress.ts';
import { bad, type Completion, no, writeStatus } from './replies.ts';
import type { ImapServices } from './services.ts';
import type { Speaker } from './speaker.ts';
import { LOGOUT, type State } from './state.ts';
import { Uploads } from './uploads.ts';
import { Cursor } from './wire/cursor.ts';
import { SyntaxFault } from './wire/fault.ts';
import type { Frame } from './wire/frame.ts';
import type { FrameEvent } from './wire/frame-event.ts';
import { Framer } from './wire/framer.ts';
import type { LiteralAnnouncement, LiteralDecision } from './wire/literal.ts';
import type { WireWriter } from './wire/writer.ts';
import { type Language, wordsIn } from './words/language.ts';

/** Enough output to be worth a write, and little enough to hold for each of thousands of slow readers. */
const FLUSH_BYTES = 256 * 1024;

export class Dialogue {
  modes = new Modes();
  readonly out: WireWriter;
  readonly presence: Presence;
  readonly services: ImapServices;
  readonly connection: Connection;
  readonly guest: Guest;
  readonly framer: Framer;
  readonly input: Input;
  readonly output: Output;
  readonly uploads: Uploads;
  log: Log;
  /** Of the command that runs, when it may take long. */
  progress: Progress | undefined;
  readonly #anonymousLog: Log;
  #speaker: Speaker | undefined;
  #stopReason: string | undefined;
  #running: Command | undefined;
  #badCommands = 0;
  /** Of all its commands together, however many are in flight. */
  readonly #slice = new TimeSlice();
  readonly #pace: Pace;

  constructor(connection: Connection, guest: Guest, services: ImapServices) {
    this.services = services;
    this.#pace = new Pace(services.domain.clock);
    this.connection = connection;
    this.guest = guest;
    this.#anonymousLog = services.log.child({ remote: connection.remoteAddress, session: guest.id });
    this.log = this.#anonymousLog;
    this.framer = new Framer(services.settings.limitsBeforeLogin, (literal) => this.#literalPolicy(literal));
    this.input = new Input(connection, this.framer, () => this.#slice.restart());
    this.output = new Output(connection);
    this.out = this.output.out;
    this.uploads = new Uploads(services.domain, services.uploads);
    this.presence = new Presence(services, guest);
  }

  /** The command that runs keeps what it reads until it has read all. */
  get isGathering(): boolean {
    return this.#running?.gathers === true;
  }

  get isStopped(): boolean {
    return this.#stopReason !== undefined;
  }

  /** To the end of what is said here. `first` begins, and greets. Gives where the connection goes on, if it does. */
  async run(first: Speaker): Promise<Departure | undefined> {
    this.#speaker = first;
    try {
      first.greet();
      await this.flush();
      await this.#serve();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.uploads.clear();
      this.#speaker.leave();
    }
    const { state } = this.#speaker;
    if (state.kind === 'elsewhere') return { holder: state.holder, unread: this.input.takeUnread() };
    await this.connection.close();
    return undefined;
  }

  /** At once when it waits for its client, else after the command that runs. */
  stop(reason: string): void {
    this.#stopReason ??= reason;
    if (!this.input.isWaiting) return;
    this.#sayGoodbye(reason);
    void this.connection.close();
  }

  /** Whoever was signed in is not any more: of what was switched on and said nothing is left but TLS and ID (RFC 8437 §3). */
  forget(): void {
    this.modes = new Modes();
    this.out.isUtf8 = false;
    this.out.words = undefined;
    this.log = this.#anonymousLog;
    this.framer.setLimits(this.services.settings.limitsBeforeLogin);
    this.presence.left();
  }

  /** What is written from here on is in this language. */
  speak(language: Language): void {
    this.modes.language = language;
    this.out.words = wordsIn(language);
  }

  flush(): Promise<void> {
    return this.output.flush(this.#speaker?.unsettled);
  }

  /** Memory for octets that will be written by reference. */
  lend(): Lent {
    return this.services.sendMemory.lend((sent) => this.output.whenSent(sent));
  }

  breathe(): Promise<void> | undefined {
    const isFull = this.out.sizeBytes >= FLUSH_BYTES;
    const isLong = this.#slice.isSpent;
    return isFull || isLong ? this.#pause(isLong) : undefined;
  }

  rest(): Promise<void> | undefined {
    return this.#slice.spent();
  }

  async readLine(): Promise<Buffer | undefined> {
    await this.flush();
    const line = await this.input.nextLine();
    if (line?.kind === 'fault') throw line.fault;
    return line?.bytes;
  }

  get #state(): State {
    return this.#speaker?.state ?? LOGOUT;
  }

  async #serve(): Promise<void> {
    while (this.#state.kind !== 'logout' && this.#state.kind !== 'elsewhere') {
      if (this.#stopReason !== undefined) return this.#sayGoodbye(this.#stopReason);
      const event = await this.#nextEvent();
      if (event === undefined) return;
      if (event === 'news') continue;
      const rest = this.#slice.spent();
      if (rest !== undefined) await rest;
      await this.#handle(event);
    }
  }

  /** The next event of a command, undefined when the client is gone; or a while in which at most news were told. */
  async #nextEvent(): Promise<FrameEvent | 'news' | undefined> {
    const speaker = this.#speaker;
    if (speaker?.tellsUnasked !== true) return this.input.nextEvent();
    const waitMs = speaker.hasNews ? this.#pace.waitMs : undefined;
    if (waitMs === 0) {
      await speaker.tellUnasked();
      await this.flush();
      this.#pace.told();
      return 'news';
    }
    const event = await this.input.eventOrWake(waitMs);
    if (event === 'end') return undefined;
    return typeof event === 'string' ? 'news' : event;
  }

  async #handle(event: FrameEvent): Promise<void> {
    switch (event.kind) {
      case 'frame': {
        const ended = this.uploads.ended();
        if (ended !== undefined) await ended;
        return this.#execute(event.frame);
      }
      case 'fault':
        this.uploads.clear();
        return this.#answerFault(event.tag, event.fault);
      case 'literal-wanted':
        this.framer.accept();
        this.out.ascii('+ ').said('Ready for the literal').crlf();
        return this.flush();
      case 'stream-literal':
        return this.#speaker?.beginUpload(event.literal);
      case 'stream-chunk':
        return this.uploads.write(event.literal, event.bytes);
      case 'stream-end':
        return this.uploads.end(event.literal);
    }
  }

  async #execute(frame: Frame): Promise<void> {
    const { tag } = frame;
    if (tag === undefined) return this.#answerFault(undefined, new SyntaxFault('Expected a tag'));
    const command = this.services.registry.commands.get(frame.name);
    let completion: Completion;
    this.#running = command;
    if (command?.mayTakeLong === true)
      this.progress = new Progress(this, tag, this.services.settings.progressMs);
    try {
      completion = await this.#run(tag, command, frame);
    } catch (error) {
      completion = this.#completionOfError(error, frame.name);
      if (!this.out.dropOpenLine()) throw new StreamClosed('a line could not be sent to its end');
    } finally {
      this.#running = undefined;
      this.progress?.stop();
      this.progress = undefined;
      this.uploads.clear();
    }
    if (completion.next !== undefined) this.#enter(completion.next);
    if (this.#state.kind === 'elsewhere') return;
    this.#countBad(completion);
    if (command?.answersItself === true && completion.status === 'OK') return;
    await this.#speaker?.tellUpdates(command?.mayExpunge !== false);
    const code = completion.code ?? (completion.status === 'OK' ? this.#speaker?.okCode : undefined);
    writeStatus(this.out, tag, completion.status, completion.text, code);
    await this.flush();
    if (this.#badCommands >= this.#allowedBadCommands() && this.#state.kind !== 'logout')
      this.#sayGoodbye('Too many invalid commands');
    if (this.presence.isSpent) this.#sayGoodbye('Too many failed logins');
  }

  async #run(tag: string, command: Command | undefined, frame: Frame): Promise<Completion> {
    if (command === undefined)
      return bad(`Unknown command ${frame.name === '' ? '' : frame.name.slice(0, 40)}`.trim());
    const speaker = this.#speaker as Speaker;
    const { state } = speaker;
    if (state.kind === 'logout' || state.kind === 'elsewhere') return bad('Already logged out');
    if (!command.states.includes(state.kind)) return bad(wrongState(command, state.kind));
    if (command.takesNumbers === true && this.modes.uidOnly)
      return bad(`UIDONLY is enabled: use UID ${command.name}`, 'UIDREQUIRED');
    const args = command.parse(new Cursor(frame, this.modes), this.services.registry);
    const prepared = speaker.prepare();
    if (prepared !== undefined) await prepared;
    if (state.kind === 'selected' && command.needsNoMessages !== true) await state.selected.whenReady();
    // Who speaks has what the commands of its states may ask for.
    return command.run({ tag, session: speaker.context, state }, args);
  }

  #completionOfError(error: unknown, name: string): Completion {
    if (error instanceof SyntaxFault) return completionOfSyntax(error);
    if (error instanceof MailboxError) {
      if (error.cause !== undefined) this.log.warn({ err: error, command: name }, 'a command failed');
      return completionOf(error);
    }
    if (error instanceof ReadTimeout || error instanceof StreamClosed || error instanceof TakenBack)
      throw error;
    this.log.error({ err: error, command: name }, 'a bug: a command failed in a way it must not');
    return no('The server failed; the error was logged', 'SERVERBUG');
  }

  async #answerFault(tag: string | undefined, fault: SyntaxFault): Promise<void> {
    const completion = completionOfSyntax(fault);
    writeStatus(this.out, tag ?? '*', completion.status, completion.text, completion.code);
    this.#countBad(completion);
    if (fault.isFatal || this.#badCommands >= this.#allowedBadCommands()) {
      this.#sayGoodbye(fault.isFatal ? 'The command cannot be read' : 'Too many invalid commands');
    }
    await this.flush();
  }

  #enter(next: State): void {
    if (next.kind === 'logout') this.presence.endsBecause('logout');
    this.#speaker = (this.#speaker as Speaker).enter(next);
  }

  #countBad(completion: Completion): void {
    this.#badCommands = completion.status === 'BAD' ? this.#badCommands + 1 : 0;
  }

  #allowedBadCommands(): number {
    const { badCommands, badCommandsBeforeLogin } = this.services.settings;
    return this.#state.kind === 'not-authenticated' ? badCommandsBeforeLogin : badCommands;
  }

  #literalPolicy(announcement: LiteralAnnouncement): LiteralDecision {
    const command = this.services.registry.commands.get(announcement.name);
    if (command?.literal === undefined) return 'buffer';
    const { services, modes, uploads } = this;
    return command.literal(announcement, {
      ...{ state: this.#state, settings: services.settings },
      ...{ uploads, modes, reach: this.#speaker?.reach },
    });
  }

  async #pause(isLong: boolean): Promise<void> {
    await this.flush();
    // Handing over what is full does not let the others run.
    if (isLong) await this.#slice.next();
  }

  #sayGoodbye(reason: string): void {
    this.presence.endsBecause(reason);
    writeStatus(this.out, '*', 'BYE', reason);
    this.output.sendNow();
    this.#enter(LOGOUT);
  }

  #fail(error: unknown): void {
    if (error instanceof StreamClosed) return;
    let reason = 'The server failed; please reconnect';
    if (error instanceof ReadTimeout) reason = 'Autologout; idle for too long';
    else if (error instanceof TakenBack) reason = 'Storage failed; please reconnect';
    else this.log.error({ err: error }, 'a session ended by an error');
    if (error instanceof TakenBack)
      this.log.warn({ err: error }, 'a session ended, for what it was to say is not so');
    if (this.output.drop()) this.#sayGoodbye(reason);
  }
}

function wrongState(command: Command, kind: State['kind']): string {
  if (kind === 'not-authenticated') return `${command.name} needs a login first`;
  if (command.states.includes('selected')) return `${command.name} needs a selected mailbox`;
  return `${command.name} is not possible after login`;
}
