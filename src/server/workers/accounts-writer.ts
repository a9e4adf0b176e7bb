/**
 * The accounts for those who follow: all there are when one comes, then every change before it is answered, and the calls of
 * those who may not write themselves. A follower that does not say that it knows a change is not waited for long: it is
 * ending, or will be told everything when it comes again.
 *
 * A writer that was killed is back before those who followed it have found it. What changes in that moment is answered when they
 * have: a password that was taken away is good at no door then.
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
/** What a follower says it knows first. */
const SNAPSHOT = 0;

interface Follower {
  readonly socket: Socket;
  readonly waiting: Map<number, () => void>;
}

export class AccountsWriter {
  readonly #directory: SqliteDirectory;
  readonly #log: Log;
  readonly #followers = new Set<Follower>();
  readonly #awaited: number;
  /** Until those are there who may have followed the one before; undefined when they are, or when it took too long. */
  #gathering: PromiseWithResolvers<void> | undefined;
  #arrived = 0;
  #number: number = SNAPSHOT;

  /** `awaited`: how many will follow. */
  constructor(directory: SqliteDirectory, log: Log, awaited: number) {
    this.#directory = directory;
    this.#log = log;
    this.#awaited = awaited;
    if (awaited === 0) return;
    this.#gathering = Promise.withResolvers();
    setTimeout(() => this.#gathered(), KNOWN_MS).unref();
  }

  /** Resolves when all who follow know it. */
  async tell(change: DirectoryChange): Promise<void> {
    const gathering = this.#gathering?.promise;
    if (this.#followers.size === 0 && gathering === undefined) return;
    const number = ++this.#number;
    const stop = new AbortController();
    const known = [...this.#followers].map((follower) => {
      writeLine(follower.socket, { number, change });
      return new Promise<void>((resolve) => follower.waiting.set(number, resolve));
    });
    const late = sleep(KNOWN_MS, 'late', { signal: stop.signal, ref: false }).catch(() => undefined);
    // Who comes from now on is told all there is, this change too.
    const outcome = await Promise.race([Promise.all([gathering, ...known]), late]);
    stop.abort();
    if (outcome === 'late') this.#log.warn({}, 'a worker was slow to hear of a change of accounts');
  }

  async serve(socket: Socket): Promise<void> {
    const follower: Follower = { socket, waiting: new Map() };
    this.#followers.add(follower);
    follower.waiting.set(SNAPSHOT, () => this.#hasArrived());
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

  #hasArrived(): void {
    this.#arrived++;
    if (this.#arrived >= this.#awaited) this.#gathered();
  }

  #gathered(): void {
    this.#gathering?.resolve();
    this.#gathering = undefined;
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
