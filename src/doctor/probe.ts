/**
 * Knocks at a port of ours as a mail program does: waits for the greeting, goes over to TLS where that comes first or is
 * offered, says goodbye. It signs nobody in. The certificate is taken whatever it is, and shown to whoever judges it.
 */
import type { X509Certificate } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Protocol, Spoken } from '../net/services.ts';

export type Speech = Exclude<Protocol, 'submission'>;

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly speech: Speech;
  readonly tls: Spoken['tls'];
  /** The name that clients use. */
  readonly serverName: string;
  /** What a proxy says first, where whoever knocks is taken for one. */
  readonly preamble?: string;
}

export interface Served {
  readonly certificate: X509Certificate;
  /** Why a client that knows the usual authorities would not trust the chain: Node's code for it. */
  readonly distrust: string | undefined;
}

export type Probed =
  | { readonly kind: 'speaks'; readonly greeting: string; readonly served: Served | undefined }
  | { readonly kind: 'silent'; readonly why: string }
  /** Something answers, and not as it should. */
  | { readonly kind: 'strange'; readonly seen: string };

const PATIENCE_MS = 5000;
const MAX_LINE = 8192;
/** A farewell of more has no end. */
const MAX_FAREWELL_BYTES = 65_536;

interface Words {
  /** What the client says first, where the server waits for it. */
  readonly opening?: string;
  readonly greets: RegExp;
  /** The last line of a greeting of several. */
  readonly endsWith?: RegExp;
  readonly upgrade?: { readonly command: string; readonly agreed: RegExp };
  readonly farewell: string;
}

const WORDS: Readonly<Record<Speech, Words>> = {
  imap: {
    greets: /^\* (?:OK|PREAUTH)\b/i,
    upgrade: { command: 'd1 STARTTLS', agreed: /^d1 OK\b/i },
    farewell: 'd2 LOGOUT',
  },
  pop3: { greets: /^\+OK\b/, upgrade: { command: 'STLS', agreed: /^\+OK\b/ }, farewell: 'QUIT' },
  managesieve: {
    greets: /^"IMPLEMENTATION"/i,
    endsWith: /^OK\b/i,
    upgrade: { command: 'STARTTLS', agreed: /^OK\b/i },
    farewell: 'LOGOUT',
  },
  lmtp: { greets: /^220[ -].*\bLMTP\b/i, farewell: 'QUIT' },
  smtp: {
    greets: /^220[ -].*\bE?SMTP\b/i,
    upgrade: { command: 'STARTTLS', agreed: /^220\b/ },
    farewell: 'QUIT',
  },
  http: {
    opening: 'HEAD / HTTP/1.0\r\nHost: localhost\r\n',
    greets: /^HTTP\/1\.[01] \d{3}\b/,
    farewell: '',
  },
  metrics: {
    opening: 'GET /metrics HTTP/1.0\r\n',
    greets: /^HTTP\/1\.[01] 200\b/,
    farewell: '',
  },
};

export async function probe(target: Target, patienceMs = PATIENCE_MS): Promise<Probed> {
  const socket = connect({ host: target.host, port: target.port });
  socket.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), patienceMs);
  try {
    return await speak(socket, target);
  } catch (error) {
    return { kind: 'silent', why: words(error as NodeJS.ErrnoException) };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function speak(socket: Socket, target: Target): Promise<Probed> {
  const { opening, greets, endsWith, upgrade, farewell } = WORDS[target.speech];
  await connected(socket);
  if (target.preamble) socket.write(target.preamble);
  const secure = target.tls === 'first' ? await startTls(socket, target) : undefined;
  if (typeof secure === 'string') return { kind: 'strange', seen: secure };
  const heard = new Lines(secure?.socket ?? socket);
  if (opening !== undefined) heard.say(opening);
  const greeting = await heard.line();
  if (greeting === undefined) return { kind: 'strange', seen: 'the connection ends without a word' };
  if (!greets.test(greeting)) return { kind: 'strange', seen: `says "${greeting}"` };
  for (let last: string | undefined = greeting; endsWith?.test(last ?? 'OK') === false; )
    last = await heard.line();
  if (target.tls !== 'upgrade' || upgrade === undefined) {
    await heard.leave(farewell);
    return { kind: 'speaks', greeting, served: secure?.served };
  }
  heard.say(upgrade.command);
  const agreed = await heard.line();
  if (agreed === undefined || !upgrade.agreed.test(agreed))
    return { kind: 'strange', seen: `offers no TLS: "${agreed ?? 'the connection ends'}"` };
  heard.stop();
  const upgraded = await startTls(socket, target);
  if (typeof upgraded === 'string') return { kind: 'strange', seen: upgraded };
  await new Lines(upgraded.socket).leave(farewell);
  return { kind: 'speaks', greeting, served: upgraded.served };
}

function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', reject);
  return promise;
}

/** The socket of TLS with what was served, or why there is none. */
async function startTls(
  socket: Socket,
  { serverName }: Target,
): Promise<{ socket: TLSSocket; served: Served } | string> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const secure = connectTls({
    socket,
    rejectUnauthorized: false,
    // The name is judged where the rest is; here only whether the chain is trusted.
    checkServerIdentity: () => undefined,
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
  });
  secure.once('secureConnect', () => resolve(undefined));
  secure.on('error', (error) => resolve(error.message));
  socket.once('close', () => resolve('the connection ends'));
  const fault = await promise;
  const certificate = secure.getPeerX509Certificate();
  if (fault !== undefined || certificate === undefined)
    return `TLS does not come about: ${fault ?? 'no certificate'}`;
  const { authorizationError } = secure;
  // The types say Error, Node.js gives the code.
  const distrust = authorizationError ? String(authorizationError) : undefined;
  return { socket: secure, served: { certificate, distrust } };
}

/** Lines as they come, of a bounded length; undefined at the end. */
class Lines {
  readonly #socket: Socket;
  readonly #onData = (chunk: Buffer): void => this.#hear(chunk);
  #text = '';
  #isOver = false;
  #heardBytes = 0;
  #wake = Promise.withResolvers<void>();
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData);
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', (error) => {
      this.#error = error;
      this.#end();
    });
  }

  say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0 || this.#text.length > MAX_LINE) {
        const line = this.#text.slice(0, end >= 0 ? end : MAX_LINE).trimEnd();
        this.#text = this.#text.slice(end >= 0 ? end + 1 : MAX_LINE);
        return line;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return undefined;
      await this.#wake.promise;
    }
  }

  /** Until the other side has hung up, as far as there is time and it comes to an end. */
  async leave(farewell: string): Promise<void> {
    if (farewell !== '') this.say(farewell);
    const mostBytes = this.#heardBytes + MAX_FAREWELL_BYTES;
    try {
      while (this.#heardBytes < mostBytes && (await this.line()) !== undefined);
    } catch {
      // What we wanted to know we know.
    }
  }

  /** What comes from now on is somebody else's. */
  stop(): void {
    this.#socket.off('data', this.#onData);
  }

  #hear(chunk: Buffer): void {
    this.#heardBytes += chunk.length;
    if (this.#text.length <= MAX_LINE) this.#text += chunk.toString('latin1');
    this.#wakeUp();
  }

  #end(): void {
    this.#isOver = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

function words(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'nothing answers';
  if (error.code === 'ETIMEDOUT' || error.code === 'EHOSTUNREACH') return 'cannot be reached';
  return error.message;
}
