/**
 * Sessions that run: each to its end, however that comes, and all of them to theirs when the server stops. A session that
 * fails takes its own connection down and nothing else.
 */
import type { Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import type { Connection } from './connection.ts';
import type { Guest } from './guest.ts';
import { StreamClosed } from './outbox.ts';

/** Where a connection goes on: its octets are passed, first those that were read and not used. */
export interface Departure {
  readonly holder: Socket;
  readonly unread: Buffer;
}

export interface Session {
  /**
   * Serves the connection to its end, or until it is served elsewhere. Resolves when the session has nothing more to say; of
   * one that gives a departure nothing is kept.
   */
  run(): Promise<Departure | undefined>;
  /** The server is stopping or the connection is unwanted: say goodbye at the next point where that is possible. */
  stop(reason: string): void;
}

/** In place of a session that is elsewhere, and ends when that does. */
const ELSEWHERE: Pick<Session, 'stop'> = Object.freeze({ stop() {} });

export class Sessions {
  readonly #log: Log;
  readonly #onLeft: (guest: Guest) => void;
  readonly #running = new Map<Connection, Pick<Session, 'stop'> | undefined>();
  #idle: PromiseWithResolvers<void> | undefined;
  #isClosing = false;

  constructor(log: Log, onLeft: (guest: Guest) => void = () => {}) {
    this.#log = log;
    this.#onLeft = onLeft;
  }

  get size(): number {
    return this.#running.size;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** `begin` makes the session, when the connection is ready for one. Resolves when the guest has left. */
  async host(connection: Connection, guest: Guest, begin: () => Promise<Session>): Promise<void> {
    this.#running.set(connection, undefined);
    try {
      // What has spoken here is not held by a frame that waits.
      await this.#serve(connection, begin).then((departure) => this.#pass(connection, departure));
    } catch (err) {
      const { id: session, listener, remote } = guest;
      const facts = { err, remote, listener, session };
      if (err instanceof StreamClosed) this.#log.debug(facts, 'connection lost');
      else this.#log.error(facts, 'session failed');
      connection.destroy();
    } finally {
      await connection.close();
      guest.leave();
      this.#onLeft(guest);
      this.#running.delete(connection);
      if (this.#running.size === 0) this.#idle?.resolve();
    }
  }

  async #serve(connection: Connection, begin: () => Promise<Session>): ReturnType<Session['run']> {
    const session = await begin();
    this.#running.set(connection, session);
    if (this.#isClosing) session.stop('Server is shutting down');
    return await session.run();
  }

  #pass(connection: Connection, departure: Departure | undefined): Promise<void> | undefined {
    if (departure === undefined) return undefined;
    this.#running.set(connection, ELSEWHERE);
    return connection.join(departure.holder, departure.unread);
  }

  /** Asks every session to stop, waits for them, and cuts off those that are left when the time is up. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    for (const [connection, session] of this.#running) {
      if (session) session.stop('Server is shutting down');
      else connection.destroy();
    }
    if (this.#running.size === 0) return;
    this.#idle = Promise.withResolvers();
    const timer = setTimeout(() => {
      for (const connection of this.#running.keys()) connection.destroy();
    }, graceMs);
    await this.#idle.promise;
    clearTimeout(timer);
  }
}
