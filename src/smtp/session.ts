/**
 * One connection of SMTP or a relative (RFC 5321, RFC 2033, RFC 6409): read a command line, run it, answer; one at a time
 * and in order, whatever is pipelined (RFC 2920). What is particular to a relative is its role's (`role.ts`).
 *
 * Every wait has an end (`wire.ts`). A stop lets the message under way finish.
 */
import type { Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type Connection, ReadTimeout } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { StreamClosed } from '../net/outbox.ts';
import type { Departure, Session } from '../net/sessions.ts';
import { urlChunk } from './burl.ts';
import { type Chunk, parseChunk } from './chunk.ts';
import { CommandFault, parseCommandLine, parsePath } from './command.ts';
import {
  type Extension,
  type ExtensionKeyword,
  type MailParameters,
  mailParameters,
  recipientParameters,
} from './parameters.ts';
import { isPostmaster, requireMailbox } from './path.ts';
import { readPast } from './receiving.ts';
import { REPLY, replyOf } from './replies.ts';
import type { Reply } from './reply.ts';
import {
  ClientGone,
  type Dialogue,
  Farewell,
  type Hello,
  MessageDropped,
  Moved,
  type ReadMessage,
  type Role,
  type Sender,
  type Transaction,
} from './role.ts';
import type { SessionOptions } from './session-options.ts';
import { Wire } from './wire.ts';

/** RFC 5321 §4.5.3.1.4 asks for 512 octets, more with extensions. */
const MAX_LINE_BYTES = 4096;
/** RFC 4954 §4: an answer to a challenge has 12,288 octets at most. */
const MAX_ANSWER_BYTES = 16 * 1024;
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
  readonly #wire: Wire;
  readonly #log: Log;
  readonly #dialogue: Dialogue;
  readonly #maxLineBytes: number;
  #hello: Hello | undefined;
  #mail: Mail | undefined;
  #messages = 0;
  #transactions = 0;
  #mistakes = 0;
  #idleCommands = 0;
  #isStopped = false;
  #farewell: Reply = REPLY.shuttingDown;
  #isOver = false;

  constructor(stream: Connection, guest: Guest, options: SessionOptions) {
    const { role, deadlines, isStrict = false, maxLineBytes = MAX_LINE_BYTES, resumed } = options;
    this.#stream = stream;
    this.#guest = guest;
    this.#options = options;
    this.#role = role;
    this.#wire = new Wire(stream, { deadlines, isStrict });
    this.#maxLineBytes = maxLineBytes;
    this.#hello = resumed?.hello;
    this.#log = options.log.child({ remote: stream.remoteAddress, session: guest.id });
    const hello = (): Hello | undefined => this.#hello;
    this.#dialogue = {
      get hello() {
        return hello();
      },
      say: (reply) => this.#wire.say(reply),
      line: () => this.#nextLine(MAX_ANSWER_BYTES),
      reset: () => this.#forget(),
    };
  }

  async run(): Promise<Departure | undefined> {
    let holder: Socket | undefined;
    try {
      await this.#welcome();
      while (!this.#isOver) await this.#serveOne();
    } catch (error) {
      if (error instanceof Moved) holder = error.holder;
      else this.#fail(error);
    } finally {
      this.#role.close();
    }
    if (holder !== undefined) return { holder, unread: this.#wire.takeUnread() };
    await this.#stream.close();
    return undefined;
  }

  /** At once when the session waits for a command, else after the message that is under way. */
  stop(): void {
    this.#isStopped = true;
    if (!this.#wire.isWaiting) return;
    this.#wire.say(this.#farewell);
    this.#isOver = true;
    void this.#stream.close();
  }

  /** The same for a reason that is this client's own. */
  dismiss(reason: string): void {
    this.#farewell = { code: 421, text: `4.7.0 ${reason}` };
    this.stop();
  }

  async #welcome(): Promise<void> {
    const { greetingDelayMs = 0, hostname, resumed } = this.#options;
    if (resumed !== undefined) return this.#wire.say(resumed.reply);
    const refusal = this.#role.refuses?.();
    if (refusal !== undefined) throw new Farewell(refusal);
    if (greetingDelayMs > 0 && (await this.#wire.speaksWithin(greetingDelayMs))) {
      throw new Farewell(REPLY.notYourTurn);
    }
    this.#wire.say({ code: 220, text: `${hostname} ${this.#role.title}` });
  }

  async #serveOne(): Promise<void> {
    if (this.#isStopped && this.#mail === undefined) throw new Farewell(this.#farewell);
    await this.#attempt(async () => {
      const line = await this.#nextLine(this.#maxLineBytes);
      if (line === undefined) return;
      if (WEB_REQUEST.test(line.toString('latin1', 0, 200))) throw new Farewell(REPLY.nonsense);
      await this.#role.delay?.();
      if (++this.#idleCommands > (this.#options.maxIdleCommands ?? Number.POSITIVE_INFINITY))
        throw new Farewell(REPLY.nonsense);
      await this.#run(line);
    });
    await this.#wire.breathe();
  }

  /** Undefined when the session is over. */
  async #nextLine(maxBytes: number): Promise<Buffer | undefined> {
    const line = await this.#wire.line(maxBytes);
    if (line === undefined) this.#isOver = true;
    return this.#isOver ? undefined : line;
  }

  /** What makes no sense is said to, and counted. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CommandFault)) throw error;
      if (++this.#mistakes >= this.#options.maxMistakes) throw new Farewell(REPLY.nonsense);
      this.#wire.say(error.reply);
    }
  }

  #run(line: Buffer): Promise<void> | void {
    const { verb, argument } = parseCommandLine(line);
    const { verbs, hellos } = this.#role;
    if (hellos.includes(verb)) return this.#greet(verb, argument);
    if (Object.hasOwn(verbs, verb)) return verbs[verb]?.(argument, this.#dialogue);
    switch (verb) {
      case 'MAIL':
        return this.#takeSender(argument);
      case 'RCPT':
        return this.#takeRecipient(argument);
      case 'DATA':
        return this.#takeData(argument);
      case 'BDAT':
        return this.#takeChunks(argument);
      case 'BURL':
        return this.#takeUrl(argument);
      case 'RSET':
        this.#mail = undefined;
        return this.#wire.say(REPLY.forgotten);
      case 'NOOP':
        return this.#wire.say(REPLY.done);
      case 'VRFY':
        return this.#wire.say(REPLY.willTry);
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
    this.#wire.requireTurn();
    this.#hello = { name, isExtended };
    this.#mail = undefined;
    const offers = isExtended ? this.#offers().map(({ keyword, value }) => joined(keyword, value)) : [];
    this.#wire.sayLines(250, [this.#options.hostname, ...offers]);
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
    this.#forget();
    await this.#wire.startTls(tls, handshakeTimeoutMs);
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
    if (refusal !== undefined) return this.#wire.say(refusal);
    if (this.#transactions >= (this.#options.maxMessages ?? Number.POSITIVE_INFINITY))
      throw new Farewell(REPLY.enough);
    const sender = { address, declaredBytes, parameters, hello };
    const begun = await this.#role.begin(sender);
    if ('code' in begun) return this.#wire.say(begun);
    this.#transactions++;
    this.#mail = { sender, transaction: begun, recipients: 0 };
    this.#wire.say(REPLY.senderTaken);
  }

  /** Throws `CommandFault` for what is no address. */
  #refusalOfSender(address: string, { size = 0, utf8 }: MailParameters): Reply | undefined {
    const { maxMessageBytes, isStrict = false } = this.#options;
    if (Buffer.byteLength(address) > MAX_SENDER_BYTES) return REPLY.senderTooLong;
    if (isStrict && address !== '') requireMailbox(address, utf8 === true, REPLY.badSender);
    if (size <= maxMessageBytes) return undefined;
    const tooBig = new MailboxError('too-big', `a message can have at most ${maxMessageBytes} octets`);
    return replyOf(tooBig);
  }

  async #takeRecipient(argument: string): Promise<void> {
    const { address, parameters: words } = parsePath(argument, 'TO');
    const parameters = recipientParameters(words, this.#offered());
    const mail = this.#mail;
    if (mail === undefined) throw new CommandFault(REPLY.senderFirst);
    if (address === '') throw new CommandFault(REPLY.recipientEmpty);
    if (this.#options.isStrict === true && !isPostmaster(address)) {
      requireMailbox(address, mail.sender.parameters.utf8 === true, REPLY.badRecipient);
    }
    if (mail.recipients >= this.#options.maxRecipients) return this.#wire.say(REPLY.tooManyRecipients);
    const reply = await mail.transaction.recipient({ address, parameters });
    if (reply.code === 250) {
      mail.recipients++;
      this.#idleCommands = 0;
    }
    this.#wire.say(reply);
  }

  async #takeData(argument: string): Promise<void> {
    if (argument !== '') throw new CommandFault(REPLY.noArgument);
    const mail = this.#mailWithRecipients();
    // Lines beside octets of no lines cannot be had in one transaction (RFC 3030 §3).
    if (mail.sender.parameters.body === 'BINARYMIME') throw new CommandFault(REPLY.binaryInChunks);
    this.#wire.requireTurn();
    this.#wire.say(REPLY.begin);
    await this.#receive(mail, this.#wire.readData());
  }

  /** RFC 3030 §2: the octets are there, whether or not somebody wants them. */
  async #takeChunks(argument: string): Promise<void> {
    if (!this.#offered().has('CHUNKING')) throw new CommandFault(this.#unknown());
    const { maxMessageBytes } = this.#options;
    const first = parseChunk(argument);
    if (this.#mail === undefined || this.#mail.recipients === 0) {
      const only = { ...first, isLast: true };
      await readPast(this.#wire.readChunks(only, maxMessageBytes, async () => undefined));
    }
    const mail = this.#mailWithRecipients();
    await this.#receive(mail, this.#chunked(mail, first));
  }

  async #takeUrl(argument: string): Promise<void> {
    if (!this.#offered().has('BURL')) throw new CommandFault(this.#unknown());
    const mail = this.#mailWithRecipients();
    await this.#receive(
      mail,
      urlChunk(mail.transaction, argument).then((first) => this.#chunked(mail, first)),
    );
  }

  #chunked({ transaction }: Mail, first: Chunk): ReadMessage {
    const { maxMessageBytes } = this.#options;
    return this.#wire.readChunks(first, maxMessageBytes, (taken) => this.#nextChunk(transaction, taken));
  }

  /** Undefined when the session is over. */
  async #nextChunk(transaction: Transaction, { sizeBytes }: Chunk): Promise<Chunk | undefined> {
    this.#wire.say({ code: 250, text: `2.0.0 ${sizeBytes} octets taken` });
    let chunk: Chunk | undefined;
    while (chunk === undefined && !this.#isOver) {
      await this.#wire.breathe();
      await this.#attempt(async () => {
        const line = await this.#nextLine(this.#maxLineBytes);
        if (line === undefined) return;
        const { verb, argument } = parseCommandLine(line);
        if (verb === 'BDAT') chunk = parseChunk(argument);
        else if (verb === 'BURL' && this.#offered().has('BURL'))
          chunk = await urlChunk(transaction, argument);
        else this.#wire.say(this.#betweenChunks(transaction, verb, argument));
      });
    }
    return chunk;
  }

  #betweenChunks(transaction: Transaction, verb: string, argument: string): Reply {
    if (verb === 'QUIT') throw new Farewell(REPLY.goodbye);
    if (verb === 'RSET') throw new MessageDropped(REPLY.forgotten);
    if (verb === 'NOOP') return REPLY.done;
    const reply = transaction.between?.(verb, argument);
    if (reply === undefined) throw new CommandFault(REPLY.lastFirst);
    return reply;
  }

  #mailWithRecipients(): Mail {
    const mail = this.#mail;
    if (mail === undefined) throw new CommandFault(REPLY.senderFirst);
    if (mail.recipients === 0) throw new CommandFault(REPLY.recipientFirst);
    return mail;
  }

  async #receive({ transaction }: Mail, read: ReadMessage | Promise<ReadMessage>): Promise<void> {
    try {
      const replies = await transaction.message(await read, `${this.#guest.id}.${++this.#messages}`);
      for (const reply of replies) this.#wire.say(reply);
    } catch (error) {
      if (!(error instanceof MessageDropped)) throw error;
      this.#wire.say(error.reply);
    }
    this.#mail = undefined;
  }

  #fail(error: unknown): void {
    if (error instanceof StreamClosed || error instanceof ClientGone) {
      const facts = { reason: error.message, from: this.#mail?.sender.address.slice(0, MAX_SHOWN) };
      if (this.#mail !== undefined)
        this.#log.info(facts, 'the client went away before its message was whole');
    } else if (error instanceof Farewell) {
      this.#wire.say(error.reply);
    } else if (error instanceof ReadTimeout) {
      this.#log.info({ reason: error.message }, 'a client that sends mail was too slow');
      this.#wire.say(REPLY.tooSlow);
    } else {
      this.#log.error({ err: error }, 'a session ended by an error');
      this.#wire.say({ ...REPLY.internalError, code: 421 });
    }
  }
}

function joined(keyword: string, value: string | undefined): string {
  return value === undefined ? keyword : `${keyword} ${value}`;
}
