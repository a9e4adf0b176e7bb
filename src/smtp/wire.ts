/**
 * What a session says and hears: command lines, pieces of messages, replies. Every wait has an end here.
 *
 * A line has `idleMs` from the answer to the one before, however its octets drip; a message may be silent for as long, takes
 * `dataMs` at most, and comes at `minRate` octets a second once it has had `slowStartMs` (`pace.ts`); a client that does not take its
 * replies is held back, and cut off by the stream.
 */
import { TimeSlice } from '../base/time-slice.ts';
import type { Connection } from '../net/connection.ts';
import type { TlsSource } from '../net/tls.ts';
import { type Chunk, readChunks } from './chunk.ts';
import { CommandFault } from './command.ts';
import { type DataRead, SmtpInput } from './input.ts';
import { type Deadlines, Pace } from './pace.ts';
import { REPLY } from './replies.ts';
import { type Reply, replyLine, replyLines } from './reply.ts';
import { Farewell, type ReadMessage } from './role.ts';

export interface WireOptions {
  readonly deadlines: Deadlines;
  /**
   * The client is a stranger, who may speak for nobody else: lines end in CRLF and nothing else, and nobody speaks before it is
   * their turn (RFC 2920 §3.1).
   */
  readonly isStrict: boolean;
}

export class Wire {
  readonly #stream: Connection;
  readonly #input: SmtpInput;
  readonly #options: WireOptions;
  readonly #slice = new TimeSlice();
  #hasLongLine = false;
  #isWaiting = false;

  constructor(stream: Connection, options: WireOptions) {
    this.#stream = stream;
    this.#input = new SmtpInput(stream);
    this.#options = options;
  }

  /** For a line of which nothing has come, or not all. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  say(reply: Reply): void {
    this.#stream.write(replyLine(reply));
  }

  sayLines(code: number, texts: readonly string[]): void {
    this.#stream.write(replyLines(code, texts));
  }

  /** Without its end; undefined when the client is gone. Throws `CommandFault`, `Farewell`, ReadTimeout. */
  async line(maxBytes: number): Promise<Buffer | undefined> {
    this.#stream.limitReads({ totalMs: this.#options.deadlines.idleMs });
    this.#isWaiting = !this.#input.hasLine;
    const read = await this.#input.line(maxBytes);
    if (this.#isWaiting) this.#slice.restart();
    this.#isWaiting = false;
    if (read.kind === 'end') return undefined;
    if (read.kind === 'too-long') return this.#skipLongLine();
    if (read.isBare && this.#options.isStrict) throw new CommandFault(REPLY.bareLf);
    return read.bytes;
  }

  /** One that is too long is told so; who sends a second one, or one without an end, is no mail server. */
  async #skipLongLine(): Promise<never> {
    const isPatient = this.#options.isStrict && !this.#hasLongLine;
    this.#hasLongLine = true;
    if (!isPatient || !(await this.#input.skipLine())) throw new Farewell(REPLY.lineTooLong);
    throw new CommandFault({ ...REPLY.lineTooLong, code: 500 });
  }

  /** Something comes within this time, or the client goes away. */
  speaksWithin(ms: number): Promise<boolean> {
    return this.#input.speaksWithin(ms);
  }

  /** Behind some commands comes nothing before they are answered: who does not wait has been told what to say by somebody else. */
  requireTurn(): void {
    if (this.#options.isStrict && this.#input.hasBytes) throw new Farewell(REPLY.notYourTurn);
  }

  /** The message behind DATA (RFC 5321 §4.1.1.4). */
  readData(): ReadMessage {
    this.#input.beginData();
    const pace = this.#newPace();
    return () => this.#paced(pace, () => this.#input.data());
  }

  /**
   * The message behind BDAT. `next` says that a chunk is there, and gives the next one; undefined when the client is gone. Throws
   * `Farewell` for one far beyond `maxBytes`.
   */
  readChunks(
    first: Chunk,
    maxBytes: number,
    next: (chunk: Chunk) => Promise<Chunk | undefined>,
  ): ReadMessage {
    const pace = this.#newPace();
    return readChunks(first, maxBytes, {
      octets: async (most) =>
        (await this.#paced(pace, async () => asRead(await this.#input.octets(most))))?.bytes,
      next: async (chunk) => {
        const following = await next(chunk);
        pace.limitReads();
        return following;
      },
    });
  }

  /** What was read and not used: the connection goes on elsewhere. */
  takeUnread(): Buffer {
    return this.#input.takeUnread();
  }

  /** What came before the handshake is thrown away (RFC 3207 §4.2). */
  async startTls(tls: TlsSource, timeoutMs: number): Promise<void> {
    this.#input.drop();
    this.#stream.limitReads({ totalMs: timeoutMs });
    await this.#stream.startTls(tls, replyLine(REPLY.beginTls));
    this.#input.drop();
  }

  async breathe(): Promise<void> {
    if (!this.#stream.isWritable) await this.#stream.drained();
    await this.#slice.spent();
  }

  #newPace(): Pace {
    const pace = new Pace(this.#stream, this.#options.deadlines);
    pace.limitReads();
    return pace;
  }

  async #paced(pace: Pace, read: ReadMessage): Promise<DataRead | undefined> {
    await this.breathe();
    const hasWaited = !this.#input.hasBytes;
    const piece = await read();
    if (hasWaited) this.#slice.restart();
    if (piece !== undefined) pace.came(piece.bytes.length, piece.isLast);
    return piece;
  }
}

function asRead(bytes: Buffer | undefined): DataRead | undefined {
  return bytes && { bytes, isLast: false };
}
