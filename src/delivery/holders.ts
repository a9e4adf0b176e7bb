/**
 * Delivery to accounts that other processes hold: to each of them an LMTP session of ours, through the relay, in which
 * the recipients are named and the message is passed on as it comes, in chunks (RFC 3030). Each holder judges and stores for
 * itself; what it answers is the client's answer. A holder that goes away fails its own recipients, with 4.4.1: their sender
 * keeps the message and tries again.
 *
 * Before the last chunk goes what is known only when all of it has come: `XTRACE` and the header fields that the message gets, in
 * Base64, in several lines if they are long; `XVERDICT`, what is thought of it, and the words; `XONCE`, its key, if it has one. Only a relayed session takes them.
 */
import type { Connection, PeerFacts } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import type { Relay } from '../net/relay.ts';
import { relayedConnection, type StreamOptions } from '../net/stream.ts';
import { SmtpInput } from '../smtp/input.ts';
import { mailWords, recipientWords } from '../smtp/parameters.ts';
import { REPLY } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { MailFrom, NamedRecipient } from './envelope.ts';
import { type Taken, VERDICT_FLAGS } from './judgement.ts';

/** The kind of relay connection. */
export const LMTP_KIND = 'lmtp';

const MAX_REPLY_LINES = 100;
const ENHANCED = /^\d\.\d{1,3}\.\d{1,3} /;
const MAX_LINE_BYTES = 4096;
/** Of header fields, on one line of 4 KiB with room to spare. */
const TRACE_BYTES = 2400;
const MAX_VERDICT = 500;
/** A holder that says nothing to a command for so long is as good as gone. */
const ANSWER_MS = 60_000;
/**
 * While it stores: somebody told too early that it has failed sends the message once more (RFC 5321 §4.5.3.2.6 gives it ten
 * minutes). One that has ended is noticed at once, by its end of the socket.
 */
const STORING_MS = 15 * 60_000;

export interface HoldersOptions {
  readonly relay: Relay;
  readonly connection: PeerFacts;
  readonly guest: Guest;
  readonly stream: StreamOptions;
}

export class Holders {
  readonly #options: HoldersOptions;
  readonly #sessions = new Map<string, HolderSession>();
  #mail: MailFrom | undefined;
  /** Of this message. */
  readonly #gone = new Set<string>();

  constructor(options: HoldersOptions) {
    this.#options = options;
  }

  /** The holder's answer to RCPT. */
  async recipient(
    holder: string,
    mail: MailFrom,
    { address, parameters, forwards }: Pick<NamedRecipient, 'address' | 'parameters' | 'forwards'>,
  ): Promise<Reply> {
    if (this.#mail !== mail) this.#gone.clear();
    this.#mail = mail;
    // Those it was told of before are lost with it, and their sender hears so: none of this message goes there any more.
    if (this.#gone.has(holder)) return REPLY.holderGone;
    try {
      return await this.#told(
        holder,
        mail,
        `<${address}>${recipientWords(parameters, forwards !== undefined)}`,
      );
    } catch {
      this.#drop(holder);
      this.#gone.add(holder);
      return REPLY.holderGone;
    }
  }

  /** One that was left open from an earlier message may be over by now. */
  async #told(holder: string, mail: MailFrom, path: string): Promise<Reply> {
    const open = this.#sessions.get(holder);
    const hasBegun = open?.isIn(mail) === true;
    try {
      if (open !== undefined) return await open.recipient(mail, path);
    } catch (error) {
      this.#drop(holder);
      if (hasBegun) throw error;
    }
    const session = await HolderSession.open(holder, this.#options);
    this.#sessions.set(holder, session);
    return session.recipient(mail, path);
  }

  /** Octets of the message. Waits for the slowest holder. */
  async write(holders: ReadonlySet<string>, bytes: Buffer): Promise<void> {
    await this.#each(holders, (session) => session.write(bytes));
  }

  /** It is whole: what each holder says of its recipients, in the order in which it was told them. */
  async finish(counts: ReadonlyMap<string, number>, taken: Taken): Promise<Map<string, Reply[]>> {
    const replies = new Map<string, Reply[]>();
    await this.#each(new Set(counts.keys()), async (session, holder) => {
      replies.set(holder, await session.finish(counts.get(holder) ?? 0, taken));
    });
    for (const [holder, count] of counts) {
      if (!replies.has(holder)) replies.set(holder, new Array<Reply>(count).fill(REPLY.holderGone));
    }
    return replies;
  }

  /** Nothing of it stays anywhere. */
  giveUp(holders: ReadonlySet<string>): void {
    for (const holder of holders) this.#drop(holder);
  }

  /** A message that is not whole leaves nothing anywhere. */
  close(): void {
    for (const session of this.#sessions.values()) session.destroy();
    this.#sessions.clear();
  }

  async #each(
    holders: ReadonlySet<string>,
    work: (session: HolderSession, holder: string) => Promise<void>,
  ): Promise<void> {
    await Promise.all(
      [...holders].map(async (holder) => {
        const session = this.#sessions.get(holder);
        if (session === undefined) return;
        await work(session, holder).catch(() => this.#drop(holder));
      }),
    );
  }

  #drop(holder: string): void {
    this.#sessions.get(holder)?.destroy();
    this.#sessions.delete(holder);
  }
}

/** Our own client, which waits for each answer. Every call throws when the holder is gone or says what makes no sense. */
class HolderSession {
  readonly #stream: Connection;
  readonly #input: SmtpInput;
  #mail: MailFrom | undefined;

  private constructor(stream: Connection) {
    this.#stream = stream;
    this.#input = new SmtpInput(stream);
  }

  static async open(holder: string, options: HoldersOptions): Promise<HolderSession> {
    const { relay, connection, guest, stream } = options;
    const { remoteAddress, remotePort, localPort, tlsVersion } = connection;
    const peer = { remoteAddress, remotePort, localPort, tlsVersion };
    // What it logs and what it answers names the session here and itself.
    const arrival = { ...guest.arrival(), id: `${guest.id}.${holder}` };
    const socket = await relay.dial(holder, LMTP_KIND, { guest: arrival, peer });
    const session = new HolderSession(relayedConnection(socket, peer, stream));
    try {
      session.#stream.limitReads({ idleMs: ANSWER_MS });
      await session.#expect(220);
      await session.#command('LHLO localhost', 250);
      return session;
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  /** Recipients of it were named here. */
  isIn(mail: MailFrom): boolean {
    return this.#mail === mail;
  }

  /** With the sender before the first one, in one write. */
  async recipient(mail: MailFrom, path: string): Promise<Reply> {
    const lines: string[] = [];
    if (!this.isIn(mail)) {
      if (this.#mail !== undefined) lines.push('RSET');
      lines.push(`MAIL FROM:<${mail.from}> SIZE=${mail.declaredBytes}${mailWords(mail.parameters)}`);
    }
    this.#say([...lines, `RCPT TO:${path}`].join('\r\n'));
    this.#mail = mail;
    for (const _ of lines) await this.#expect(250);
    return this.#reply();
  }

  async write(bytes: Buffer): Promise<void> {
    this.#stream.write([Buffer.from(`BDAT ${bytes.length}\r\n`, 'latin1'), bytes]);
    await this.#stream.drained();
    await this.#expect(250);
  }

  async finish(count: number, { fields, once, verdict = '', ...judged }: Taken): Promise<Reply[]> {
    for (let at = 0; at < fields.length; at += TRACE_BYTES) {
      await this.#command(`XTRACE ${fields.toString('base64', at, at + TRACE_BYTES)}`, 250);
    }
    const words = Buffer.from(verdict.slice(0, MAX_VERDICT)).toString('base64');
    const flags = VERDICT_FLAGS.filter((flag) => judged[flag]).join(',') || 'none';
    await this.#command(`XVERDICT ${flags} ${words}`, 250);
    if (once !== undefined) await this.#command(`XONCE ${once.toString('base64')}`, 250);
    this.#mail = undefined;
    const replies: Reply[] = [];
    this.#stream.limitReads({ idleMs: STORING_MS });
    this.#say('BDAT 0 LAST');
    while (replies.length < count) replies.push(await this.#reply());
    this.#stream.limitReads({ idleMs: ANSWER_MS });
    return replies;
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async #command(line: string, code: number): Promise<void> {
    this.#say(line);
    await this.#expect(code);
  }

  async #expect(code: number): Promise<void> {
    const reply = await this.#reply();
    if (reply.code !== code) throw new Error(`the holder answered ${reply.code} ${reply.text}`);
  }

  #say(line: string): void {
    this.#stream.write(Buffer.from(`${line}\r\n`));
  }

  /** Several lines as `Reply` has them. */
  async #reply(): Promise<Reply> {
    const lines: string[] = [];
    for (;;) {
      const read = await this.#input.line(MAX_LINE_BYTES);
      if (read.kind !== 'line') throw new Error('the holder went away');
      const [, code, isLast, text = ''] = /^(\d{3})([ -])(.*)$/.exec(read.bytes.toString('latin1')) ?? [];
      if (code === undefined) throw new Error('the holder does not answer in LMTP');
      // It closes, of its own accord: that is no answer to what was asked, and our client's connection goes on.
      if (code === '421') throw new Error('the holder says goodbye');
      lines.push(lines.length === 0 ? text : text.replace(ENHANCED, ''));
      if (isLast === ' ') return { code: Number(code), text: lines.join('\n') };
      if (lines.length > MAX_REPLY_LINES) throw new Error('the holder does not come to an end');
    }
  }
}
