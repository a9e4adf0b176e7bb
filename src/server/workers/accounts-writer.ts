/**
 * The accounts for those who follow: all there are when one comes, then every change before it is answered, and the calls of
 * those who may not write themselves. A follower that does not say that it knows a change is not waited for long: it is
 * ending, or will be told everything when it comes again.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../base/log.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { SqliteDirectory } from '../../store/sqlite/directory.ts';
import type { DirectoryChange } from '../../store/sqlite/sharded-directory.ts';
import {
  DIRECTORY_CALLS,
  type DirectoryCall,
  DOMAIN_CALLS,
  type FromFollower,
  linesOf,
  writeLine,
} from './feed-wire.ts';

const KNOWN_MS = 2000;

interface Follower {
  readonly socket: Socket;
  readonly waiting: Map<number, () => void>;
}

export class AccountsWriter {
  readonly #directory: SqliteDirectory;
  readonly #log: Log;
  readonly #followers = new Set<Follower>();
  #number = 0;

  constructor(directory: SqliteDirectory, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Resolves when all who follow know it. */
  async tell(change: DirectoryChange): Promise<void> {
    if (this.#followers.size === 0) return;
    const number = ++this.#number;
    const stop = new AbortController();
    const known = [...this.#followers].map((follower) => {
      writeLine(follower.socket, { number, change });
      return new Promise<void>((resolve) => follower.waiting.set(number, resolve));
    });
    const late = sleep(KNOWN_MS, 'late', { signal: stop.signal, ref: false }).catch(() => undefined);
    const outcome = await Promise.race([Promise.all(known), late]);
    stop.abort();
    if (outcome === 'late') this.#log.warn({}, 'a worker was slow to hear of a change of accounts');
  }

  async serve(socket: Socket): Promise<void> {
    const follower: Follower = { socket, waiting: new Map() };
    this.#followers.add(follower);
    writeLine(socket, { snapshot: this.#directory.snapshot() });
    try {
      for await (const message of linesOf<FromFollower>(socket)) {
        if ('known' in message) settle(follower, message.known);
        else void this.#call(socket, message);
      }
    } catch (err) {
      this.#log.debug({ err }, 'a worker follows no more');
    } finally {
      this.#followers.delete(follower);
      for (const number of [...follower.waiting.keys()]) settle(follower, number);
      socket.destroy();
    }
  }

  async #call(
    socket: Socket,
    { call, method, args }: Extract<FromFollower, { call: number }>,
  ): Promise<void> {
    try {
      writeLine(socket, { answer: call, result: await this.#run(method, args) });
    } catch (error) {
      const code = error instanceof StoreError ? error.code : 'io';
      writeLine(socket, { answer: call, code, message: (error as Error).message });
    }
  }

  async #run(method: DirectoryCall, args: readonly unknown[]): Promise<unknown> {
    if (![...DIRECTORY_CALLS, ...DOMAIN_CALLS].includes(method))
      throw new StoreError('io', `there is no ${method}`);
    const isOfDomains = DOMAIN_CALLS.some((call) => call === method);
    const place = isOfDomains ? this.#directory.domains : this.#directory;
    const run = Reflect.get(place, method.replace('domains.', '')) as (
      ...args: readonly unknown[]
    ) => Promise<unknown>;
    return run.apply(place, [...args]);
  }
}

function settle({ waiting }: Follower, number: number): void {
  waiting.get(number)?.();
  waiting.delete(number);
}
