import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import type { Connection } from './connection.ts';
import type { Connections, Refusal } from './connections.ts';
import { Guest } from './guest.ts';
import { originOf } from './proxies.ts';
import type { Origin } from './proxy-header.ts';
import { type Session, Sessions } from './sessions.ts';
import { type ByteStream, type StreamOptions, socketConnection } from './stream.ts';
import type { TlsSource } from './tls.ts';

/**
 * A port: accepts connections within the limits, shakes hands where TLS comes first, and runs one session per
 * connection. Closing stops accepting at once, and then its sessions.
 */
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
  /** Other processes listen on the same port, and each gets a share of the connections. */
  readonly isShared?: boolean;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #sessions: Sessions;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.log, options.onLeft);
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
    const { host, port, isShared = false } = options;
    server.listen({ host, port, backlog: 1024, reusePort: isShared }, resolve);
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
    this.#server.close();
    await this.#sessions.close(graceMs);
  }

  async #serve(socket: Socket): Promise<void> {
    const { name, service, connections, log, stream: streamOptions } = this.#options;
    // The peer may be gone already; without an address there is nobody to count.
    if (socket.remoteAddress === undefined || this.#sessions.isClosing) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    let origin: Origin | undefined;
    if (streamOptions.proxies?.expects(name, socket.remoteAddress) === true) {
      const said = await originOf(socket);
      if (said === undefined || socket.remoteAddress === undefined || this.#sessions.isClosing) {
        if (said === undefined) log.warn({ listener: name }, 'a proxy did not say whose its connection is');
        socket.destroy();
        return;
      }
      if (said !== 'itself') origin = said;
    }
    const stream = socketConnection(socket, streamOptions, origin);
    const entered = connections.enter(service, name, stream);
    if (!(entered instanceof Guest)) {
      log.warn({ remote: stream.remoteAddress, listener: name, refusal: entered }, 'connection refused');
      await this.#refuse(stream, entered);
      return;
    }
    await this.#sessions.host(stream, entered, () => this.#begin(stream, entered));
  }

  async #begin(stream: ByteStream, guest: Guest): Promise<Session> {
    const { tls, accept, handshakeTimeoutMs } = this.#options;
    if (tls) {
      stream.limitReads({ totalMs: handshakeTimeoutMs });
      await stream.startTls(tls);
      stream.limitReads({});
    }
    return accept(stream, guest);
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

/** Why a port could not be had. */
export function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'another program uses this port';
  if (error.code === 'EACCES') return 'this user may not use ports below 1024';
  if (error.code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return error.message;
}
