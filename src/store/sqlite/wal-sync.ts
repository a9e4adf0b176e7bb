/**
 * The shared, asynchronous sync of one database's log: what makes a commit durable.
 *
 * A commit under `synchronous = NORMAL` writes its frames to the `-wal` and returns; an fdatasync of that file that is
 * started afterwards covers them. At most one sync runs and one waits, so any number of commits that arrive during a
 * sync share the next one.
 *
 * Invariants: the descriptor is opened after the connection's first write (before it there may be no log) and closed
 * before the connection is (the last close deletes the log, and a descriptor of a deleted file makes every promise
 * worthless); whether it is still the file that the path names is asked of `watch`. A sync that failed is never retried: the kernel may have dropped
 * the pages and forgotten about it, so the owner must stop.
 */
import { close, closeSync, constants, fdatasync, fstatSync, fsyncSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../../mailbox/port/store.ts';

/** What goes along with every sync. */
export interface WalWatch {
  /** Taken when a sync begins: what it will make durable. */
  progress(): number;
  /** That much is on the disk, and nobody has been told yet. */
  onDurable(progress: number): void;
  /** Why nothing may be acknowledged any more although the sync went well: the files are not there, or not ours. */
  fault(): StoreError | undefined;
}

export class WalSync {
  readonly #path: string;
  readonly #fd: number;
  readonly #onFatal: (error: Error) => void;
  #running: PromiseWithResolvers<void> | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: StoreError | undefined;
  watch: WalWatch | undefined;

  /** Call it after the first write of the connection to `databasePath`. */
  constructor(databasePath: string, onFatal: (error: Error) => void) {
    this.#path = `${databasePath}-wal`;
    this.#fd = openSync(this.#path, constants.O_RDONLY);
    this.#onFatal = onFatal;
  }

  /** Asked before every transaction, so it also looks whether the log is still the file that it was. */
  get failure(): StoreError | undefined {
    this.look();
    return this.#failure;
  }

  /** Ends everything when the files are gone: nothing more is acknowledged. */
  look(): void {
    const fault = this.#failure === undefined ? this.watch?.fault() : undefined;
    if (fault !== undefined) this.#fail(fault, undefined);
  }

  /** Of the file that is synced, whatever its name leads to now. */
  stat(): Stats {
    return fstatSync(this.#fd);
  }

  /** Resolves when everything committed before this call is on the disk. */
  sync(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#waiting ??= Promise.withResolvers<void>();
    const { promise } = this.#waiting;
    if (this.#running === undefined) this.#start();
    return promise;
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
    const progress = this.watch?.progress() ?? 0;
    fdatasync(this.#fd, (error) => {
      this.#running = undefined;
      const failure = error
        ? new StoreError('io', `syncing ${this.#path} failed`, { cause: error })
        : (this.#failure ?? this.watch?.fault());
      if (failure !== undefined) {
        this.#fail(failure, current);
        return;
      }
      this.watch?.onDurable(progress);
      current.resolve();
      this.#start();
    });
  }

  #fail(failure: StoreError, current: PromiseWithResolvers<void> | undefined): void {
    const isFirst = this.#failure === undefined;
    this.#failure = failure;
    for (const promise of [current, this.#waiting]) {
      promise?.promise.catch(() => {});
      promise?.reject(this.#failure);
    }
    this.#waiting = undefined;
    if (isFirst) this.#onFatal(failure);
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
