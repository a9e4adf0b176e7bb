/**
 * The old server over POP3, asked for one thing: the names (UIDL, RFC 1939 §7) by which programs that leave mail on the server know what
 * they have fetched. With them a program fetches nothing again here; without them it fetches everything.
 *
 * It deletes nothing, and downloads headers alone (TOP).
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Endpoint, Trust } from './endpoint.ts';
import { isBusy, SourceFailure, said } from './failure.ts';
import { headerDigest, type NamedHeader } from './pop3-names.ts';
import type { SignIn } from './sign-in.ts';

export interface Pop3Options {
  readonly endpoint: Endpoint;
  readonly trust: Trust;
  readonly signIn: SignIn;
  /** Longer silence is a broken connection. */
  readonly silenceMs: number;
}

const MAX_LINE_BYTES = 1024 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** What a line takes in memory besides its octets: an answer of nothing but line ends is large, too. */
const LINE_COST_BYTES = 64;
const MAX_MESSAGES = 1_000_000;
/** Headers that are asked for before the first has come. */
const AHEAD = 32;
const LF = 0x0a;
const DOT = 0x2e;

/** All of the drop, in its order. Throws SourceFailure. */
export async function readNames(options: Pop3Options): Promise<readonly NamedHeader[]> {
  const wire = await Wire.open(options);
  try {
    await signIn(wire, options.signIn);
    const ids = idsOf(await wire.ask('UIDL', true));
    const named: NamedHeader[] = [];
    for (let at = 0; at < ids.length; at += AHEAD) {
      const some = ids.slice(at, at + AHEAD);
      const headers = some.map(async ({ number, id }) => {
        return { id, digest: headerDigest(await wire.ask(`TOP ${number} 0`, true)) };
      });
      // All of them have come, or the connection is broken.
      named.push(...(await Promise.all(headers)));
    }
    wire.write('QUIT');
    return named;
  } finally {
    wire.close();
  }
}

async function signIn(wire: Wire, signIn: SignIn): Promise<void> {
  try {
    if (signIn.kind === 'token') {
      const token = (await signIn.token()).reveal();
      await wire.ask(`AUTH XOAUTH2 ${base64(`user=${signIn.user}\u0001auth=Bearer ${token}\u0001\u0001`)}`);
    } else if (signIn.kind === 'on-behalf') {
      await wire.ask(`AUTH PLAIN ${base64(`${signIn.user}\0${signIn.master}\0${signIn.password.reveal()}`)}`);
    } else {
      await wire.ask(`USER ${signIn.user}`);
      await wire.ask(`PASS ${signIn.password.reveal()}`);
    }
  } catch (error) {
    if (!(error instanceof SourceFailure) || error.kind !== 'refused') throw error;
    throw new SourceFailure('sign-in', `over POP3 ${error.message}`);
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function idsOf(answer: Buffer): readonly { readonly number: number; readonly id: string }[] {
  const ids: { number: number; id: string }[] = [];
  for (const line of answer.toString('latin1').split('\n')) {
    const match = /^(\d{1,10}) ([\x21-\x7e]{1,200})\r?$/.exec(line);
    if (match !== null) ids.push({ number: Number(match[1]), id: match[2] as string });
  }
  if (ids.length > MAX_MESSAGES)
    throw new SourceFailure('refused', 'the server tells of more messages than can be');
  return ids.sort((a, b) => a.number - b.number);
}

interface Waiting {
  readonly isLong: boolean;
  resolve(answer: Buffer): void;
  reject(failure: SourceFailure): void;
}

/** Lines out, answers in, in order. */
class Wire {
  #socket: Socket;
  readonly #silenceMs: number;
  readonly #waiting: Waiting[] = [];
  #lines: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #bytes = 0;
  #isInside = false;
  #failure: SourceFailure | undefined;

  private constructor(socket: Socket, silenceMs: number) {
    this.#socket = socket;
    this.#silenceMs = silenceMs;
    this.#attach();
  }

  static async open({ endpoint, trust, silenceMs }: Pop3Options): Promise<Wire> {
    const { host, port, tls } = endpoint;
    const secured: ConnectionOptions = {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: !trust.isInsecure,
      ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    };
    const socket = tls === 'first' ? connectTls({ host, port, ...secured }) : connectPlain({ host, port });
    const wire = new Wire(socket, silenceMs);
    await wire.#answer(false);
    if (tls !== 'upgraded') return wire;
    const answer = await wire.ask('STLS').catch((error: SourceFailure) => error);
    if (!(answer instanceof SourceFailure)) await wire.#upgrade({ host, ...secured });
    else if (answer.kind !== 'refused') throw answer;
    else if (!trust.isInsecure)
      throw new SourceFailure('untrusted', `${host} offers no TLS over POP3`, { cause: answer });
    return wire;
  }

  /** Without its first line and its last; throws what the server refuses. */
  ask(line: string, isLong = false): Promise<Buffer> {
    this.write(line);
    return this.#answer(isLong);
  }

  write(line: string): void {
    if (/[\r\n\0]/.test(line)) throw new SourceFailure('sign-in', 'a name or password has a line end in it');
    if (this.#failure === undefined) this.#socket.write(`${line}\r\n`);
  }

  close(): void {
    this.#failure ??= new SourceFailure('lost', 'closed by us');
    this.#socket.destroy();
  }

  #answer(isLong: boolean): Promise<Buffer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#waiting.push({ isLong, resolve, reject });
    return promise;
  }

  #attach(): void {
    const socket = this.#socket;
    socket.setTimeout(this.#silenceMs, () => this.#fail('the server says nothing any more'));
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error.message, error));
    socket.on('close', () => this.#fail('the connection broke'));
  }

  /** What was said in the clear behind the answer may be somebody else's. */
  async #upgrade(options: ConnectionOptions): Promise<void> {
    if (this.#rest.length > 0)
      throw new SourceFailure('untrusted', 'something was said in the clear before TLS');
    const plain = this.#socket;
    plain.removeAllListeners();
    const secure = connectTls({ ...options, socket: plain });
    this.#socket = secure;
    this.#attach();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    secure.once('secureConnect', resolve);
    secure.once('close', () => reject(this.#failure ?? new SourceFailure('lost', 'the connection broke')));
    await promise;
  }

  #fail(why: string, cause?: Error): void {
    const code = `${(cause as NodeJS.ErrnoException | undefined)?.code}`;
    const isUntrusted = /^(?:ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code);
    this.#failure ??= new SourceFailure(isUntrusted ? 'untrusted' : 'lost', `over POP3: ${why}`, { cause });
    this.#socket.destroy();
    for (const one of this.#waiting.splice(0)) one.reject(this.#failure);
  }

  #take(chunk: Buffer): void {
    let at = 0;
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, at)) {
      const piece = chunk.subarray(at, lf + 1);
      this.#hear(this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]));
      this.#rest = Buffer.alloc(0);
      at = lf + 1;
    }
    if (at < chunk.length) this.#rest = Buffer.concat([this.#rest, chunk.subarray(at)]);
    if (this.#rest.length > MAX_LINE_BYTES) this.#fail('the server sends more than can be meant');
  }

  #hear(line: Buffer): void {
    const [waiting] = this.#waiting;
    if (line.length > MAX_LINE_BYTES) this.#fail('the server sends more than can be meant');
    if (waiting === undefined || this.#failure !== undefined) return;
    if (!this.#isInside) {
      const text = line.toString('latin1').trimEnd();
      if (!text.startsWith('+')) {
        this.#waiting.shift();
        const why = said(text.replace(/^-ERR ?/i, ''));
        waiting.reject(new SourceFailure(isBusy(text) ? 'busy' : 'refused', `the server refused${why}`));
      } else if (waiting.isLong) this.#isInside = true;
      else this.#done(waiting);
      return;
    }
    if (line[0] === DOT && (line[1] === LF || (line[1] === 0x0d && line[2] === LF))) {
      this.#done(waiting);
      return;
    }
    this.#bytes += line.length + LINE_COST_BYTES;
    if (this.#bytes > MAX_ANSWER_BYTES) this.#fail('the server sends more than can be meant');
    else this.#lines.push(line[0] === DOT ? line.subarray(1) : line);
  }

  #done(waiting: Waiting): void {
    this.#waiting.shift();
    const answer = Buffer.concat(this.#lines);
    [this.#lines, this.#bytes, this.#isInside] = [[], 0, false];
    waiting.resolve(answer);
  }
}
