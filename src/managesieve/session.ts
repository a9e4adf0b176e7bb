/**
 * One ManageSieve connection (RFC 5804): read a frame, find its command, check that it may run, run it, answer. One command at
 * a time and in order, whatever is pipelined. Nobody is told anything he did not ask for, but that it is over.
 *
 * A connection of an account that another process holds goes there when it has signed in, as those of other protocols do; the
 * answer to the sign-in is the holder's.
 */
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import type { Admission } from '../identity/authenticator.ts';
import { type Exchange, ExchangeFault, termsOn } from '../identity/exchange.ts';
import { type Arriving, handOver, signedInBy } from '../identity/handing-over.ts';
import { Presence } from '../identity/presence.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountListener, AccountState } from '../mailbox/state/account.ts';
import { type Connection, ReadTimeout } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { StreamClosed } from '../net/outbox.ts';
import type { Departure, Session } from '../net/sessions.ts';
import type { Editing } from '../rules/editing.ts';
import { MAX_RESPONSE_BYTES, type SaslTerms } from '../sasl/mechanism.ts';
import { capabilityLines } from './capabilities.ts';
import { Args, type SessionContext, type State } from './command.ts';
import { COMMANDS, decoded, encoded } from './commands.ts';
import { Mistake, Refusal, refusalOf, sentence } from './faults.ts';
import type { ManageSieveServices } from './services.ts';
import { type Frame, FrameReader } from './wire/frame-reader.ts';
import { answer, type Code } from './wire/writer.ts';

/** A script that is too large is read away, up to here (RFC 5804 §2.6 lets a client send it). */
const DISCARD_BYTES = 2 * 1024 * 1024;
/** A literal of a client that has not signed in is a SASL response, in base64. */
const LITERAL_BYTES_BEFORE_LOGIN = 2 * MAX_RESPONSE_BYTES;

export class ManageSieveSession implements Session, SessionContext, AccountListener {
  readonly presence: Presence;
  /** What is changed through it is this session's. */
  readonly domain: Domain;
  credential: number | undefined;
  readonly #services: ManageSieveServices;
  readonly #stream: Connection;
  readonly #guest: Guest;
  readonly #frames: FrameReader;
  readonly #slice = new TimeSlice();
  #log: Log;
  #state: State = { kind: 'authorization' };
  #leave: (() => void) | undefined;
  /** The server's last word of the sign-in, for its answer. */
  #last: string | undefined;
  #mistakes = 0;
  #isReading = false;
  #isStopped = false;

  constructor(stream: Connection, guest: Guest, services: ManageSieveServices) {
    const { log, settings } = services;
    this.#services = services;
    this.domain = actingAs(services.domain, guest);
    this.#stream = stream;
    this.#guest = guest;
    this.#log = log.child({ remote: stream.remoteAddress, session: guest.id });
    this.presence = new Presence(services, guest);
    this.#frames = new FrameReader(limitsBeforeLogin(settings.lineBytes));
  }

  get editing(): Editing {
    return this.#services.editing;
  }

  get isSecure(): boolean {
    return this.#stream.isSecure;
  }

  get saslTerms(): SaslTerms {
    return termsOn(this.#stream, this.#services.settings.plaintext, this.#services.authenticator);
  }

  get lastActiveMs(): number {
    return this.#stream.lastActiveMs;
  }

  async run(): Promise<Departure | undefined> {
    try {
      this.#greet();
      await this.#serve();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#release();
    }
    const state = this.#state;
    if (state.kind === 'elsewhere') return { holder: state.holder, unread: this.#frames.takeUnread() };
    await this.#stream.close();
    return undefined;
  }

  /** Signed in at another process. Throws MailboxError. */
  async arrive(arriving: Arriving): Promise<void> {
    const { mechanism, session } = arriving.handover;
    const who = signedInBy(arriving);
    this.#last = typeof session.last === 'string' ? session.last : undefined;
    await this.#enter(who);
    this.presence.arrived(who, mechanism);
  }

  stop(reason: string): void {
    this.#isStopped = true;
    this.presence.endsBecause(reason);
    if (!this.#isReading) return;
    this.#log.debug({ reason }, 'session stopped');
    this.say(answer('BYE', sentence(reason)));
    this.#release();
    void this.#stream.close();
  }

  onEvicted(reason: string): void {
    this.stop(reason);
  }

  say(bytes: Buffer): void {
    this.#stream.write(bytes);
  }

  ok(text?: string, code?: Code): void {
    this.say(answer('OK', text, code));
  }

  tellCapabilities(): void {
    const { settings, editing } = this.#services;
    const owner = this.#state.kind === 'signed-in' ? this.#state.account.record.address : undefined;
    const { isSecure, saslTerms } = this;
    this.say(capabilityLines({ isSecure, saslTerms, owner, version: settings.version, editing }));
  }

  async signIn(exchange: Omit<Exchange, 'ask' | 'terms'>): Promise<void> {
    this.#last = undefined;
    const whole: Exchange = {
      ...exchange,
      terms: this.saslTerms,
      ask: (challenge) => this.#ask(challenge),
      carry: (last) => {
        this.#last = last.toString('base64');
      },
    };
    try {
      await this.presence.exchange(whole, (who) => this.#admit(who, exchange.mechanism.name));
    } catch (error) {
      if (!(error instanceof ExchangeFault)) throw error;
      throw new Refusal(error.kind === 'cancelled' ? 'Authentication was cancelled' : error.message);
    }
    if (this.#state.kind === 'signed-in') this.#welcome();
  }

  async startTls(): Promise<void> {
    this.#frames.drop();
    await this.#stream.startTls(this.#services.tls, answer('OK', 'Begin TLS negotiation now'));
    this.#frames.drop();
  }

  signOut(): void {
    this.#release();
    this.credential = undefined;
    this.#state = { kind: 'authorization' };
    const { loginTimeoutMs, lineBytes } = this.#services.settings;
    this.#frames.setLimits(limitsBeforeLogin(lineBytes));
    this.#stream.limitReads({ totalMs: loginTimeoutMs });
  }

  end(): void {
    this.presence.endsBecause('logout');
    this.#state = { kind: 'ended' };
  }

  note(what: string, facts: { readonly script: string }): void {
    this.presence.note(what, facts);
  }

  #greet(): void {
    if (this.#state.kind === 'signed-in') {
      this.#welcome();
      return;
    }
    this.#stream.limitReads({ totalMs: this.#services.settings.loginTimeoutMs });
    this.tellCapabilities();
    this.ok('Brevduva ready');
  }

  /** RFC 5804 §2.1: the success carries the server's last message. */
  #welcome(): void {
    const last = this.#last;
    this.#last = undefined;
    if (last === undefined) this.ok('Signed in');
    else this.ok('Signed in', { name: 'SASL', value: last });
  }

  async #admit(who: Admission, mechanism: string): Promise<void> {
    const session = this.#last === undefined ? {} : { last: this.#last };
    const leaving = { connection: this.#stream, guest: this.#guest, mechanism, session };
    const holder = await handOver(who, { ...this.#services, ...leaving });
    if (holder === undefined) await this.#enter(who);
    else this.#state = { kind: 'elsewhere', holder };
  }

  async #enter({ record, credential }: Admission): Promise<void> {
    const { roster, settings, editing } = this.#services;
    const account: AccountState = await this.domain.accounts.open(record.id);
    const leaveRoster = roster.join(record.address, this);
    this.credential = credential?.id;
    this.#leave = () => {
      account.listeners.delete(this);
      leaveRoster();
    };
    try {
      await this.domain.accounts.join(account, this);
    } catch (error) {
      this.#release();
      throw error;
    }
    this.#log = this.#log.child({ account: record.address }, record.address);
    this.#state = { kind: 'signed-in', account };
    const { scriptBytes: literalBytes } = editing.limits;
    this.#frames.setLimits({ lineBytes: settings.lineBytes, literalBytes, discardBytes: DISCARD_BYTES });
    this.#stream.limitReads({ idleMs: settings.idleTimeoutMs });
  }

  #release(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  async #serve(): Promise<void> {
    while (this.#state.kind !== 'ended' && this.#state.kind !== 'elsewhere' && !this.#isStopped) {
      const frame = await this.#nextFrame();
      if (frame === undefined || this.#isStopped) return;
      await this.#execute(frame);
      if (!this.#stream.isWritable) await this.#stream.drained();
      if (this.#slice.isSpent) await this.#slice.next();
    }
  }

  /** Undefined when the client is gone. Throws ReadTimeout. */
  async #nextFrame(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#frames.take();
      if (frame !== undefined) return frame;
      this.#isReading = true;
      const bytes = await this.#stream.read().finally(() => {
        this.#isReading = false;
      });
      if (bytes === undefined) return undefined;
      this.#slice.restart();
      this.#frames.push(bytes);
    }
  }

  /** A line that is a string alone; "*" gives up (RFC 5804 §2.1). */
  async #ask(challenge: Buffer): Promise<Buffer | undefined> {
    this.say(encoded(challenge));
    const frame = await this.#nextFrame();
    if (frame === undefined) throw new StreamClosed('the client is gone');
    const [word, ...more] = frame.words;
    if (frame.kind === 'fault' || word?.kind !== 'string' || more.length > 0)
      throw new Mistake('Expected a response, a string in base64');
    return word.bytes.equals(Buffer.from('*')) ? undefined : decoded(word.bytes);
  }

  async #execute(frame: Frame): Promise<void> {
    const [first, ...words] = frame.words;
    const name = first?.kind === 'atom' ? first.text.toUpperCase() : '';
    if (frame.kind === 'words' && first === undefined) return;
    try {
      if (frame.kind === 'fault' && frame.fault.kind === 'too-long') {
        this.#refuse(new Refusal(sentence(frame.fault.text)), true);
        return;
      }
      if (frame.kind === 'fault') throw faultOf(frame.fault);
      const command = COMMANDS.get(name);
      if (command === undefined) throw new Mistake(`There is no command ${name.slice(0, 40) || 'like that'}`);
      const state = this.#state;
      if (!command.states.includes(state.kind))
        throw new Mistake(state.kind === 'authorization' ? 'Sign in first' : 'You are signed in already');
      await command.run({ session: this, state, args: new Args(words) });
      this.#mistakes = 0;
    } catch (error) {
      this.#answerError(error, name);
    }
  }

  #answerError(error: unknown, command: string): void {
    if (error instanceof ReadTimeout || error instanceof StreamClosed) throw error;
    if (error instanceof MailboxError) {
      if (error.cause !== undefined) this.#log.warn({ err: error, command }, 'a command failed');
      this.#refuse(refusalOf(error));
    } else if (error instanceof Refusal) {
      if (error instanceof Mistake) this.#mistakes++;
      this.#refuse(error);
    } else {
      this.#log.error({ err: error, command }, 'a bug: a command failed in a way it must not');
      this.#refuse(new Refusal('The server failed; the error was logged', { name: 'TRYLATER' }));
    }
  }

  /** NO; or BYE for whoever has had his chances. */
  #refuse({ message, code }: Refusal, isEnd = false): void {
    const { badCommands, badCommandsBeforeLogin } = this.#services.settings;
    const allowed = this.#state.kind === 'signed-in' ? badCommands : badCommandsBeforeLogin;
    // Of a line without an end nobody knows where the next begins.
    const isOver = isEnd || this.presence.isSpent || this.#mistakes >= allowed;
    this.say(answer(isOver ? 'BYE' : 'NO', message, code));
    if (isOver) this.#state = { kind: 'ended' };
  }

  #fail(error: unknown): void {
    if (error instanceof ReadTimeout) {
      this.presence.endsBecause('idle for too long');
      this.say(answer('BYE', 'Nothing was said for too long', { name: 'TRYLATER' }));
    } else if (!(error instanceof StreamClosed)) {
      this.#log.error({ err: error }, 'a session ended by an error');
      return;
    }
    this.#log.debug({ reason: error.message }, 'session ended');
  }
}

function limitsBeforeLogin(lineBytes: number) {
  return { lineBytes, literalBytes: LITERAL_BYTES_BEFORE_LOGIN, discardBytes: 0 };
}

function faultOf({ kind, text }: Extract<Frame, { kind: 'fault' }>['fault']): Refusal {
  if (kind === 'too-large') return new Refusal(sentence(text), { name: 'QUOTA/MAXSIZE' });
  return new Mistake(sentence(text));
}
