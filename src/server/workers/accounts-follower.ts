/**
 * Follows the accounts of whoever writes them: a `FollowedDirectory` that is kept up to date, and comes back by itself when
 * the writer was gone for a moment. What would change something waits for the writer that long, and then fails.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../base/log.ts';
import { STORE_ERROR_CODES, StoreError, type StoreErrorCode } from '../../mailbox/port/store.ts';
import type { RelayClient } from '../../net/relay-client.ts';
import { type DirectoryWriter, FollowedDirectory } from '../../store/sqlite/followed-directory.ts';
import type { DirectorySnapshot } from '../../store/sqlite/sharded-directory.ts';
import { ACCOUNTS_KIND, type DirectoryCall, type FromWriter, linesOf, writeLine } from './feed-wire.ts';
import { workerName } from './orders.ts';
import { WRITER } from './part.ts';

const AGAIN_MS = 100;
/** A writer that was ended is back sooner. */
const PATIENCE_MS = 5000;

export class AccountsFollower {
  readonly #relay: RelayClient;
  readonly #log: Log;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #directory: FollowedDirectory | undefined;
  #socket: PromiseWithResolvers<Socket> = Promise.withResolvers();
  #current: Socket | undefined;
  #nextCall = 1;
  #isClosed = false;

  private constructor(relay: RelayClient, log: Log) {
    this.#relay = relay;
    this.#log = log;
  }

  /** Resolves when it knows all accounts; waits for a writer. */
  static async follow(
    relay: RelayClient,
    log: Log,
  ): Promise<{ directory: FollowedDirectory; close(): void }> {
    const follower = new AccountsFollower(relay, log);
    const { promise, resolve } = Promise.withResolvers<FollowedDirectory>();
    void follower.#run(resolve);
    const directory = await promise;
    return { directory, close: () => follower.#close() };
  }

  #close(): void {
    this.#isClosed = true;
    this.#current?.destroy();
  }

  async #run(onKnown: (directory: FollowedDirectory) => void): Promise<void> {
    while (!this.#isClosed) {
      try {
        const socket = await this.#relay.dialOnce(workerName(WRITER), ACCOUNTS_KIND);
        this.#current = socket;
        try {
          await this.#listen(socket, onKnown);
        } finally {
          socket.destroy();
        }
      } catch (err) {
        this.#log.debug({ err }, 'whoever writes the accounts is not there');
      }
      this.#lose();
      if (!this.#isClosed) await sleep(AGAIN_MS);
    }
  }

  async #listen(socket: Socket, onKnown: (directory: FollowedDirectory) => void): Promise<void> {
    for await (const message of linesOf<FromWriter>(socket)) {
      if ('snapshot' in message) {
        onKnown(await this.#know(message.snapshot));
        writeLine(socket, { known: 0 });
        this.#socket.resolve(socket);
      } else if ('change' in message) {
        const { number, change } = message;
        // Those who are told may ask the writer something: its answers come behind this line.
        void this.#directory
          ?.apply(change)
          .catch((err: unknown) => this.#log.error({ err }, 'a change of accounts could not be taken over'))
          .then(() => writeLine(socket, { known: number }));
      } else this.#answered(message);
    }
  }

  async #know(snapshot: DirectorySnapshot): Promise<FollowedDirectory> {
    if (this.#directory === undefined) this.#directory = new FollowedDirectory(snapshot, this.#writer());
    else await this.#directory.catchUp(snapshot);
    return this.#directory;
  }

  /** What was asked may have been done; whoever asked hears that nobody knows. */
  #lose(): void {
    this.#current = undefined;
    this.#directory?.lose();
    this.#socket = Promise.withResolvers();
    for (const call of this.#calls.values()) call.reject(unreachable());
    this.#calls.clear();
  }

  #writer(): DirectoryWriter {
    const ask =
      (method: DirectoryCall) =>
      (...args: readonly unknown[]): Promise<never> =>
        this.#ask(method, args) as Promise<never>;
    return {
      create: ask('create'),
      update: ask('update'),
      remove: ask('remove'),
      domains: {
        create: ask('domains.create'),
        changeKeys: ask('domains.changeKeys'),
        changeQuota: ask('domains.changeQuota'),
        remove: ask('domains.remove'),
        changeAlias: ask('domains.changeAlias'),
      },
      forget: ask('forget'),
      isUntouched: ask('isUntouched'),
    };
  }

  async #ask(method: DirectoryCall, args: readonly unknown[]): Promise<unknown> {
    const socket = await this.#reached();
    if (socket !== this.#current) throw unreachable();
    const call = this.#nextCall++;
    const answer = Promise.withResolvers<unknown>();
    this.#calls.set(call, answer);
    writeLine(socket, { call, method, args });
    return answer.promise;
  }

  async #reached(): Promise<Socket> {
    const stop = new AbortController();
    const late = sleep(PATIENCE_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    const socket = await Promise.race([this.#socket.promise, late]);
    stop.abort();
    if (socket === undefined || this.#isClosed) throw unreachable();
    return socket;
  }

  #answered(message: Extract<FromWriter, { answer: number }>): void {
    const call = this.#calls.get(message.answer);
    this.#calls.delete(message.answer);
    if ('result' in message) call?.resolve(message.result);
    else call?.reject(new StoreError(asCode(message.code), message.message));
  }
}

function unreachable(): StoreError {
  return new StoreError('io', 'whoever writes the accounts cannot be reached');
}

function asCode(text: string): StoreErrorCode {
  return STORE_ERROR_CODES.find((code) => code === text) ?? 'io';
}
