/**
 * One connection of SMTP or a relative (RFC 5321, RFC 2033, RFC 6409): read a command line, run it, answer; one at a time
 * and in order, whatever is pipelined (RFC 2920). What is particular to a relative is its role's (`role.ts`).
 *
 * Every wait has an end. A command has `idleMs` from the answer to the one before, however its octets drip; a message may
 * be silent for as long, takes `dataMs` at most, and comes at `minRate` octets a second once it has had `slowStartMs`;
 * a client that does not take its replies is cut off by the stream. A stop lets the message under way finish.
 */
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type Connection, ReadTimeout } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { StreamClosed } from '../net/outbox.ts';
import type { Session } from '../net/sessions.ts';
import type { TlsSource } from '../net/tls.ts';
import { CommandFault, parseCommandLine, parsePath } from './command.ts';
import { SmtpInput } from './input.ts';
import {
  type Extension,
  type ExtensionKeyword,
  type MailParameters,
  mailParameters,
  recipientParameters,
} from './parameters.ts';
import { REPLY, replyOf } from './replies.ts';
import { type Reply, replyLine, replyLines } from './reply.ts';
import {
  ClientGone,
  type Dialogue,
  Farewell,
  type Hello,
  type ReadMessage,
  type Role,
  type Sender,
  type Transaction,
} from './role.ts';

export interface Deadlines {
  readonly idleMs: number;
  readonly dataMs: number;
  readonly minRate: number;
  readonly slowStartMs: number;
}

/**
 * RFC 5321 §4.5.3.2.7 for the silence. No transfer agent needs an hour for a message, and none that works sends less than
 * a hundred octets a second.
 */
export const DEADLINES: Deadlines = Object.freeze({
  idleMs: 5 * 60_000,
  dataMs: 3_600_000,
  minRate: 100,
  slowStartMs: 60_000,
});

export interface SessionOptions {
  readonly role: Role;
  /** In the greeting, and in the answer to EHLO. */
  readonly hostname: string;
  readonly maxMessageBytes: number;
  /** Recipients of a transaction. */
  readonly maxRecipients: number;
  /** Commands that make no sense, after which the connection is over. */
  readonly maxMistakes: number;
  /** STARTTLS is offered with it. */
  readonly tls: TlsSource | undefined;
  readonly handshakeTimeoutMs: number;
  readonly deadlines: Deadlines;
  readonly log: Log;
}

/** RFC 5321 §4.5.3.1.4 asks for 512 octets, more with extensions. */
const MAX_LINE_BYTES = 4096;
/** It becomes a header line, which has 998 octets at most (RFC 5322 §2.1.1). */
const MAX_SENDER_BYTES = 900;
/** Of an address from outside, in the log. */
const MAX_SHOWN = 320;
/** A browser that was sent here by a page (an attack on another protocol) would go on with lines of its choice. */
const WEB_REQUEST = /^[A-Z]+ \S+ HTTP\/\d/;

/** The transaction that MAIL began. */
interface Mail {
  readonly sender: Sender;
  readonly transaction: Transaction;
  /** Taken. */
  recipients: number;
}

export class SmtpSession implements Session {
  readonly #stream: Connection;
  readonly #guest: Guest;
  readonly #options: SessionOptions;
  readonly #role: Role;
  readonly #input: SmtpInput;
  readonly #log: Log;
  readonly #slice = new TimeSlice();
  readonly #dialogue: Dialogue;
  #hello: Hello | undefined;
  #mail: Mail | undefined;
  #messages = 0;
  #mistakes = 0;
  #isWaiting = false;
  #isStopped = false;
  #isOver = false;

  constructor(stream: Connection, guest: Guest, options: SessionOptions) {
    this.#stream = stream;
    this.#guest = guest;
    this.#options = options;
    this.#role = options.role;
    this.#input = new SmtpInput(stream, MAX_LINE_BYTES);
    this.#log = options.log.child({ remote: stream.remoteAddress, session: guest.id });
    this.#dialogue = {
      say: (reply) => this.#say(reply),
      line: () => this.#answerLine(),
      reset: () => this.#forget(),
    };
  }

  async run(): Promise<void> {
    try {
      this.#say({ code: 220, text: `${this.#options.hostname} ${this.#role.title}` });
      while (!this.#isOver) await this.#serveOne();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#role.close();
    }
    await this.#stream.close();
  }

  /** At once when the session waits for a command, else after the message that is under way. */
  stop(): void {
    this.#isStopped = true;
    if (!this.#isWaiting) return;
    this.#say(REPLY.shuttingDown);
    this.#isOver = true;
    void this.#stream.close();
  }

  async #serveOne(): Promise<void> {
    const line = await this.#nextLine();
    if (line === undefined) return;
    if (WEB_REQUEST.test(line.toString('latin1', 0, 200))) throw new Farewell(REPLY.nonsense);
    await this.#execute(line);
    if (this.#isStopped && this.#mail === undefined) throw new Farewell(REPLY.shuttingDown);
    await this.#breathe();
  }

  /** Undefined when the session is over. */
  async #nextLine(): Promise<Buffer | undefined> {
    this.#stream.limitReads({ totalMs: this.#options.deadlines.idleMs });
    this.#isWaiting = !this.#input.hasLine;
    const read = await this.#input.line();
    if (this.#isWaiting) this.#slice.restart();
    this.#isWaiting = false;
    if (read.kind === 'end') this.#isOver = true;
    if (read.kind === 'end' || this.#isOver) return undefined;
    if (read.kind === 'too-long') throw new Farewell(REPLY.lineTooLong);
    return read.bytes;
  }

  async #answerLine(): Promise<Buffer | undefined> {
    return this.#nextLine();
  }

  async #execute(line: Buffer): Promise<void> {
    try {
      const { verb, argument } = parseCommandLine(line);
      await this.#run(verb, argument);
    } catch (error) {
      if (!(error instanceof CommandFault)) throw error;
      if (++this.#mistakes >= this.#options.maxMistakes) throw new Farewell(REPLY.nonsense);
      this.#say(error.reply);
    }
  }

  #run(verb: string, argument: string): Promise<void> | void {
    const { verbs, hellos } = this.#role;
    if (hellos.includes(verb)) return this.#greet(verb, argument);
    if (Object.hasOwn(verbs, verb)) return verbs[verb]?.(argument, this.#dialogue);
    switch (verb) {
      case 'MAIL':
        return this.#takeSender(argument);
      case 'RCPT':
        return this.#takeRecipient(argument);
      case 'DATA':
        return this.#takeMessage(argument);
      case 'RSET':
        this.#mail = undefined;
        return this.#say(REPLY.forgotten);
      case 'NOOP':
        return this.#say(REPLY.done);
      case 'VRFY':
        return this.#say(REPLY.willTry);
      case 'STARTTLS':
        return this.#startTls(argument);
      case 'QUIT':
        throw new Farewell(REPLY.goodbye);
      default:
        throw new CommandFault(this.#unknown());
    }
  }

  #unknown(): Reply {
    return { code: 500, text: `5.5.2 this is no command of ${this.#role.title} here` };
  }

  #greet(verb: string, name: string): void {
    if (name === '') throw new CommandFault({ code: 501, text: `5.5.4 expected ${verb} and a name` });
    const isExtended = verb !== 'HELO';
    this.#hello = { name, isExtended };
    this.#mail = undefined;
    const offers = isExtended ? this.#offers().map(({ keyword, value }) => joined(keyword, value)) : [];
    this.#stream.write(replyLines(250, [this.#options.hostname, ...offers]));
  }

  #offers(): readonly Extension[] {
    const offers = this.#role.extensions();
    const hasTls = this.#options.tls !== undefined && !this.#stream.isSecure;
    return hasTls ? [...offers, { keyword: 'STARTTLS' }] : offers;
  }

  #offered(): ReadonlySet<ExtensionKeyword> {
    return new Set(this.#offers().map(({ keyword }) => keyword));
  }

  #forget(): void {
    this.#mail = undefined;
    this.#hello = undefined;
  }

  /** RFC 3207 §4.2: what was said in plain text may have been said by somebody else, and is forgotten. */
  async #startTls(argument: string): Promise<void> {
    const { tls, handshakeTimeoutMs } = this.#options;
    if (tls === undefined) throw new CommandFault(this.#unknown());
    if (this.#stream.isSecure) throw new CommandFault(REPLY.secureAlready);
    if (argument !== '') throw new CommandFault(REPLY.noArgument);
    this.#input.drop();
    this.#forget();
    this.#stream.limitReads({ totalMs: handshakeTimeoutMs });
    await this.#stream.startTls(tls, replyLine(REPLY.beginTls));
    this.#input.drop();
  }

  async #takeSender(argument: string): Promise<void> {
    const hello = this.#hello;
    const [wanted] = this.#role.hellos;
    if (hello === undefined) throw new CommandFault({ code: 503, text: `5.5.1 ${wanted} comes first` });
    const { address, parameters: words } = parsePath(argument, 'FROM');
    const parameters = mailParameters(words, this.#offered());
    if (this.#mail !== undefined) throw new CommandFault(REPLY.nestedSender);
    const declaredBytes = Math.max(1, parameters.size ?? 1);
    const refusal = this.#refusalOfSender(address, parameters);
    if (refusal !== undefined) return this.#say(refusal);
    const sender = { address, declaredBytes, parameters, hello };
    const begun = await this.#role.begin(sender);
    if ('code' in begun) return this.#say(begun);
    this.#mail = { sender, transaction: begun, recipients: 0 };
    this.#say(REPLY.senderTaken);
  }

  #refusalOfSender(address: string, { size = 0 }: MailParameters): Reply | undefined {
    const { maxMessageBytes } = this.#options;
    if (Buffer.byteLength(address) > MAX_SENDER_BYTES) return REPLY.senderTooLong;
    if (size <= maxMessageBytes) return undefined;
    const tooBig = new MailboxError('too-big', `a message can have at most ${maxMessageBytes} octets`);
    return replyOf(tooBig, 'tempfail');
  }

  async #takeRecipient(argument: string): Promise<void> {
    const { address, parameters: words } = parsePath(argument, 'TO');
    const parameters = recipientParameters(words, this.#offered());
    const mail = this.#mail;
    if (mail === undefined) throw new CommandFault(REPLY.senderFirst);
    if (address === '') throw new CommandFault(REPLY.recipientEmpty);
    if (mail.recipients >= this.#options.maxRecipients) return this.#say(REPLY.tooManyRecipients);
    const reply = await mail.transaction.recipient({ address, parameters });
    if (reply.code === 250) mail.recipients++;
    this.#say(reply);
  }

  async #takeMessage(argument: string): Promise<void> {
    if (argument !== '') throw new CommandFault(REPLY.noArgument);
    const mail = this.#mail;
    if (mail === undefined) throw new CommandFault(REPLY.senderFirst);
    if (mail.recipients === 0) throw new CommandFault(REPLY.recipientFirst);
    const { transaction } = mail;
    const { needsRaw = false } = (await transaction.prepare?.()) ?? {};
    this.#say(REPLY.begin);
    this.#input.beginData();
    const replies = await transaction.message(
      this.#reader(needsRaw),
      `${this.#guest.id}.${++this.#messages}`,
    );
    for (const reply of replies) this.#say(reply);
    this.#mail = undefined;
  }

  /** Reads a message piece by piece, and gives up on one that comes too slowly. */
  #reader(keepsRaw: boolean): ReadMessage {
    const { idleMs, dataMs, minRate, slowStartMs } = this.#options.deadlines;
    this.#stream.limitReads({ idleMs, totalMs: dataMs });
    const startMs = this.#stream.nowMs;
    let bytes = 0;
    return async () => {
      await this.#breathe();
      const hasWaited = !this.#input.hasBytes;
      const read = await this.#input.data({ keepsRaw });
      if (hasWaited) this.#slice.restart();
      bytes += read?.bytes.length ?? 0;
      const ms = this.#stream.nowMs - startMs;
      if (read?.isLast === false && ms > slowStartMs && bytes < (minRate * ms) / 1000) {
        throw new ReadTimeout('the message comes too slowly');
      }
      return read;
    };
  }

  async #breathe(): Promise<void> {
    if (!this.#stream.isWritable) await this.#stream.drained();
    await this.#slice.spent();
  }

  #say(reply: Reply): void {
    this.#stream.write(replyLine(reply));
  }

  #fail(error: unknown): void {
    if (error instanceof StreamClosed || error instanceof ClientGone) {
      const facts = { reason: error.message, from: this.#mail?.sender.address.slice(0, MAX_SHOWN) };
      if (this.#mail !== undefined)
        this.#log.info(facts, 'the client went away before its message was whole');
    } else if (error instanceof Farewell) {
      this.#say(error.reply);
    } else if (error instanceof ReadTimeout) {
      this.#log.info({ reason: error.message }, 'a client that sends mail was too slow');
      this.#say(REPLY.tooSlow);
    } else {
      this.#log.error({ err: error }, 'a session ended by an error');
      this.#say({ ...REPLY.internalError, code: 421 });
    }
  }
}

function joined(keyword: string, value: string | undefined): string {
  return value === undefined ? keyword : `${keyword} ${value}`;
}
