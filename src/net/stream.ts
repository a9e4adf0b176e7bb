import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isLoopback, withoutMapping } from '../base/ip-address.ts';
import { certifiedAddresses } from './client-certificate.ts';
import { Deflating, Inflating } from './compression.ts';
import { type Connection, type PeerFacts, type ReadLimits, ReadTimeout } from './connection.ts';
import { Outbox, type Sink, StreamClosed, type StreamTap } from './outbox.ts';
import { pass } from './passing.ts';
import type { Origin } from './proxy-header.ts';
import type { StreamOptions } from './stream-options.ts';
import type { Swept } from './sweep.ts';
import { secured, type TlsSource } from './tls.ts';
import { channelBinding } from './tls-binding.ts';

/**
 * Connections over sockets, from clients and from other processes.
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

export { ReadTimeout, StreamClosed, type StreamOptions, type StreamTap };

/** A client at the other end of this socket, or behind the proxy that is there. */
export function socketConnection(socket: Socket, options: StreamOptions, origin?: Origin): ByteStream {
  const { remoteAddress = '', remotePort = 0, localPort = 0 } = socket;
  const client = origin ?? { address: withoutMapping(remoteAddress), port: remotePort };
  const facts = { localPort, tlsVersion: undefined, remoteAddress: client.address, remotePort: client.port };
  return new ByteStream(socket, facts, options);
}

/** A client of another process, which passes its octets through this socket and said who it is. */
export function relayedConnection(socket: Socket, facts: PeerFacts, options: StreamOptions): ByteStream {
  return new ByteStream(socket, facts, options);
}

export class ByteStream implements Connection, Swept {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly #options: StreamOptions;
  readonly #closed = Promise.withResolvers<void>();
  readonly #onData = (bytes: Buffer): void => this.#receive(bytes);
  readonly #onEnd = (): void => this.#finishReading();
  #socket: Socket;
  /** Where bytes come from: the socket, or what inflates them. */
  #source: Pick<Inflating, 'isPaused' | 'pause' | 'resume'>;
  #deflating: Deflating | undefined;
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
  /** Of the socket, before it was ours. */
  #readBefore: number;
  /** Joined, and the other side is over: how much of what it said had left when the sweep last looked. */
  #drainedBytes: number | undefined;

  constructor(socket: Socket, facts: PeerFacts, options: StreamOptions) {
    this.#socket = socket;
    this.#source = socket;
    this.#options = options;
    this.remoteAddress = facts.remoteAddress;
    this.remotePort = facts.remotePort;
    this.localPort = facts.localPort;
    this.#tlsVersion = facts.tlsVersion;
    this.#readBefore = socket.bytesRead;
    this.#lastActiveMs = options.sweep.nowMs;
    this.#outbox = this.#newOutbox(socket);
    socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
    this.#attach(socket);
    options.sweep.add(this);
  }

  get isSecure(): boolean {
    return this.#tlsVersion !== undefined;
  }

  get tlsVersion(): string | undefined {
    return this.#tlsVersion;
  }

  get isLoopback(): boolean {
    return isLoopback(this.remoteAddress);
  }

  channelBinding(type: 'tls-exporter' | 'tls-server-end-point'): Buffer | undefined {
    return channelBinding(this.#socket, type);
  }

  get certifiedAddresses(): readonly string[] {
    return certifiedAddresses(this.#socket);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead - this.#readBefore;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  get lastActiveMs(): number {
    return this.#lastActiveMs;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  get idleMs(): number {
    return this.#nowMs() - this.#lastActiveMs;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async read(): Promise<Buffer | undefined> {
    if (this.#waiting) throw new Error('a read is already waiting');
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#unreadBytes -= chunk.length;
      if (this.#unreadBytes <= MAX_UNREAD_BYTES / 2 && this.#source.isPaused()) this.#source.resume();
      return chunk;
    }
    if (this.#isEnded || this.#isDead) return undefined;
    this.#waiting = Promise.withResolvers();
    this.#armRead();
    return this.#waiting.promise;
  }

  limitReads(limits: ReadLimits): void {
    this.#idleMs = limits.idleMs;
    this.#totalEndMs =
      limits.totalMs === undefined ? Number.POSITIVE_INFINITY : this.#nowMs() + limits.totalMs;
    this.#armRead();
  }

  write(bytes: Buffer | readonly Buffer[], taken?: () => void): void {
    if (this.#isDead) return;
    this.#outbox.push(bytes, taken);
  }

  get isWritable(): boolean {
    return !this.#isDead && this.#outbox.isBelowMark;
  }

  async drained(): Promise<void> {
    if (this.#isDead) throw new StreamClosed('the connection is closed');
    if (!this.#outbox.isBelowMark) await this.#outbox.untilBelowMark();
  }

  async flushed(): Promise<void> {
    if (this.#isDead) throw new StreamClosed('the connection is closed');
    await this.#outbox.untilEmpty();
  }

  async startTls(tls: TlsSource, lastPlain?: Buffer): Promise<void> {
    if (this.isSecure) throw new Error('already secure');
    const plain = this.#socket;
    plain.off('data', this.#onData).off('end', this.#onEnd);
    plain.pause();
    const early = this.#chunks;
    this.#chunks = [];
    this.#unreadBytes = 0;
    if (lastPlain) {
      while (plain.read() !== null);
      this.write(lastPlain);
    } else for (const bytes of early.toReversed()) plain.unshift(bytes);
    await this.flushed();
    const secure = secured(plain, tls);
    // The handle now belongs to the TLS socket, which reports its failures; the plain one may echo them.
    this.#socket = secure;
    this.#source = secure;
    this.#outbox = this.#newOutbox(secure);
    await this.#handshake(secure);
    this.#tlsVersion = secure.getProtocol() ?? 'TLS';
    this.#attach(secure);
    if (secure.readableEnded) this.#finishReading();
  }

  get isCompressed(): boolean {
    return this.#deflating !== undefined;
  }

  async startCompression(lastPlain: Buffer, unread: Buffer): Promise<void> {
    if (this.isCompressed) throw new Error('already compressed');
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd);
    // What comes from now on may be deflated already.
    socket.pause();
    this.write(lastPlain);
    await this.flushed();
    const early = [unread, ...this.#chunks];
    this.#chunks = [];
    this.#unreadBytes = 0;
    this.#deflating = new Deflating(socket, () => this.#nowMs());
    this.#outbox = this.#newOutbox(this.#deflating);
    this.#source = new Inflating(socket, early, {
      onBytes: this.#onData,
      onEnd: this.#onEnd,
      onFailure: (error) => this.destroy(error),
    });
  }

  join(other: Socket, unread: Buffer): Promise<void> {
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd);
    for (const bytes of [unread, ...this.#chunks]) if (bytes.length > 0) other.write(bytes);
    this.#chunks = [];
    const hasEnded = this.#isEnded;
    socket.once('end', () => {
      this.#isEnded = true;
      other.end();
    });
    other.on('error', (error) => {
      this.#failure ??= error;
    });
    other.once('end', () => this.#endJoined());
    other.once('close', () => {
      // A session that ends says so to its client first; one that breaks cannot.
      if (!other.readableEnded) this.destroy();
    });
    pass(socket, other, () => {
      this.#lastActiveMs = this.#nowMs();
    });
    pass(other, socket);
    if (this.#isDead) other.destroy();
    else if (hasEnded) other.end();
    // It may have ended before anybody listened.
    if (other.readableEnded || other.destroyed) this.#endJoined();
    // The last command of a client that did not wait for its answer is still on its way.
    return this.closed.then(() => other.destroySoon());
  }

  close(): Promise<void> {
    if (this.#isDead || this.#lingerEndMs !== Number.POSITIVE_INFINITY) return this.closed;
    this.#lingerEndMs = this.#nowMs() + this.#options.writeTimeoutMs;
    void this.#endAfterFlush();
    return this.closed;
  }

  destroy(reason?: Error): void {
    this.#failure ??= reason;
    this.#socket.destroy();
    this.#die();
  }

  sweep(nowMs: number): void {
    this.#watchDrain(nowMs);
    this.#deflating?.sweep();
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

  #newOutbox(sink: Sink): Outbox {
    const { sweep, writeTimeoutMs, tap } = this.#options;
    return new Outbox(sink, { writeTimeoutMs, nowMs: () => sweep.nowMs, ...(tap && { tap }) });
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
    if (this.#unreadBytes >= MAX_UNREAD_BYTES) this.#source.pause();
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
    // Whoever goes away now does not close our half: that is for us to do, or it keeps a place until time is up.
    const gone = (): void => fail();
    secure.once('end', gone).once('close', fail);
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
      secure.off('end', gone).off('close', fail).off('error', fail);
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

  /** What the other side said last may be much, and its client slow. */
  #endJoined(): void {
    this.#drainedBytes = this.#socket.bytesWritten;
    this.#lingerEndMs = this.#nowMs() + this.#options.writeTimeoutMs;
    this.#socket.end(() => {
      this.#drainedBytes = undefined;
      this.#lingerEndMs = this.#nowMs() + LINGER_MS;
      if (this.#isEnded) this.#socket.destroySoon();
    });
  }

  #watchDrain(nowMs: number): void {
    const { bytesWritten } = this.#socket;
    if (this.#drainedBytes === undefined || this.#drainedBytes === bytesWritten) return;
    this.#drainedBytes = bytesWritten;
    this.#lingerEndMs = nowMs + this.#options.writeTimeoutMs;
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
