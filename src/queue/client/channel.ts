/**
 * The octets between us and a server that takes our mail: replies in their order, writing with back-pressure, TLS, and an end for
 * every wait. What fails is a `HopFailure`, and the connection is over then.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type HopReply, NoReply, ReplyParser } from './reply.ts';

/** Where it went wrong: `connect` before there was a greeting, `tls` in the handshake or what was shown in it. */
export type FailureKind = 'connect' | 'tls' | 'timeout' | 'closed' | 'protocol';

export class HopFailure extends Error {
  override readonly name = 'HopFailure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** Of this machine, of the same family. */
  readonly localAddress?: string;
}

export interface TlsWish {
  /** As the server is called, for SNI and its certificate. */
  readonly name: string;
  /** The chain has to be valid and to be for this name. */
  readonly isVerified: boolean;
  /** Octets of certificate authorities instead of those of the system; for tests. */
  readonly ca?: string | undefined;
}

export class Channel {
  #socket: Socket;
  #parser = new ReplyParser();
  readonly #replies: HopReply[] = [];
  #waiting: PromiseWithResolvers<HopReply> | undefined;
  #failure: HopFailure | undefined;
  #isSecure = false;
  /** Whoever writes waits for this too: what is said in the middle of a message ends it. */
  #speaking: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#attach();
  }

  static async open({ address, port, localAddress }: Endpoint, timeoutMs: number): Promise<Channel> {
    const socket = connectTcp({ host: address, port, ...(localAddress ? { localAddress } : {}) });
    await settled(socket, 'connect', timeoutMs, (why) => new HopFailure('connect', why));
    socket.setNoDelay(true).setKeepAlive(true, 60_000);
    return new Channel(socket);
  }

  get isSecure(): boolean {
    return this.#isSecure;
  }

  get tls(): TLSSocket | undefined {
    return this.#isSecure ? (this.#socket as TLSSocket) : undefined;
  }

  /** It can be used again: nothing has been said that was not asked for, and nothing has ended. */
  get isQuiet(): boolean {
    return this.#failure === undefined && this.#replies.length === 0 && !this.#parser.isInside;
  }

  /** The next reply. Throws `HopFailure`. */
  async reply(timeoutMs: number): Promise<HopReply> {
    const ready = this.#replies.shift();
    if (ready !== undefined) return ready;
    if (this.#failure !== undefined) throw this.#failure;
    const waiting = Promise.withResolvers<HopReply>();
    this.#waiting = waiting;
    const late = (): void => {
      this.fail(new HopFailure('timeout', 'no reply in time'));
    };
    const timer = setTimeout(late, timeoutMs);
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  write(octets: string | Buffer): void {
    if (this.#failure === undefined) this.#socket.write(octets);
  }

  /** What it has said although it was not asked, also before it closed the connection. */
  takeEarly(): HopReply | undefined {
    return this.#replies.shift();
  }

  /** As `write`, and waits while the server does not keep up and says nothing. Throws `HopFailure`. */
  async send(octets: Buffer, timeoutMs: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    // What has come is heard before the next write, which fails when the server has closed the connection behind it.
    if (this.#socket.write(octets)) return nextTurn();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#speaking = resolve;
    const late = (): void => {
      this.fail(new HopFailure('timeout', 'it stopped taking the message'));
    };
    const timer = setTimeout(late, timeoutMs);
    const go = (): void => resolve();
    this.#socket.once('drain', go).once('close', go);
    await promise;
    this.#speaking = undefined;
    clearTimeout(timer);
    this.#socket.off('drain', go).off('close', go);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What was said in the clear behind the word for it may be somebody else's (CVE-2021-38371). */
  async startTls({ name, isVerified, ca }: TlsWish, timeoutMs: number): Promise<void> {
    if (!this.isQuiet) throw this.fail(new HopFailure('tls', 'something was said in the clear before TLS'));
    const plain = this.#detach();
    const options: ConnectionOptions = {
      socket: plain,
      rejectUnauthorized: isVerified,
      minVersion: 'TLSv1.2',
      ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
      ...(ca === undefined ? {} : { ca }),
    };
    const secure = connectTls(options);
    this.#socket = secure;
    await settled(secure, 'secureConnect', timeoutMs, (why, cause) => new HopFailure('tls', why, { cause }));
    this.#parser = new ReplyParser();
    this.#isSecure = true;
    this.#attach();
  }

  /** With words of farewell where there is time for them. */
  close(): void {
    this.#failure ??= new HopFailure('closed', 'closed by us');
    this.#socket.end('QUIT\r\n');
    const { destroy } = this.#socket;
    setTimeout(() => destroy.call(this.#socket), 2000).unref();
  }

  fail(failure: HopFailure): HopFailure {
    this.#failure ??= failure;
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#failure);
    return this.#failure;
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      for (const reply of this.#parser.feed(chunk)) this.#hear(reply);
    } catch (error) {
      const words = error instanceof NoReply ? error.message : String(error);
      this.fail(new HopFailure('protocol', words));
    }
  };
  readonly #onEnd = (): void => {
    this.fail(new HopFailure('closed', 'it closed the connection'));
  };
  readonly #onError = (error: Error): void => {
    this.fail(new HopFailure('closed', error.message));
  };

  #hear(reply: HopReply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.resolve(reply);
    // Nobody is asked so much at once.
    else if (this.#replies.push(reply) > 2000)
      this.fail(new HopFailure('protocol', 'it says what it was not asked for'));
    else this.#speaking?.();
  }

  #attach(): void {
    this.#socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd);
    this.#socket.on('error', this.#onError);
  }

  #detach(): Socket {
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    // The socket above it tells.
    socket.off('error', this.#onError).on('error', () => {});
    return socket;
  }
}

async function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  failure: (why: string, cause?: Error) => HopFailure,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(failure('it did not answer in time')), timeoutMs);
  const onError = (error: Error): void => reject(failure(error.message, error));
  const onClose = (): void => reject(failure('it closed the connection'));
  socket.once(event, resolve).once('error', onError).once('close', onClose);
  try {
    await promise;
  } catch (error) {
    socket.on('error', () => {}).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.off(event, resolve).off('error', onError).off('close', onClose);
  }
}
