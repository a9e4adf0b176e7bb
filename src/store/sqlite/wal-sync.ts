/**
 * The shared, asynchronous sync of one database's log: what makes a commit durable.
 *
 * A commit under `synchronous = NORMAL` writes its frames to the `-wal` and returns; an fdatasync of that file that is
 * started afterwards covers them. At most one sync runs and one waits, so any number of commits that arrive during a
 * sync share the next one.
 *
 * Invariants: the descriptor is opened after the connection's first write (before it there may be no log) and closed
 * before the connection is (the last close deletes the log, and a descriptor of a deleted file makes every promise
 * worthless); it is the same file as the path names. A sync that failed is never retried: the kernel may have dropped
 * the pages and forgotten about it, so the owner must stop.
 */
import { close, closeSync, constants, fdatasync, fstatSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Bug } from '../../base/invariant.ts';
import { StoreError } from '../../mailbox/port/store.ts';

export class WalSync {
  readonly #path: string;
  readonly #fd: number;
  readonly #onFatal: (error: Error) => void;
  #running: PromiseWithResolvers<void> | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: StoreError | undefined;

  /** Call it after the first write of the connection to `databasePath`. */
  constructor(databasePath: string, onFatal: (error: Error) => void) {
    this.#path = `${databasePath}-wal`;
    this.#fd = openSync(this.#path, constants.O_RDONLY);
    this.#onFatal = onFatal;
    this.assertSameFile();
  }

  get failure(): StoreError | undefined {
    return this.#failure;
  }

  /** Resolves when everything committed before this call is on the disk. */
  sync(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#waiting ??= Promise.withResolvers<void>();
    const { promise } = this.#waiting;
    if (this.#running === undefined) this.#start();
    return promise;
  }

  assertSameFile(): void {
    const mine = fstatSync(this.#fd);
    const named = statSync(this.#path);
    if (mine.ino !== named.ino || mine.dev !== named.dev) {
      throw new Bug(`${this.#path} was replaced: the log that is synced is not the log that is written`);
    }
  }

  /** Waits for what runs; nothing may be committed after it. */
  async close(): Promise<void> {
    if (this.#failure === undefined) await this.sync().catch(() => {});
    await new Promise<void>((resolve) => close(this.#fd, () => resolve()));
  }

  #start(): void {
    const current = this.#waiting;
    if (current === undefined) return;
    this.#waiting = undefined;
    this.#running = current;
    fdatasync(this.#fd, (error) => {
      this.#running = undefined;
      if (error) {
        this.#fail(error, current);
        return;
      }
      current.resolve();
      this.#start();
    });
  }

  #fail(error: Error, current: PromiseWithResolvers<void>): void {
    this.#failure = new StoreError('io', `syncing ${this.#path} failed`, { cause: error });
    for (const promise of [current, this.#waiting]) {
      promise?.promise.catch(() => {});
      promise?.reject(this.#failure);
    }
    this.#waiting = undefined;
    this.#onFatal(this.#failure);
  }
}

/** Entries of a directory (a file created, renamed, deleted) are durable only after this. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export const syncParent = (path: string): void => syncDirectory(dirname(path));
