/**
 * Where other processes of ours bring connections: a Unix socket that only their user can open. What a connection is for
 * stands in its preamble, and whoever registered for that kind gets it, with everything behind the preamble unread.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import { readPreamble } from './relay-wire.ts';

const PREAMBLE_MS = 5000;

export type RelayHandler = (socket: Socket, body: Readonly<Record<string, unknown>>) => void;

export class RelayServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #log: Log;
  readonly #handlers = new Map<string, RelayHandler>();
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#greet(socket));
  }

  /** A socket file that a killed process left behind is replaced: whoever holds the shards is the only one who may listen. */
  static async open(path: string, log: Log): Promise<RelayServer> {
    const relay = new RelayServer(path, log);
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    relay.#server.once('error', (cause) => {
      reject(new Error(`cannot listen on ${path}: ${(cause as Error).message}`, { cause }));
    });
    // The socket appears with these permissions, not a moment later.
    const before = process.umask(0o177);
    try {
      relay.#server.listen({ path, backlog: 1024 }, resolve);
    } finally {
      process.umask(before);
    }
    await promise;
    chmodSync(path, 0o600);
    relay.#server.on('error', (err) => log.error({ err }, 'the relay cannot accept'));
    return relay;
  }

  on(kind: string, handler: RelayHandler): void {
    this.#handlers.set(kind, handler);
  }

  /** Nobody comes in any more; whoever is in stays as long as its handler lets it. */
  close(): void {
    this.#server.close();
    rmSync(this.#path, { force: true });
  }

  /** Cuts off whoever is still there. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #greet(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const ignore = (): void => {};
    socket.on('error', ignore);
    const preamble = await readPreamble(socket, PREAMBLE_MS);
    const handler = preamble && this.#handlers.get(preamble.kind);
    if (handler === undefined || preamble === undefined) {
      this.#log.warn({ kind: preamble?.kind }, 'a relay connection that makes no sense was closed');
      socket.destroy();
      return;
    }
    handler(socket, preamble);
  }
}
