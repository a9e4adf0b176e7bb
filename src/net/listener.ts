import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import type { Connection } from './connection.ts';
import { type Connections, Guest, type Refusal } from './connections.ts';
import { type ByteStream, StreamClosed, type StreamOptions, socketConnection } from './stream.ts';
import type { TlsSource } from './tls.ts';

/**
 * A port: accepts connections within the limits, shakes hands where TLS comes first, and runs one session per
 * connection. A session that fails takes its own connection down and nothing else.
 *
 * Closing stops accepting at once, asks every session to stop, waits for them, and cuts off those that are left when
 * the time is up.
 */
export interface Session {
  /** Serves the connection to its end. Resolves when the session has nothing more to say. */
  run(): Promise<void>;
  /** The server is stopping or the connection is unwanted: say goodbye at the next point where that is possible. */
  stop(reason: string): void;
}

export interface ListenerOptions {
  /** For the log and the ready line: `imap`, `pop3s`. */
  readonly name: string;
  /** The protocol, of which there may be several ports: `imap`. */
  readonly service: string;
  readonly host: string;
  /** 0 binds a free one. */
  readonly port: number;
  /** TLS from the first byte (RFC 8314 §3). Without it the session may upgrade by itself. */
  readonly tls?: TlsSource;
  readonly connections: Connections;
  readonly stream: StreamOptions;
  /** A handshake that takes longer is an attack or a port scan. */
  readonly handshakeTimeoutMs: number;
  readonly log: Log;
  /** What a refused connection is told, in the protocol's own words. */
  readonly farewell: (refusal: Refusal) => Buffer;
  readonly accept: (connection: Connection, guest: Guest) => Session;
  /** After the end of a session, however it ended. */
  readonly onLeft?: (guest: Guest) => void;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #sessions = new Map<ByteStream, Session | undefined>();
  #idle: PromiseWithResolvers<void> | undefined;
  #isClosing = false;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    // Half open: a script that sends its commands and closes its side still gets the replies.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void this.#serve(socket));
  }

  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    const server = listener.#server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', (cause) => {
      const what = `${options.name}: cannot listen on ${hostPort(options.host, options.port)}`;
      reject(new Error(`${what}: ${explain(cause as NodeJS.ErrnoException)}`, { cause }));
    });
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve);
    await promise;
    // Running out of file descriptors makes accept fail; the listener survives and the next one gets in.
    server.on('error', (err) => options.log.error({ err, listener: options.name }, 'accepting failed'));
    return listener;
  }

  get name(): string {
    return this.#options.name;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : this.#options.port;
  }

  /** As bound: `127.0.0.1:1143`, `[::1]:1143`. */
  get address(): string {
    return hostPort(this.#options.host, this.port);
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#server.close();
    for (const [stream, session] of this.#sessions) {
      if (session) session.stop('Server is shutting down');
      else stream.destroy();
    }
    if (this.#sessions.size === 0) return;
    this.#idle = Promise.withResolvers();
    const timer = setTimeout(() => {
      for (const stream of this.#sessions.keys()) stream.destroy();
    }, graceMs);
    await this.#idle.promise;
    clearTimeout(timer);
  }

  async #serve(socket: Socket): Promise<void> {
    const { name, service, connections, log, stream: streamOptions } = this.#options;
    // The peer may be gone already; without an address there is nobody to count.
    if (socket.remoteAddress === undefined || this.#isClosing) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const stream = socketConnection(socket, streamOptions);
    const entered = connections.enter(service, name, stream);
    if (!(entered instanceof Guest)) {
      log.warn({ remote: stream.remoteAddress, listener: name, refusal: entered }, 'connection refused');
      await this.#refuse(stream, entered);
      return;
    }
    this.#sessions.set(stream, undefined);
    try {
      await this.#runSession(stream, entered);
    } catch (err) {
      const facts = { err, remote: stream.remoteAddress, listener: name, session: entered.id };
      if (err instanceof StreamClosed) log.debug(facts, 'connection lost');
      else log.error(facts, 'session failed');
      stream.destroy();
    } finally {
      await stream.close();
      this.#left(stream, entered);
    }
  }

  #left(stream: ByteStream, guest: Guest): void {
    guest.leave();
    this.#options.onLeft?.(guest);
    this.#sessions.delete(stream);
    if (this.#sessions.size === 0) this.#idle?.resolve();
  }

  async #runSession(stream: ByteStream, guest: Guest): Promise<void> {
    const { tls, accept, handshakeTimeoutMs } = this.#options;
    if (tls) {
      stream.limitReads({ totalMs: handshakeTimeoutMs });
      await stream.startTls(tls);
      stream.limitReads({});
    }
    const session = accept(stream, guest);
    this.#sessions.set(stream, session);
    if (this.#isClosing) session.stop('Server is shutting down');
    await session.run();
  }

  /** Where TLS comes first there are no words for a refusal; the connection just ends. */
  async #refuse(stream: ByteStream, refusal: Refusal): Promise<void> {
    if (this.#options.tls) {
      stream.destroy();
      return;
    }
    stream.write(this.#options.farewell(refusal));
    await stream.close();
  }
}

export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'another program uses this port';
  if (error.code === 'EACCES') return 'this user may not use ports below 1024';
  if (error.code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return error.message;
}
