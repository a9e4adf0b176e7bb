/**
 * One connection: read a command, parse it whole, check that it may run, run it, tell what changed, answer. One command
 * at a time and in order, whatever is pipelined; its state is judged at the moment it runs.
 *
 * Nothing leaves before everything it was computed from is durable, and a line leaves whole, or the connection ends in
 * the middle of it. There is one place where errors become answers (`#execute`), one where the state changes (`#enter`),
 * one where bytes leave (`flush`).
 */

import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { Presence } from '../identity/presence.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Received } from '../mailbox/operations/incoming.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { AccountListener } from '../mailbox/state/account.ts';
import type { Connection } from '../net/connections.ts';
import type { Session } from '../net/listener.ts';
import type { Roster } from '../net/roster.ts';
import { type ByteStream, ReadTimeout, StreamClosed } from '../net/stream.ts';
import type { TlsSource } from '../net/tls.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import { allowsPlaintext } from '../sasl/plaintext.ts';
import type { Command } from './command.ts';
import type { SessionContext, SignedIn } from './context.ts';
import { completionOf, completionOfSyntax } from './faults.ts';
import { Input } from './input.ts';
import { Modes } from './modes.ts';
import { Output, TakenBack } from './output.ts';
import type { Registry } from './registry.ts';
import { bad, type Completion, no, writeStatus } from './replies.ts';
import type { ImapSettings } from './settings.ts';
import { LOGOUT, NOT_AUTHENTICATED, type State } from './state.ts';
import { removalCode, tellChanges } from './updates.ts';
import { Uploads } from './uploads.ts';
import { Cursor } from './wire/cursor.ts';
import { SyntaxFault } from './wire/fault.ts';
import type { Frame, StreamedLiteral } from './wire/frame.ts';
import type { FrameEvent } from './wire/frame-event.ts';
import { Framer } from './wire/framer.ts';
import type { LiteralAnnouncement, LiteralDecision } from './wire/literal.ts';
import type { WireWriter } from './wire/writer.ts';

/** What all sessions share. */
export interface ImapServices {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly registry: Registry;
  readonly uploads: UploadBudget;
  readonly settings: ImapSettings;
  readonly roster: Roster;
  readonly tls: TlsSource;
  readonly log: Log;
}

/** Enough output to be worth a write, and little enough to hold for each of thousands of slow readers. */
const FLUSH_BYTES = 256 * 1024;

export class ImapSession implements Session, SessionContext, AccountListener {
  readonly modes = new Modes();
  readonly out: WireWriter;
  readonly presence: Presence;
  log: Log;
  readonly #services: ImapServices;
  readonly #stream: ByteStream;
  readonly #input: Input;
  readonly #output: Output;
  readonly #framer: Framer;
  readonly #uploads: Uploads;
  #state: State = NOT_AUTHENTICATED;
  #leaveRoster: (() => void) | undefined;
  #stopReason: string | undefined;
  #running: Command | undefined;
  #badCommands = 0;
  /** Of all its commands together, however many are in flight. */
  readonly #slice = new TimeSlice();

  constructor(stream: ByteStream, connection: Connection, services: ImapServices) {
    this.#services = services;
    this.#stream = stream;
    this.log = services.log.child({ remote: stream.remoteAddress, session: connection.id });
    this.#framer = new Framer(services.settings.limitsBeforeLogin, (literal) => this.#literalPolicy(literal));
    this.#input = new Input(stream, this.#framer, () => this.#slice.restart());
    this.#output = new Output(stream);
    this.out = this.#output.out;
    this.#uploads = new Uploads(services.domain, services.uploads);
    this.presence = new Presence(services, connection);
  }

  get domain(): Domain {
    return this.#services.domain;
  }

  get settings(): ImapSettings {
    return this.#services.settings;
  }

  get isSecure(): boolean {
    return this.#stream.isSecure;
  }

  get lastActiveMs(): number {
    return this.#stream.lastActiveMs;
  }

  get mayUsePlaintext(): boolean {
    return allowsPlaintext(this.settings.plaintext, this.#stream);
  }

  get capabilities(): readonly string[] {
    return this.#capabilitiesOf(this.#state.kind !== 'not-authenticated');
  }

  async run(): Promise<void> {
    try {
      this.#stream.limitReads({ totalMs: this.settings.loginTimeoutMs });
      const greeting = `${this.settings.hostname} Brevduva ready`;
      writeStatus(this.out, '*', 'OK', greeting, `CAPABILITY ${this.capabilities.join(' ')}`);
      await this.flush();
      await this.#serve();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#uploads.clear();
      this.deselect();
      if (this.#state.kind === 'authenticated') this.#state.account.listeners.delete(this);
      this.#leaveRoster?.();
    }
    await this.#stream.close();
  }

  /** At once when the session waits for its client, else after the command that runs. */
  stop(reason: string): void {
    this.#stopReason ??= reason;
    if (!this.#input.isWaiting) return;
    this.#sayGoodbye(reason);
    void this.#stream.close();
  }

  onAccountChange(): void {}

  onEvicted(reason: string): void {
    this.stop(reason);
  }

  onApplied(): void {
    this.#output.onApplied();
  }

  onTakenBack(): void {
    this.#output.onTakenBack(this.#running?.gathers === true);
  }

  flush(): Promise<void> {
    const state = this.#state;
    const isSignedIn = state.kind === 'authenticated' || state.kind === 'selected';
    return this.#output.flush(isSignedIn ? state.account.unsettled : undefined);
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
    const line = await this.#input.nextLine();
    if (line?.kind === 'fault') throw line.fault;
    return line?.bytes;
  }

  async waitForLine(timeoutMs: number): Promise<Buffer | 'hint' | 'timeout' | 'end'> {
    await this.flush();
    if (this.#stopReason !== undefined) return 'end';
    const event = await this.#input.lineOrWake(timeoutMs);
    if (typeof event === 'string') return event;
    if (event.kind === 'fault') throw event.fault;
    return event.bytes;
  }

  async tellUpdates(mayExpunge: boolean): Promise<void> {
    if (this.#state.kind !== 'selected') return;
    const { selected } = this.#state;
    if (selected.whenReady() !== undefined) return;
    await tellChanges(this, selected, mayExpunge);
  }

  signIn(credentials: Credentials, mechanism: string): Promise<SignedIn> {
    return this.presence.signIn(credentials, mechanism, (record) => this.#enterAccount(record));
  }

  async startTls(tag: string): Promise<void> {
    writeStatus(this.out, tag, 'OK', 'Begin TLS negotiation now');
    this.#input.dropPending();
    await this.#stream.startTls(this.#services.tls, Buffer.concat(this.out.take()));
    this.#input.dropPending();
  }

  deselect(): void {
    if (this.#state.kind !== 'selected') return;
    this.#state.selected.viewer.close();
    this.#state = { kind: 'authenticated', account: this.#state.account };
  }

  received(literal: StreamedLiteral): Received {
    return this.#uploads.received(literal);
  }

  /** For the viewer of the mailbox that is opened. */
  readonly viewerEvents = {
    onHint: (): void => this.#input.hint(),
    onInvalid: (): void => {
      this.#output.onInvalidView();
      this.stop('Storage failed; please reconnect');
    },
  };

  async #enterAccount(record: AccountRecord): Promise<SignedIn> {
    const account = await this.domain.accounts.open(record.id);
    this.#leaveRoster = this.#services.roster.join(record.address, this);
    account.listeners.add(this);
    this.log = this.log.child({ account: record.address }, record.address);
    this.#framer.setLimits(this.settings.limitsAfterLogin);
    this.#stream.limitReads({ idleMs: this.settings.idleTimeoutMs });
    return { account, record, capabilities: this.#capabilitiesOf(true) };
  }

  async #serve(): Promise<void> {
    while (this.#state.kind !== 'logout') {
      if (this.#stopReason !== undefined) return this.#sayGoodbye(this.#stopReason);
      const event = await this.#input.nextEvent();
      if (event === undefined) return;
      const rest = this.#slice.spent();
      if (rest !== undefined) await rest;
      await this.#handle(event);
    }
  }

  async #handle(event: FrameEvent): Promise<void> {
    switch (event.kind) {
      case 'frame':
        return this.#execute(event.frame);
      case 'fault':
        this.#uploads.clear();
        return this.#answerFault(event.tag, event.fault);
      case 'literal-wanted':
        this.#framer.accept();
        this.out.ascii('+ Ready for the literal').crlf();
        return this.flush();
      case 'stream-literal':
        if (this.#state.kind === 'authenticated' || this.#state.kind === 'selected') {
          this.#uploads.begin(event.literal, this.#state.account.id, this.settings.maxAppendBytes);
        }
        return;
      case 'stream-chunk':
        return this.#uploads.write(event.literal, event.bytes);
      case 'stream-end':
        return this.#uploads.end(event.literal);
    }
  }

  async #execute(frame: Frame): Promise<void> {
    const { tag } = frame;
    if (tag === undefined) return this.#answerFault(undefined, new SyntaxFault('Expected a tag'));
    const command = this.#services.registry.commands.get(frame.name);
    let completion: Completion;
    this.#running = command;
    try {
      completion = await this.#run(tag, command, frame);
    } catch (error) {
      completion = this.#completionOfError(error, frame.name);
      if (!this.out.dropOpenLine()) throw new StreamClosed('a line could not be sent to its end');
    } finally {
      this.#running = undefined;
      this.#uploads.clear();
    }
    if (completion.next !== undefined) this.#enter(completion.next);
    this.#countBad(completion);
    if (command?.answersItself === true && completion.status === 'OK') return;
    await this.tellUpdates(command?.mayExpunge !== false);
    const code = completion.code ?? (completion.status === 'OK' ? this.#removalCode() : undefined);
    writeStatus(this.out, tag, completion.status, completion.text, code);
    await this.flush();
    if (this.#badCommands >= this.#allowedBadCommands() && this.#state.kind !== 'logout')
      this.#sayGoodbye('Too many invalid commands');
    if (this.presence.isSpent) this.#sayGoodbye('Too many failed logins');
  }

  async #run(tag: string, command: Command | undefined, frame: Frame): Promise<Completion> {
    if (command === undefined)
      return bad(`Unknown command ${frame.name === '' ? '' : frame.name.slice(0, 40)}`.trim());
    const state = this.#state;
    if (state.kind === 'logout') return bad('Already logged out');
    if (!command.states.includes(state.kind)) return bad(wrongState(command, state.kind));
    const args = command.parse(new Cursor(frame, { isUtf8: this.modes.isUtf8 }), this.#services.registry);
    if (state.kind === 'selected' && command.needsNoMessages !== true) await state.selected.whenReady();
    return command.run({ tag, session: this, state }, args);
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
    if (this.#state.kind === 'selected' && next.kind !== 'selected') this.#state.selected.viewer.close();
    if (next.kind === 'logout' && (this.#state.kind === 'authenticated' || this.#state.kind === 'selected')) {
      this.#state.account.listeners.delete(this);
    }
    this.#state = next;
  }

  #removalCode(): string | undefined {
    const state = this.#state;
    if (state.kind !== 'selected' || state.selected.whenReady() !== undefined) return undefined;
    return removalCode(state.selected);
  }

  #countBad(completion: Completion): void {
    this.#badCommands = completion.status === 'BAD' ? this.#badCommands + 1 : 0;
  }

  #allowedBadCommands(): number {
    const { badCommands, badCommandsBeforeLogin } = this.settings;
    return this.#state.kind === 'not-authenticated' ? badCommandsBeforeLogin : badCommands;
  }

  #capabilitiesOf(isSignedIn: boolean): string[] {
    const { isSecure, mayUsePlaintext, settings } = this;
    return this.#services.registry.capabilities({ isSignedIn, isSecure, mayUsePlaintext, settings });
  }

  #literalPolicy(announcement: LiteralAnnouncement): LiteralDecision {
    const command = this.#services.registry.commands.get(announcement.name);
    if (command?.literal === undefined) return 'buffer';
    const { settings, modes } = this;
    return command.literal(announcement, { state: this.#state, uploads: this.#uploads, settings, modes });
  }

  async #pause(isLong: boolean): Promise<void> {
    await this.flush();
    // Handing over what is full does not let the others run.
    if (isLong) await this.#slice.next();
  }

  #sayGoodbye(reason: string): void {
    this.presence.endsBecause(reason);
    writeStatus(this.out, '*', 'BYE', reason);
    this.#output.sendNow();
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
    if (this.#output.drop()) this.#sayGoodbye(reason);
  }
}

function wrongState(command: Command, kind: State['kind']): string {
  if (kind === 'not-authenticated') return `${command.name} needs a login first`;
  if (command.states.includes('selected')) return `${command.name} needs a selected mailbox`;
  return `${command.name} is not possible after login`;
}
