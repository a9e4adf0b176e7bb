import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isLoopback, withoutMapping } from '../base/ip-address.ts';
import { Outbox, StreamClosed, type StreamTap } from './outbox.ts';
import type { Sweep, Swept } from './sweep.ts';
import type { TlsSource } from './tls.ts';

/**
 * A connection as a session wants it: bytes are pulled when the session is ready for them, bytes are written in
 * batches, and every wait has an end. Knows nothing of lines or commands.
 *
 * Promises: at most `MAX_UNREAD_BYTES` plus one socket read are held for a session that does not read (then TCP holds
 * the client back); a peer that does not take its replies is cut off after `writeTimeoutMs` without progress; a read
 * that waits too long throws `ReadTimeout` so that the session can say goodbye. After the end of the connection
 * `read()` gives undefined, `write()` does nothing and `drained()` throws `StreamClosed`.
 */
const MAX_UNREAD_BYTES = 64 * 1024;
/** How long a peer may take to close its side after our farewell. */
const LINGER_MS = 5_000;
/** Silence after which TCP itself probes: a phone that left the network is noticed without a byte from us. */
const KEEPALIVE_MS = 120_000;

export { StreamClosed, type StreamTap };

export class ReadTimeout extends Error {
  override readonly name = 'ReadTimeout';
}

export interface StreamOptions {
  readonly sweep: Sweep;
  readonly writeTimeoutMs: number;
  /** Sees every byte as the session does; for tests and traces. Redaction is the transcript's business. */
  readonly tap?: StreamTap;
}

export interface ReadLimits {
  /** How long one `read()` may wait for the next byte; undefined: for ever. */
  readonly idleMs?: number;
  /** The end of all reading, counted from now, whatever arrives: a drip of bytes does not extend it. */
  readonly totalMs?: number;
}

export class ByteStream implements Swept {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly #options: StreamOptions;
  readonly #closed = Promise.withResolvers<void>();
  readonly #onData = (bytes: Buffer): void => this.#receive(bytes);
  readonly #onEnd = (): void => this.#finishReading();
  #socket: Socket;
  #outbox: Outbox;
  #chunks: Buffer[] = [];
  #unreadBytes = 0;
  #waiting: PromiseWithResolvers<Buffer | undefined> | undefined;
  #isEnded = false;
  #isDead = false;
  #failure: Error | undefined;
  #tlsVersion: string | undefined;
  #idleMs: number | undefined;
  #readEndMs = Number.POSITIVE_INFINITY;
  #totalEndMs = Number.POSITIVE_INFINITY;
  #lingerEndMs = Number.POSITIVE_INFINITY;
  #lastActiveMs: number;

  constructor(socket: Socket, options: StreamOptions) {
    this.#socket = socket;
    this.#options = options;
    this.remoteAddress = withoutMapping(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localPort = socket.localPort ?? 0;
    this.#lastActiveMs = options.sweep.nowMs;
    this.#outbox = this.#newOutbox(socket);
    socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
    this.#attach(socket);
    options.sweep.add(this);
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** `TLSv1.3`, undefined in the clear. It stays when the connection has ended. */
  get tlsVersion(): string | undefined {
    return this.#tlsVersion;
  }

  get isLoopback(): boolean {
    return isLoopback(this.remoteAddress);
  }

  /** Why the connection broke, when it did not simply end. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  /** When bytes last came in, on the sweep's clock: who has been idle longest. */
  get lastActiveMs(): number {
    return this.#lastActiveMs;
  }

  /** On the clock that the deadlines are on. */
  get nowMs(): number {
    return this.#nowMs();
  }

  get idleMs(): number {
    return this.#nowMs() - this.#lastActiveMs;
  }

  /** Resolves once the connection is gone, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * The next bytes, or undefined when the peer has said everything. One read waits at a time; a session that waits for
   * something else as well keeps the promise and comes back to it.
   */
  async read(): Promise<Buffer | undefined> {
    if (this.#waiting) throw new Error('a read is already waiting');
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#unreadBytes -= chunk.length;
      if (this.#unreadBytes <= MAX_UNREAD_BYTES / 2 && this.#socket.isPaused()) this.#socket.resume();
      return chunk;
    }
    if (this.#isEnded || this.#isDead) return undefined;
    this.#waiting = Promise.withResolvers();
    this.#armRead();
    return this.#waiting.promise;
  }

  /** Replaces the limits of reading, for the phase that begins now. */
  limitReads(limits: ReadLimits): void {
    this.#idleMs = limits.idleMs;
    this.#totalEndMs =
      limits.totalMs === undefined ? Number.POSITIVE_INFINITY : this.#nowMs() + limits.totalMs;
    this.#armRead();
  }

  /** Queues bytes; everything written in one turn of the event loop leaves as one batch. The buffers are not copied. */
  write(bytes: Buffer | readonly Buffer[]): void {
    if (this.#isDead) return;
    this.#outbox.push(bytes);
  }

  /** True while the peer keeps up; a producer of much output asks before making more. */
  get isWritable(): boolean {
    return !this.#isDead && this.#outbox.isBelowMark;
  }

  /** Resolves when there is room for more output. Throws `StreamClosed` when there never will be. */
  async drained(): Promise<void> {
    if (this.#isDead) throw new StreamClosed('the connection is closed');
    if (!this.#outbox.isBelowMark) await this.#outbox.untilBelowMark();
  }

  /** Resolves when all that was written has left this process. */
  async flushed(): Promise<void> {
    if (this.#isDead) throw new StreamClosed('the connection is closed');
    await this.#outbox.untilEmpty();
  }

  /**
   * Upgrades in place. `lastPlain` is the reply that invites the handshake; what came in before it was sent is thrown
   * away, since a man in the middle may have put it there to be obeyed as if it had come encrypted (RFC 9051 §6.2.1,
   * RFC 2595 §2.1 and §4; CVE-2011-0411). A caller that buffers input itself drops its own buffer too.
   */
  async startTls(tls: TlsSource, lastPlain?: Buffer): Promise<void> {
    if (this.isSecure) throw new Error('already secure');
    const plain = this.#socket;
    plain.off('data', this.#onData).off('end', this.#onEnd);
    plain.pause();
    this.#chunks = [];
    this.#unreadBytes = 0;
    while (plain.read() !== null);
    if (lastPlain) this.write(lastPlain);
    await this.flushed();
    const secure = new TLSSocket(plain, { isServer: true, secureContext: tls.current() });
    // The handle now belongs to the TLS socket, which reports its failures; the plain one may echo them.
    this.#socket = secure;
    this.#outbox = this.#newOutbox(secure);
    await this.#handshake(secure);
    this.#tlsVersion = secure.getProtocol() ?? undefined;
    this.#attach(secure);
  }

  /** Sends what is queued, ends our side, and waits for the peer's; a peer that never answers is cut off. */
  close(): Promise<void> {
    if (this.#isDead || this.#lingerEndMs !== Number.POSITIVE_INFINITY) return this.closed;
    this.#lingerEndMs = this.#nowMs() + this.#options.writeTimeoutMs;
    void this.#endAfterFlush();
    return this.closed;
  }

  /** Ends the connection now, with whatever was not sent yet. */
  destroy(reason?: Error): void {
    this.#failure ??= reason;
    this.#socket.destroy();
    this.#die();
  }

  sweep(nowMs: number): void {
    if (nowMs >= this.#lingerEndMs) this.destroy();
    else if (this.#outbox.isStuck(nowMs)) this.destroy(new Error('the peer does not take its replies'));
    else if (nowMs >= this.#readEndMs && this.#waiting) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      this.#readEndMs = Number.POSITIVE_INFINITY;
      waiting.reject(new ReadTimeout(nowMs >= this.#totalEndMs ? 'out of time' : 'idle for too long'));
    }
  }

  #nowMs(): number {
    return this.#options.sweep.nowMs;
  }

  #newOutbox(socket: Socket): Outbox {
    const { sweep, writeTimeoutMs, tap } = this.#options;
    return new Outbox(socket, { writeTimeoutMs, nowMs: () => sweep.nowMs, ...(tap && { tap }) });
  }

  #attach(socket: Socket): void {
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.on('close', () => this.#die());
    socket.on('end', this.#onEnd);
    socket.on('data', this.#onData);
    socket.resume();
  }

  #receive(bytes: Buffer): void {
    this.#lastActiveMs = this.#nowMs();
    this.#options.tap?.received(bytes);
    const waiting = this.#waiting;
    if (waiting) {
      this.#waiting = undefined;
      this.#readEndMs = Number.POSITIVE_INFINITY;
      waiting.resolve(bytes);
      return;
    }
    if (this.#isDead || this.#lingerEndMs !== Number.POSITIVE_INFINITY) return;
    this.#chunks.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes >= MAX_UNREAD_BYTES) this.#socket.pause();
  }

  #finishReading(): void {
    this.#isEnded = true;
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
    if (this.#lingerEndMs !== Number.POSITIVE_INFINITY && this.#outbox.isEmpty) this.#socket.destroy();
  }

  #armRead(): void {
    if (!this.#waiting) return;
    const idleEndMs = this.#idleMs === undefined ? Number.POSITIVE_INFINITY : this.#nowMs() + this.#idleMs;
    this.#readEndMs = Math.min(idleEndMs, this.#totalEndMs);
  }

  async #handshake(secure: TLSSocket): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (error?: Error): void =>
      reject(new StreamClosed(error?.message ?? 'closed during the handshake'));
    secure.once('secure', resolve);
    secure.once('close', fail);
    secure.on('error', fail);
    // A TLS socket made without a tls.Server reports its alerts here, before and after the handshake.
    secure.on('_tlsError', (error: Error) => {
      this.#failure ??= error;
      fail(error);
      secure.destroy();
    });
    const timeoutMs = Math.min(this.#options.writeTimeoutMs, this.#totalEndMs - this.#nowMs());
    const timer = setTimeout(() => fail(new Error('the TLS handshake took too long')), timeoutMs);
    try {
      await promise;
      secure.off('close', fail).off('error', fail);
    } catch (error) {
      this.destroy(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #endAfterFlush(): Promise<void> {
    try {
      await this.#outbox.untilEmpty();
    } catch {
      return;
    }
    this.#lingerEndMs = this.#nowMs() + LINGER_MS;
    if (this.#isEnded) this.#socket.destroySoon();
    else this.#socket.resume().end();
  }

  #die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#chunks = [];
    this.#outbox.fail(new StreamClosed(this.#failure?.message ?? 'the connection is closed'));
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
    this.#options.sweep.remove(this);
    this.#closed.resolve();
  }
}
