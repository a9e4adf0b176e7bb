/**
 * One POP3 connection: read a line, find its command, check that it may run, run it, answer. One command at a time and in
 * order, whatever is pipelined (RFC 2449 §6.6); its state is judged at the moment it runs.
 *
 * The maildrop is held from sign-in to the end of the session and given back in one place (`release`), which every end
 * comes by: QUIT, a lost or silent connection, the server's stop. Only QUIT deletes anything (RFC 1939 §6). There is
 * nothing to say to a client that did not ask, so a session that is stopped or idle for too long just ends (§3).
 */

import type { Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import type { Admission } from '../identity/authenticator.ts';
import { type Exchange, termsOn } from '../identity/exchange.ts';
import { type Arriving, handOver, signedInBy } from '../identity/handing-over.ts';
import { Presence } from '../identity/presence.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountListener } from '../mailbox/state/account.ts';
import { type Connection, ReadTimeout } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { StreamClosed } from '../net/outbox.ts';
import { HandoverRefused } from '../net/relay.ts';
import type { Session } from '../net/sessions.ts';
import type { Credentials, SaslTerms } from '../sasl/mechanism.ts';
import type { SessionContext, SignedIn, State, Transaction } from './command.ts';
import { COMMANDS } from './commands.ts';
import { asResponseCode, Mistake, Refusal, refusalOf } from './faults.ts';
import { openTransaction } from './open-transaction.ts';
import type { Pop3Services } from './services.ts';
import { type Pop3Settings, settingsOf } from './settings.ts';
import { TERMINATOR } from './stuffing.ts';
import { findLanguage, type Language, type Texts, textsIn } from './texts.ts';
import { LINE_BYTES, LINE_BYTES_BEFORE_LOGIN, LineReader, parseCommand } from './wire.ts';

export class Pop3Session implements Session, SessionContext, AccountListener {
  readonly presence: Presence;
  /** What is changed through it is this session's. */
  readonly domain: Domain;
  isUtf8 = false;
  readonly #services: Pop3Services;
  readonly #stream: Connection;
  readonly #guest: Guest;
  readonly #lines = new LineReader(LINE_BYTES_BEFORE_LOGIN);
  #log: Log;
  #language: Language = 'en';
  #state: State = { kind: 'authorization' };
  #held: (() => Promise<void>) | undefined;
  credential: number | undefined;
  #isReading = false;
  #isStopped = false;
  #mistakes = 0;
  /** Of all its commands together, however many are in flight. */
  readonly #slice = new TimeSlice();

  constructor(stream: Connection, guest: Guest, services: Pop3Services) {
    this.#services = services;
    this.domain = actingAs(services.domain, guest);
    this.#stream = stream;
    this.#guest = guest;
    this.#log = services.log.child({ remote: stream.remoteAddress, session: guest.id });
    this.presence = new Presence(services, guest);
  }

  get settings(): Pop3Settings {
    return this.#services.settings;
  }

  get texts(): Texts {
    return textsIn(this.#language);
  }

  get isSecure(): boolean {
    return this.#stream.isSecure;
  }

  get lastActiveMs(): number {
    return this.#stream.lastActiveMs;
  }

  get saslTerms(): SaslTerms {
    return termsOn(this.#stream, this.settings.plaintext, this.#services.authenticator);
  }

  async run(): Promise<void> {
    try {
      this.#greet();
      await this.#serve();
    } catch (error) {
      this.#fail(error);
    } finally {
      await this.release();
    }
    const state = this.#state;
    if (state.kind === 'elsewhere') await this.#stream.join(state.holder, this.#lines.takeUnread());
    else await this.#stream.close();
  }

  /** Signed in at another process: the session begins with its maildrop. Throws why it cannot, as the client is told. */
  async arrive(arriving: Arriving): Promise<void> {
    const { mechanism, session } = arriving.handover;
    const who = signedInBy(arriving);
    this.#language = findLanguage(String(session.language)) ?? 'en';
    this.isUtf8 = session.isUtf8 === true;
    try {
      this.#state = { kind: 'transaction', ...(await this.#enterMaildrop(who)) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new HandoverRefused(error.code ?? '', error.textIn(this.texts), true);
    }
    this.presence.arrived(who, mechanism);
  }

  #greet(): void {
    if (this.#state.kind === 'transaction') {
      const { count, octets } = this.#state.maildrop.totals;
      this.ok(this.texts.signedIn(count, octets));
      return;
    }
    this.#stream.limitReads({ totalMs: this.settings.loginTimeoutMs });
    // No timestamp in angle brackets: it would offer APOP (RFC 1939 §7).
    this.ok(`${this.settings.hostname} Brevduva ready`);
  }

  stop(reason: string): void {
    this.#isStopped = true;
    this.presence.endsBecause(reason);
    if (!this.#isReading) return;
    this.#log.debug({ reason }, 'session stopped');
    void this.release();
    void this.#stream.close();
  }

  onEvicted(reason: string): void {
    this.stop(reason);
  }

  ok(text: string): void {
    this.#stream.write(Buffer.from(`+OK ${text}\r\n`));
  }

  lines(text: string): void {
    this.#stream.write(Buffer.from(text));
  }

  endList(): void {
    this.#stream.write(TERMINATOR);
  }

  octets(pieces: readonly Buffer[]): void {
    this.#stream.write(pieces);
  }

  breathe(): Promise<void> | undefined {
    const isLong = this.#slice.isSpent;
    return isLong || !this.#stream.isWritable ? this.#pause(isLong) : undefined;
  }

  async ask(challenge: Buffer): Promise<Buffer | undefined> {
    this.#stream.write(Buffer.from(`+ ${challenge.toString('base64')}\r\n`));
    return this.#nextLine();
  }

  speak(language: Language): void {
    this.#language = language;
  }

  useUtf8(): void {
    this.isUtf8 = true;
  }

  enter(state: State): void {
    if (state.kind === 'ended') this.presence.endsBecause('quit');
    this.#state = state;
  }

  async startTls(): Promise<void> {
    this.#lines.drop();
    await this.#stream.startTls(this.#services.tls, Buffer.from(`+OK ${this.texts.beginTls()}\r\n`));
    this.#lines.drop();
  }

  signIn(credentials: Credentials, mechanism: string): Promise<SignedIn> {
    return this.presence.signIn(credentials, mechanism, (who) => this.#admit(who, mechanism));
  }

  exchange(exchange: Exchange): Promise<SignedIn> {
    return this.presence.exchange(exchange, (who) => this.#admit(who, exchange.mechanism.name));
  }

  async #admit(who: Admission, mechanism: string): Promise<SignedIn> {
    const holder = await this.#handOver(who, mechanism);
    if (holder !== undefined) return { kind: 'elsewhere', holder };
    return { kind: 'transaction', ...(await this.#enterMaildrop(who)) };
  }

  async #handOver(who: Admission, mechanism: string): Promise<Socket | undefined> {
    const session = { isUtf8: this.isUtf8, language: this.#language };
    const leaving = { connection: this.#stream, guest: this.#guest, mechanism, session };
    try {
      return await handOver(who, { ...this.#services, ...leaving });
    } catch (error) {
      if (!(error instanceof HandoverRefused)) throw error;
      throw new Refusal(() => error.message, asResponseCode(error.code));
    }
  }

  async #enterMaildrop({ record, credential }: Admission): Promise<Transaction> {
    const { settings, locks, roster, sizes } = this.#services;
    const own = settingsOf(settings.defaults, record.settings);
    if (!own.enabled) throw new Refusal((texts) => texts.switchedOff(), 'SYS/PERM');
    const { loginDelay } = settings.defaults;
    const unlock = await locks.acquire(record.id, settings.lockWaitMs);
    if (unlock === undefined) throw new Refusal((texts) => texts.inUse(), 'IN-USE');
    this.#held = async () => unlock();
    if (!locks.mayEnter(record.id, loginDelay)) {
      await this.release();
      throw new Refusal((texts) => texts.loginDelay(Math.ceil(loginDelay / 1000)), 'LOGIN-DELAY');
    }
    try {
      const account = await this.domain.accounts.open(record.id);
      const leaveRoster = roster.join(record.address, this);
      this.credential = credential?.id;
      let transaction: Transaction | undefined;
      this.#held = async () => {
        account.listeners.delete(this);
        leaveRoster();
        await transaction?.seen?.flush();
        transaction?.viewer.close();
        unlock();
      };
      await this.domain.accounts.join(account, this);
      const terms = { settings: own, isUtf8: this.isUtf8 };
      transaction = await openTransaction(this.domain, account, terms, {
        onHint: () => {},
        onInvalid: () => this.stop('storage failed'),
      });
      await sizes.settle(transaction.maildrop, transaction.reader, () => this.breathe());
      this.#log = this.#log.child({ account: record.address }, record.address);
      this.#lines.setLimit(LINE_BYTES);
      this.#stream.limitReads({ idleMs: settings.idleTimeoutMs });
      return transaction;
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.();
  }

  async #serve(): Promise<void> {
    while (this.#state.kind !== 'ended' && this.#state.kind !== 'elsewhere' && !this.#isStopped) {
      const line = await this.#nextLine();
      if (line === undefined || this.#isStopped) return;
      await this.#execute(line);
      await this.breathe();
    }
  }

  /** Undefined when the client is gone. Throws ReadTimeout. */
  async #nextLine(): Promise<Buffer | undefined> {
    for (;;) {
      const event = this.#lines.take();
      if (event?.kind === 'line') return event.bytes;
      if (event?.kind === 'too-long') {
        this.#refuse(new Refusal((texts) => texts.lineTooLong()));
        return undefined;
      }
      this.#isReading = true;
      const bytes = await this.#stream.read().finally(() => {
        this.#isReading = false;
      });
      if (bytes === undefined) return undefined;
      this.#slice.restart();
      this.#lines.push(bytes);
    }
  }

  async #execute(line: Buffer): Promise<void> {
    const { verb, argument } = parseCommand(line);
    try {
      const command = COMMANDS.get(verb);
      const state = this.#state;
      if (command === undefined) throw new Mistake((texts) => texts.unknownCommand());
      if (!command.states.includes(state.kind)) throw new Mistake(wrongState(state));
      await command.run({ session: this, state, argument });
      this.#mistakes = 0;
    } catch (error) {
      this.#answerError(error, verb);
    }
  }

  #answerError(error: unknown, verb: string): void {
    if (error instanceof ReadTimeout || error instanceof StreamClosed) throw error;
    if (error instanceof MailboxError) {
      if (error.cause !== undefined) this.#log.warn({ err: error, command: verb }, 'a command failed');
      this.#refuse(refusalOf(error.code));
    } else if (error instanceof Refusal) {
      if (error instanceof Mistake) this.#mistakes++;
      this.#refuse(error);
    } else {
      this.#log.error({ err: error, command: verb }, 'a bug: a command failed in a way it must not');
      this.#refuse(new Refusal((texts) => texts.bug(), 'SYS/TEMP'));
    }
    const { badCommands, badCommandsBeforeLogin } = this.settings;
    const allowed = this.#state.kind === 'transaction' ? badCommands : badCommandsBeforeLogin;
    if (this.presence.isSpent) this.#state = { kind: 'ended' };
    else if (this.#mistakes >= allowed) this.#state = { kind: 'ended' };
  }

  #refuse(refusal: Refusal): void {
    const code = refusal.code === undefined ? '' : `[${refusal.code}] `;
    this.#stream.write(Buffer.from(`-ERR ${code}${refusal.textIn(this.texts)}\r\n`));
  }

  async #pause(isLong: boolean): Promise<void> {
    if (!this.#stream.isWritable) await this.#stream.drained();
    if (isLong) await this.#slice.next();
  }

  #fail(error: unknown): void {
    if (error instanceof StreamClosed || error instanceof ReadTimeout) {
      if (error instanceof ReadTimeout) this.presence.endsBecause('idle for too long');
      this.#log.debug({ reason: error.message }, 'session ended');
      return;
    }
    this.#log.error({ err: error }, 'a session ended by an error');
  }
}

function wrongState(state: State): (texts: Texts) => string {
  return state.kind === 'authorization' ? (texts) => texts.signInFirst() : (texts) => texts.alreadySignedIn();
}
