/**
 * The ports of HTTP: in the clear, and with TLS by the certificate that is current when a client comes. Node.js reads and
 * writes HTTP/1.1; who may come in, how long each step may take and how large it may be is decided here.
 *
 * Connections are counted with those of all other services. On the port with TLS an ACME authority that checks a name is shown the
 * certificate that was made for it (RFC 8737).
 */
import type { Server } from 'node:http';
import { type BlockList, createServer as createPort, type Server as PortServer, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { withoutMapping } from '../base/ip-address.ts';
import type { Log } from '../base/log.ts';
import type { Connections } from '../net/connections.ts';
import { Guest, type Peer } from '../net/guest.ts';
import { explain, hostPort } from '../net/listener.ts';
import { isIn, networks } from '../net/networks.ts';
import { originOf, type Proxies } from '../net/proxies.ts';
import type { TlsSource } from '../net/tls.ts';
import { type HelloRead, readClientHello } from './client-hello.ts';
import type { Route } from './exchange.ts';
import { type HttpLimits, httpServer } from './server.ts';

export interface HttpListenerOptions {
  readonly name: 'http' | 'https';
  readonly host: string;
  /** 0 binds a free one. */
  readonly port: number;
  readonly tls?: TlsSource;
  readonly routes: readonly Route[];
  /** Addresses and networks of proxies that say for whom they ask. */
  readonly trustedProxies: readonly string[];
  /** Those that say whose a connection is before anything else is said; absent: there are none. */
  readonly proxies?: Proxies;
  readonly connections: Connections;
  readonly handshakeTimeoutMs: number;
  readonly log: Log;
  readonly isShared?: boolean;
  /** The certificate for this name, where it has one of its own; else the current one is shown. */
  readonly certificateFor?: (serverName: string) => Promise<SecureContext | undefined>;
  /** What a name that is being checked shows (RFC 8737 §3); undefined when none is. */
  readonly challenge?: (serverName: string) => Promise<SecureContext | undefined>;
  readonly limits?: Partial<HttpLimits>;
}

const ACME_PROTOCOL = 'acme-tls/1';

interface HandshakeOptions {
  readonly secureContext: SecureContext;
  readonly ALPNProtocols?: string[];
}

export class HttpListener {
  readonly name: string;
  readonly #options: HttpListenerOptions;
  readonly #port: PortServer;
  readonly #http: Server;
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();
  readonly #guests = new WeakMap<Socket, Guest>();
  readonly #trusted: BlockList;

  private constructor(options: HttpListenerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#trusted = networks(options.trustedProxies);
    this.#http = httpServer({
      ...{
        routes: options.routes,
        log: options.log,
        limits: options.limits ?? {},
        closing: this.#closing.signal,
      },
      trustedProxies: this.#trusted,
      factsOf: (socket) => {
        const connection = this.#guests.get(socket);
        const remoteAddress = connection?.remote ?? withoutMapping(socket.remoteAddress ?? '');
        return { remoteAddress, isSecure: socket instanceof TLSSocket, connection };
      },
    });
    this.#port = createPort({ noDelay: true }, (socket) => void this.#arrive(socket));
  }

  static async open(options: HttpListenerOptions): Promise<HttpListener> {
    const listener = new HttpListener(options);
    const { host, port, name, log, isShared = false } = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#port.once('error', (cause) => {
      const why = explain(cause as NodeJS.ErrnoException);
      reject(new Error(`${name}: cannot listen on ${hostPort(host, port)}: ${why}`, { cause }));
    });
    listener.#port.listen({ host, port, backlog: 1024, reusePort: isShared }, resolve);
    await promise;
    listener.#port.on('error', (err) => log.error({ err, listener: name }, 'accepting failed'));
    return listener;
  }

  /** As bound: `127.0.0.1:8080`. */
  get address(): string {
    const bound = this.#port.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : this.#options.port;
    return hostPort(this.#options.host, port);
  }

  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#port.close();
    this.#http.close();
    this.#http.closeIdleConnections();
    const endMs = performance.now() + graceMs;
    const all = Promise.all([...this.#sockets].map(closed));
    while (this.#sockets.size > 0 && performance.now() < endMs) {
      await Promise.race([all, after(Math.min(100, graceMs))]);
      this.#http.closeIdleConnections();
    }
    for (const socket of this.#sockets) socket.destroy();
  }

  async #arrive(socket: Socket): Promise<void> {
    const { name, proxies, log } = this.#options;
    socket.on('error', () => {});
    if (proxies?.expects(name, socket.remoteAddress ?? '') !== true) return this.#receive(socket);
    const origin = await originOf(socket);
    if (origin === undefined) {
      log.warn({ listener: name }, 'a proxy did not say whose its connection is');
      return;
    }
    this.#receive(socket, origin === 'itself' ? undefined : origin.address);
  }

  /** `client`: whose a connection is that a proxy has brought. */
  #receive(socket: Socket, client?: string): void {
    const { name, connections, log } = this.#options;
    if (socket.remoteAddress === undefined || this.#closing.signal.aborted) {
      socket.destroy();
      return;
    }
    const remote = client ?? withoutMapping(socket.remoteAddress);
    const peer = peerOf(socket, remote, isIn(this.#trusted, remote));
    const guest = connections.enter('http', name, peer);
    if (!(guest instanceof Guest)) {
      log.warn({ remote, listener: name, refusal: guest }, 'connection refused');
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    this.#guests.set(socket, guest);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      guest.leave();
    });
    if (this.#options.tls === undefined) this.#http.emit('connection', socket);
    else this.#shakeHands(socket, this.#options.tls, peer);
  }

  #shakeHands(socket: Socket, tls: TlsSource, peer: SocketPeer): void {
    const timer = setTimeout(() => socket.destroy(), this.#options.handshakeTimeoutMs);
    socket.once('close', () => clearTimeout(timer));
    const begun = this.#contextFor(socket, tls).catch(() => ({ secureContext: tls.current() }));
    void begun.then((wanted: HandshakeOptions | undefined) => {
      if (wanted === undefined || socket.destroyed) return;
      const secure = new TLSSocket(socket, { isServer: true, ...wanted });
      const guest = this.#guests.get(socket);
      if (guest !== undefined) this.#guests.set(secure, guest);
      secure.on('error', () => {}).on('_tlsError', () => secure.destroy());
      secure.once('secure', () => {
        clearTimeout(timer);
        peer.tlsVersion = secure.getProtocol() ?? 'TLS';
        // The authority has seen what it wanted (RFC 8737 §3).
        if (wanted.ALPNProtocols !== undefined) secure.end();
        else this.#http.emit('connection', secure);
      });
    });
  }

  /** Undefined: the client is gone. */
  async #contextFor(socket: Socket, tls: TlsSource): Promise<HandshakeOptions | undefined> {
    const { challenge, certificateFor } = this.#options;
    if (challenge === undefined && certificateFor === undefined) return { secureContext: tls.current() };
    const hello = await peek(socket);
    if (hello === undefined) return undefined;
    if (hello.kind !== 'hello' || hello.serverName === undefined) return { secureContext: tls.current() };
    const { protocols, serverName } = hello;
    const shown = protocols.includes(ACME_PROTOCOL) ? await challenge?.(serverName) : undefined;
    if (shown !== undefined) return { secureContext: shown, ALPNProtocols: [ACME_PROTOCOL] };
    return { secureContext: (await certificateFor?.(serverName)) ?? tls.current() };
  }
}

/** Looks at what comes first, and leaves it where it is. */
async function peek(socket: Socket): Promise<HelloRead | undefined> {
  let octets = Buffer.alloc(0);
  for (;;) {
    const piece = socket.read() as Buffer | null;
    if (piece !== null) octets = Buffer.concat([octets, piece]);
    const hello = readClientHello(octets);
    if (octets.length > 0 && hello.kind !== 'incomplete') {
      socket.unshift(octets);
      return hello;
    }
    if (socket.destroyed || socket.readableEnded) return undefined;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('readable', done).off('end', done).off('close', done);
        resolve();
      };
      socket.once('readable', done).once('end', done).once('close', done);
    });
  }
}

interface SocketPeer extends Peer {
  tlsVersion: string | undefined;
}

function peerOf(socket: Socket, remoteAddress: string, isOfMany: boolean): SocketPeer {
  const sinceMs = performance.now();
  let lastBytes = 0;
  let lastMs = sinceMs;
  return {
    ...{ remoteAddress, isOfMany },
    tlsVersion: undefined,
    /** Since the last look that saw something come in. */
    get idleMs() {
      if (socket.bytesRead !== lastBytes) lastMs = performance.now();
      lastBytes = socket.bytesRead;
      return performance.now() - lastMs;
    },
    get bytesRead() {
      return socket.bytesRead;
    },
    get bytesWritten() {
      return socket.bytesWritten;
    },
    destroy: () => void socket.destroy(),
  };
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
