/**
 * One LMTP connection (RFC 2033): read a command line, run it, answer; one at a time and in order, whatever is pipelined
 * (RFC 2920). Nobody signs in here.
 *
 * Every wait has an end. A command has `idleMs` from the answer to the one before, however its octets drip; a message may
 * be silent for as long, takes `dataMs` at most, and comes at `minRate` octets a second once it has had `slowStartMs`;
 * a client that does not take its replies is cut off by the stream. A stop lets the message under way finish.
 */
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import type { Activity } from '../identity/activity.ts';
import { resolveRecipient } from '../identity/address.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { assertRoom } from '../mailbox/operations/incoming.ts';
import { checkQuota } from '../mailbox/operations/quota.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import { type Connection, ReadTimeout } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { StreamClosed } from '../net/outbox.ts';
import type { Relay } from '../net/relay.ts';
import type { Session } from '../net/sessions.ts';
import type { StreamOptions } from '../net/stream.ts';
import type { TlsSource } from '../net/tls.ts';
import { CommandFault, parseCommandLine, parsePath, requireKnown } from '../smtp/command.ts';
import { type DataRead, SmtpInput } from '../smtp/input.ts';
import { type Reply, replyLine, replyLines } from '../smtp/reply.ts';
import { Forwarding } from './forwarding.ts';
import { PassedMessage } from './passed-message.ts';
import { type OverQuota, REPLY, replyOf } from './replies.ts';
import { ClientGone, type NamedRecipient, receiveMessage } from './transaction.ts';

export interface LmtpSettings {
  /** In the greeting. */
  readonly hostname: string;
  readonly defaultDomain: string;
  readonly maxMessageBytes: number;
  readonly overQuota: OverQuota;
  readonly handshakeTimeoutMs: number;
  readonly deadlines: LmtpDeadlines;
}

export interface LmtpDeadlines {
  readonly idleMs: number;
  readonly dataMs: number;
  readonly minRate: number;
  readonly slowStartMs: number;
}

/** What all sessions share. */
export interface LmtpServices {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly uploads: UploadBudget;
  readonly settings: LmtpSettings;
  /** STARTTLS is offered with it. */
  readonly tls: TlsSource | undefined;
  readonly relay: Relay;
  readonly stream: StreamOptions;
  readonly log: Log;
}

/** RFC 5321 §4.5.3.1.4 asks for 512 octets, more with extensions. */
const MAX_LINE_BYTES = 4096;
/** RFC 5321 §4.5.3.1.8 asks for at least a hundred. */
const MAX_RECIPIENTS = 1000;
/** It becomes a header line, which has 998 octets at most (RFC 5322 §2.1.1). */
const MAX_SENDER_BYTES = 900;
/** Commands that make no sense, after which the connection is over. */
const MAX_MISTAKES = 10;
/** Of an address from outside, in the log. */
const MAX_SHOWN = 320;
/** A browser that was sent here by a page (an attack on another protocol) would go on with lines of its choice. */
const WEB_REQUEST = /^[A-Z]+ \S+ HTTP\/\d/;

/** The transaction that MAIL began. */
interface Mail {
  readonly from: string;
  readonly declaredBytes: number;
  readonly recipients: NamedRecipient[];
}

/** Thrown where the session is over: says why, and closes. */
class Farewell extends Error {
  override readonly name = 'Farewell';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.text);
    this.reply = reply;
  }
}

export class LmtpSession implements Session {
  readonly #stream: Connection;
  readonly #guest: Guest;
  readonly #forwarding: Forwarding;
  readonly #services: LmtpServices;
  readonly #input: SmtpInput;
  readonly #log: Log;
  readonly #slice = new TimeSlice();
  #hasGreeted = false;
  #mail: Mail | undefined;
  #messages = 0;
  #mistakes = 0;
  #isWaiting = false;
  #isStopped = false;
  #isOver = false;

  constructor(stream: Connection, guest: Guest, services: LmtpServices) {
    this.#stream = stream;
    this.#guest = guest;
    this.#services = services;
    this.#input = new SmtpInput(stream, MAX_LINE_BYTES);
    this.#forwarding = new Forwarding({ ...services, guest, connection: stream });
    this.#log = services.log.child({ remote: stream.remoteAddress, session: guest.id });
  }

  async run(): Promise<void> {
    try {
      this.#stream.write(Buffer.from(`220 ${this.#services.settings.hostname} LMTP\r\n`, 'latin1'));
      while (!this.#isOver) await this.#serveOne();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#forwarding.close();
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
    this.#stream.limitReads({ totalMs: this.#services.settings.deadlines.idleMs });
    this.#isWaiting = !this.#input.hasLine;
    const read = await this.#input.line();
    if (this.#isWaiting) this.#slice.restart();
    this.#isWaiting = false;
    if (read.kind === 'end' || this.#isOver) {
      this.#isOver = true;
      return;
    }
    if (read.kind === 'too-long') throw new Farewell(REPLY.lineTooLong);
    if (WEB_REQUEST.test(read.bytes.toString('latin1', 0, 200))) throw new Farewell(REPLY.nonsense);
    await this.#execute(read.bytes);
    if (this.#isStopped && this.#mail === undefined) throw new Farewell(REPLY.shuttingDown);
    await this.#breathe();
  }

  async #execute(line: Buffer): Promise<void> {
    try {
      const { verb, argument } = parseCommandLine(line);
      await this.#run(verb, argument);
    } catch (error) {
      if (!(error instanceof CommandFault)) throw error;
      if (++this.#mistakes >= MAX_MISTAKES) throw new Farewell(REPLY.nonsense);
      this.#say(error.reply);
    }
  }

  #run(verb: string, argument: string): Promise<void> | void {
    switch (verb) {
      case 'LHLO':
        return this.#hello(argument);
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
        throw new CommandFault(REPLY.unknown);
    }
  }

  #hello(argument: string): void {
    if (argument === '') throw new CommandFault(REPLY.nameWanted);
    const { settings, tls } = this.#services;
    this.#hasGreeted = true;
    this.#mail = undefined;
    const offers = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES'];
    if (tls !== undefined && !this.#stream.isSecure) offers.push('STARTTLS');
    const lines = [settings.hostname, ...offers, `SIZE ${settings.maxMessageBytes}`];
    this.#stream.write(replyLines(250, lines));
  }

  /** RFC 3207 §4.2: what was said in plain text may have been said by somebody else, and is forgotten. */
  async #startTls(argument: string): Promise<void> {
    const { tls, settings } = this.#services;
    if (tls === undefined) throw new CommandFault(REPLY.unknown);
    if (this.#stream.isSecure) throw new CommandFault(REPLY.secureAlready);
    if (argument !== '') throw new CommandFault(REPLY.noArgument);
    this.#input.drop();
    this.#mail = undefined;
    this.#hasGreeted = false;
    this.#stream.limitReads({ totalMs: settings.handshakeTimeoutMs });
    await this.#stream.startTls(tls, replyLine(REPLY.beginTls));
    this.#input.drop();
  }

  #takeSender(argument: string): void {
    if (!this.#hasGreeted) throw new CommandFault(REPLY.helloFirst);
    const { address, parameters } = parsePath(argument, 'FROM');
    requireKnown(parameters, ['SIZE', 'BODY', 'SMTPUTF8']);
    if (this.#mail !== undefined) throw new CommandFault(REPLY.nestedSender);
    const body = parameters.get('BODY');
    if (body !== undefined && !/^(?:7bit|8bitmime)$/i.test(body)) throw new CommandFault(REPLY.badBody);
    if ((parameters.get('SMTPUTF8') ?? '') !== '') throw new CommandFault(REPLY.badUtf8);
    const declaredBytes = declaredIn(parameters);
    const from = this.#completed(address);
    const refusal = this.#refusalOfSender(from, declaredBytes);
    if (refusal === undefined) this.#mail = { from, declaredBytes, recipients: [] };
    this.#say(refusal ?? REPLY.senderTaken);
  }

  #refusalOfSender(from: string, declaredBytes: number): Reply | undefined {
    const { maxMessageBytes, overQuota } = this.#services.settings;
    if (Buffer.byteLength(from) > MAX_SENDER_BYTES) return REPLY.senderTooLong;
    if (declaredBytes <= maxMessageBytes) return undefined;
    const tooBig = new MailboxError('too-big', `a message can have at most ${maxMessageBytes} octets`);
    return replyOf(tooBig, overQuota);
  }

  async #takeRecipient(argument: string): Promise<void> {
    const { address, parameters } = parsePath(argument, 'TO');
    requireKnown(parameters, []);
    const mail = this.#mail;
    if (mail === undefined) throw new CommandFault(REPLY.senderFirst);
    if (address === '') throw new CommandFault(REPLY.recipientEmpty);
    const to = this.#completed(address);
    const refusal = await this.#addRecipient(mail, to);
    this.#say(refusal ?? REPLY.recipientTaken);
  }

  async #addRecipient(mail: Mail, to: string): Promise<Reply | undefined> {
    const { domain, settings, log } = this.#services;
    if (mail.recipients.length >= MAX_RECIPIENTS) return REPLY.tooManyRecipients;
    let name: string | undefined;
    try {
      const record = await resolveRecipient(domain.accounts, to, settings.defaultDomain);
      name = record?.address;
      if (record === undefined) return this.#refuseRecipient(mail, to, name, REPLY.noSuchUser);
      const place = domain.placement.locate(record.id);
      if (place.kind === 'nowhere') return this.#refuseRecipient(mail, to, name, REPLY.holderGone);
      if (place.kind === 'elsewhere') return await this.#forwardRecipient(mail, to, record, place.holder);
      const account = await domain.accounts.open(record.id);
      checkQuota(account, mail.declaredBytes, 1);
      assertRoom(domain, mail.declaredBytes);
      mail.recipients.push({ account: record.id, address: to, name: record.address });
      return undefined;
    } catch (err) {
      if (!(err instanceof MailboxError))
        log.error({ err, to: to.slice(0, MAX_SHOWN) }, 'a recipient failed');
      const reply = err instanceof MailboxError ? replyOf(err, settings.overQuota) : REPLY.internalError;
      return this.#refuseRecipient(mail, to, name, reply);
    }
  }

  /** What its holder says. One that is gone says nothing, so that is written down here. */
  async #forwardRecipient(
    mail: Mail,
    to: string,
    { id, address: name }: AccountRecord,
    holder: string,
  ): Promise<Reply | undefined> {
    const reply = await this.#forwarding.recipient(holder, mail, to);
    if (reply === REPLY.holderGone) return this.#refuseRecipient(mail, to, name, reply);
    if (reply.code !== 250) return reply;
    mail.recipients.push({ account: id, address: to, name, holder });
    return undefined;
  }

  /** `name`: of the account, when there is one. */
  #refuseRecipient({ from }: Mail, to: string, name: string | undefined, { code, text }: Reply): Reply {
    const { id: session, service, remote } = this.#guest;
    const facts = { session, service, remote, from, to: to.slice(0, MAX_SHOWN), reply: `${code} ${text}` };
    this.#services.activity.attempt(name ?? '?', 'recipient refused', facts, name !== undefined);
    return { code, text };
  }

  async #takeMessage(argument: string): Promise<void> {
    if (argument !== '') throw new CommandFault(REPLY.noArgument);
    const mail = this.#mail;
    if (mail === undefined) throw new CommandFault(REPLY.senderFirst);
    if (mail.recipients.length === 0) throw new CommandFault(REPLY.recipientFirst);
    const { activity, uploads, settings } = this.#services;
    const domain = actingAs(this.#services.domain, this.#guest);
    const { maxMessageBytes, overQuota } = settings;
    const { id: session, remote } = this.#guest;
    const envelope = { ...mail, id: `${session}.${++this.#messages}`, session, remote };
    const options = { domain, activity, uploads, maxMessageBytes, overQuota, log: this.#log };
    const passing = new PassedMessage(this.#forwarding, mail.recipients);
    await passing.begin();
    this.#say(REPLY.begin);
    this.#input.beginData();
    const read = passing.through(this.#reader(passing.isNeeded));
    const kept = await receiveMessage(options, read, { ...envelope, recipients: passing.kept });
    for (const reply of await passing.inOrder(kept)) this.#say(reply);
    this.#mail = undefined;
  }

  /** Reads a message piece by piece, and gives up on one that comes too slowly. */
  #reader(keepsRaw: boolean): () => Promise<DataRead | undefined> {
    const { idleMs, dataMs, minRate, slowStartMs } = this.#services.settings.deadlines;
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

  /** Local senders (cron, scripts) leave the domain out; RFC 5321 §4.1.1.3 wants it taken for postmaster. */
  #completed(address: string): string {
    if (address === '' || address.includes('@')) return address;
    return `${address}@${this.#services.settings.defaultDomain}`;
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
      const facts = { reason: error.message, from: this.#mail?.from.slice(0, MAX_SHOWN) };
      if (this.#mail !== undefined)
        this.#log.info(facts, 'the client went away before its message was whole');
    } else if (error instanceof Farewell) {
      this.#say(error.reply);
    } else if (error instanceof ReadTimeout) {
      this.#log.info({ reason: error.message }, 'a delivering client was too slow');
      this.#say(REPLY.tooSlow);
    } else {
      this.#log.error({ err: error }, 'a session ended by an error');
      this.#say({ ...REPLY.internalError, code: 421 });
    }
  }
}

/** What MAIL says of the size (RFC 1870 §6.1); one octet when it says nothing. */
function declaredIn(parameters: ReadonlyMap<string, string>): number {
  const size = parameters.get('SIZE');
  if (size === undefined) return 1;
  // RFC 1870 §5: up to twenty digits; what cannot be counted is too big for anybody.
  if (!/^\d{1,20}$/.test(size)) throw new CommandFault(REPLY.badSize);
  return Math.max(1, Number(size));
}
