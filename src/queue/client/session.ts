/**
 * A connection to a server that takes our mail: greeting, EHLO, TLS, sign-in, and any number of messages, one after the other.
 * What the server refuses is a value; what breaks the connection is a `HopFailure`.
 *
 * Of our own, because each recipient has parameters of its own (RFC 3461 §4) and a reply of its own, and because who decides about TLS
 * has to see what the server has shown: docs/decisions.
 */
import type { Secret } from '../../base/secret.ts';
import { Channel, type Endpoint, HopFailure, type TlsWish } from './channel.ts';
import { DotStuffing } from './dot-stuffing.ts';
import { type HopReply, isPositive } from './reply.ts';

export interface Timeouts {
  /** Of the connection, and of TLS. */
  readonly connectMs: number;
  /** RFC 5321 §4.5.3.2: of the greeting and of each reply. */
  readonly replyMs: number;
  /** Of a piece of the message that the server does not take. */
  readonly blockMs: number;
  /** Of all of a message, however slowly it is taken. */
  readonly dataMs: number;
  /** Behind the final dot. */
  readonly finalMs: number;
  /** Of a transaction but for the message itself, however slowly it answers. */
  readonly totalMs: number;
}

export const TIMEOUTS: Timeouts = Object.freeze({
  connectMs: 30_000,
  replyMs: 300_000,
  blockMs: 180_000,
  dataMs: 3_600_000,
  finalMs: 600_000,
  totalMs: 600_000,
});

export interface Recipient {
  readonly address: string;
  /** `NOTIFY=NEVER` and the like. */
  readonly parameters: readonly string[];
}

export interface Transaction {
  readonly sender: string;
  readonly parameters: readonly string[];
  readonly recipients: readonly Recipient[];
  /** Lines end with CRLF, the last one too; it may be asked for once. */
  readonly octets: () => AsyncIterable<Buffer>;
}

export interface TransactionReplies {
  /** A refusal to MAIL is everybody's. */
  readonly mail: HopReply;
  /** In the order of the recipients. */
  readonly recipients: readonly HopReply[];
  /** What became of the message, when a recipient was taken. */
  readonly data?: HopReply;
}

export interface SignIn {
  readonly user: string;
  readonly password: Secret;
}

export class HopSession {
  readonly #channel: Channel;
  readonly #timeouts: Timeouts;
  readonly greeting: HopReply;
  #keywords: ReadonlyMap<string, string> = new Map();
  /** Messages it has had. */
  messages = 0;
  /** A message was begun and has come to nothing. */
  #isInside = false;
  readonly openedMs = performance.now();

  private constructor(channel: Channel, timeouts: Timeouts, greeting: HopReply) {
    this.#channel = channel;
    this.#timeouts = timeouts;
    this.greeting = greeting;
  }

  /** Throws `HopFailure`. Whether the greeting is a refusal is for the caller to see. */
  static async open(endpoint: Endpoint, timeouts: Timeouts, tls?: TlsWish): Promise<HopSession> {
    const channel = await Channel.open(endpoint, timeouts.connectMs);
    if (tls !== undefined) await channel.startTls(tls, timeouts.connectMs);
    try {
      return new HopSession(channel, timeouts, await channel.reply(timeouts.replyMs));
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  get isSecure(): boolean {
    return this.#channel.isSecure;
  }

  get tls() {
    return this.#channel.tls;
  }

  get canBeReused(): boolean {
    return this.#channel.isQuiet;
  }

  /** What EHLO has offered, by keyword in capitals; undefined: it has not. */
  offer(keyword: string): string | undefined {
    return this.#keywords.get(keyword);
  }

  /** With HELO for a server that knows no EHLO. The reply that counts. */
  async hello(name: string): Promise<HopReply> {
    const reply = await this.#ask(`EHLO ${name}`);
    this.#keywords = new Map();
    if (!isPositive(reply)) {
      const isUnknown = reply.code === 500 || reply.code === 502 || reply.code === 504;
      return isUnknown ? this.#ask(`HELO ${name}`) : reply;
    }
    this.#keywords = new Map(reply.lines.slice(1).map((line) => keywordOf(line)));
    return reply;
  }

  /** The reply to STARTTLS when it is a refusal. Throws `HopFailure` of the kind `tls`; then the connection is over. */
  async startTls(wish: TlsWish): Promise<HopReply | undefined> {
    const reply = await this.#ask('STARTTLS');
    if (reply.code !== 220) return reply;
    await this.#channel.startTls(wish, this.#timeouts.connectMs);
    return undefined;
  }

  /** The reply when it is a refusal. PLAIN (RFC 4616), or LOGIN where that is all there is. */
  async signIn({ user, password }: SignIn): Promise<HopReply | undefined> {
    const mechanisms = (this.offer('AUTH') ?? '').toUpperCase().split(/[ =]+/);
    const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
    let reply: HopReply;
    if (mechanisms.includes('PLAIN') || !mechanisms.includes('LOGIN')) {
      reply = await this.#ask(`AUTH PLAIN ${encoded(`\0${user}\0${password.reveal()}`)}`);
    } else {
      reply = await this.#ask('AUTH LOGIN');
      if (reply.code === 334) reply = await this.#ask(encoded(user));
      if (reply.code === 334) reply = await this.#ask(encoded(password.reveal()));
    }
    return reply.code === 235 ? undefined : reply;
  }

  /** Throws `HopFailure`; then it is not known whether the server has the message, unless nothing but commands had left. */
  async send({ sender, parameters, recipients, octets }: Transaction): Promise<TransactionReplies> {
    const untilMs = performance.now() + this.#timeouts.totalMs;
    // Only now: who has had a refusal need not wait for this, nor lose it when the server ends here.
    if (this.#isInside) await this.#reset(untilMs);
    const commands = [
      ['MAIL', `FROM:<${sender}>`, ...parameters].join(' '),
      ...recipients.map((one) => ['RCPT', `TO:<${one.address}>`, ...one.parameters].join(' ')),
    ];
    const replies = await this.#askAll(commands, untilMs);
    const [mail, ...taken] = replies as [HopReply, ...HopReply[]];
    this.messages++;
    this.#isInside = isPositive(mail);
    if (!isPositive(mail) || !taken.some(isPositive)) return { mail, recipients: taken };
    const go = await this.#ask('DATA', untilMs);
    if (go.code !== 354) {
      if (!isPositive(go)) return { mail, recipients: taken, data: go };
      throw this.#channel.fail(new HopFailure('protocol', `it answered DATA with ${go.code}`));
    }
    const refusal = await this.#sendOctets(octets);
    if (refusal !== undefined) return { mail, recipients: taken, data: refusal };
    this.#channel.write('.\r\n');
    const data = await this.#channel.reply(this.#timeouts.finalMs);
    this.#isInside = false;
    return { mail, recipients: taken, data };
  }

  /** Gives a refusal that came before the end (a server that has seen enough); the connection is over then, as the message is not whole. */
  async #sendOctets(octets: Transaction['octets']): Promise<HopReply | undefined> {
    const stuffing = new DotStuffing();
    const { blockMs, dataMs } = this.#timeouts;
    const untilMs = performance.now() + dataMs;
    for await (const piece of octets()) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw this.#channel.fail(new HopFailure('timeout', 'it takes the message too slowly'));
      const failure = await this.#channel.send(stuffing.push(piece), Math.min(blockMs, leftMs)).then(
        () => undefined,
        (error: unknown) => error,
      );
      const early = this.#channel.takeEarly();
      if (early === undefined && failure === undefined) continue;
      if (early === undefined) throw failure;
      const words = `it answered ${early.code} before the message had ended`;
      const over = this.#channel.fail(new HopFailure('protocol', words));
      if (early.code < 400) throw over;
      return early;
    }
    return undefined;
  }

  /** Of a message that cannot be brought to its end: the server must not take it for whole. */
  abort(reason: string): void {
    this.#channel.fail(new HopFailure('closed', reason));
  }

  close(): void {
    this.#channel.close();
  }

  async #ask(line: string, untilMs = Number.POSITIVE_INFINITY): Promise<HopReply> {
    this.#channel.write(`${line}\r\n`);
    return this.#channel.reply(Math.min(this.#timeouts.replyMs, Math.max(1, untilMs - performance.now())));
  }

  /** RFC 5321 §4.1.1.5: a refusal of recipients or of DATA does not end the transaction. */
  async #reset(untilMs: number): Promise<void> {
    const reply = await this.#ask('RSET', untilMs);
    if (!isPositive(reply))
      throw this.#channel.fail(new HopFailure('closed', `it answered RSET with ${reply.code}`));
    this.#isInside = false;
  }

  /** Together where the server takes them so (RFC 2920). */
  async #askAll(lines: readonly string[], untilMs: number): Promise<readonly HopReply[]> {
    const replies: HopReply[] = [];
    if (!this.#keywords.has('PIPELINING')) {
      for (const line of lines) {
        replies.push(await this.#ask(line, untilMs));
        if (!isPositive(replies[0] as HopReply)) return replies;
      }
      return replies;
    }
    this.#channel.write(lines.map((line) => `${line}\r\n`).join(''));
    for (const _ of lines) {
      const left = Math.max(1, untilMs - performance.now());
      replies.push(await this.#channel.reply(Math.min(this.#timeouts.replyMs, left)));
    }
    return replies;
  }
}

/** `SIZE 1000`, and `AUTH=PLAIN` as old servers write it. */
function keywordOf(line: string): readonly [string, string] {
  const [, keyword = '', values = ''] = /^([^ =]*)[ =]*(.*)$/s.exec(line.trim()) ?? [];
  return [keyword.toUpperCase(), values.replace(/ +/g, ' ')];
}
