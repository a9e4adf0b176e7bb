/**
 * Snapshots of the shards that are here, and of `accounts.db` where that is written.
 *
 *     data/snapshot/accounts.db                       the accounts
 *     data/shard-NN/snapshot/meta.db                  a shard
 *     data/shard-NN/snapshot/segments/, packs/        what it refers to: the same files under a second name
 *
 * While a shard is copied none of its files is deleted; afterwards each has a second name, so mail is packed and deleted as always. Shards come
 * first and the accounts last: an account that was made in between is one without mail. What a process that was killed has left goes ten
 * minutes after the next start.
 */
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Mutex } from '../../../base/gate.ts';
import type { SnapshotPart, Snapshots } from '../../../mailbox/port/snapshots.ts';
import { StoreError } from '../../../mailbox/port/store.ts';
import type { Shard } from '../shard.ts';
import type { SnapshotReply, SnapshotRequest } from './snapshot-worker.ts';

export const SNAPSHOT = 'snapshot';
const LEASE_MS = 10 * 60_000;
const NOTHING = { apply() {} };

export interface SnapshotsOptions {
  readonly directory: string;
  readonly shards: readonly Shard[];
  /** `accounts.db` is written here. */
  readonly hasAccounts: boolean;
  readonly onTrouble: (error: Error) => void;
}

export class StoreSnapshots implements Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #turn = new Mutex();
  #lease: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;
  #isClosed = false;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    this.#renew();
  }

  take(): Promise<readonly SnapshotPart[]> {
    return this.#turn.run(async () => {
      await this.#remove();
      try {
        const parts: SnapshotPart[] = [];
        for (const shard of this.#options.shards) parts.push(await this.#takeShard(shard));
        if (this.#options.hasAccounts) parts.push(await this.#takeAccounts());
        this.#renew();
        return parts;
      } catch (error) {
        await this.#remove();
        throw error;
      }
    });
  }

  async keep(): Promise<void> {
    this.#renew();
  }

  release(): Promise<void> {
    return this.#turn.run(() => this.#remove());
  }

  /** At once; what is there stays for whoever reads it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#lease);
    await this.#worker?.terminate();
    await this.#turn.run(async () => {});
  }

  async #takeShard(shard: Shard): Promise<SnapshotPart> {
    const { db, directory } = shard;
    shard.assertRoom(statSync(db.path).size);
    // What waits for its transaction, flags and all, is in it.
    const [error] = await shard.commits.submit([NOTHING]).committed;
    if (error !== undefined) throw error;
    const letGo = [shard.segments.hold(), shard.packer.hold()];
    try {
      const into = join(directory, SNAPSHOT);
      const request = { database: db.path, into, name: basename(db.path), shard: directory };
      const missing = await this.#ask(request);
      return { folder: join(basename(directory), SNAPSHOT), of: basename(directory), missing };
    } finally {
      for (const each of letGo) each();
    }
  }

  async #takeAccounts(): Promise<SnapshotPart> {
    const { directory } = this.#options;
    const name = 'accounts.db';
    await this.#ask({ database: join(directory, name), into: join(directory, SNAPSHOT), name });
    return { folder: SNAPSHOT, of: '', missing: [] };
  }

  async #ask(request: SnapshotRequest): Promise<readonly string[]> {
    if (this.#isClosed) throw new StoreError('closed', 'the store is closed');
    mkdirSync(request.into, { mode: 0o700 });
    const file = new URL(`./snapshot-worker${extname(import.meta.filename)}`, import.meta.url);
    const worker = new Worker(file, { workerData: request });
    this.#worker = worker;
    const { promise, resolve, reject } = Promise.withResolvers<SnapshotReply>();
    const exited = once(worker, 'exit').catch(() => {});
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new StoreError('closed', 'the thread that makes snapshots has ended')));
    try {
      const reply = await promise;
      if ('failed' in reply) throw new StoreError(reply.code, reply.failed);
      return reply.missing;
    } finally {
      await exited;
      this.#worker = undefined;
    }
  }

  #renew(): void {
    clearTimeout(this.#lease);
    if (this.#isClosed) return;
    this.#lease = setTimeout(() => void this.release().catch(this.#options.onTrouble), LEASE_MS).unref();
  }

  async #remove(): Promise<void> {
    const { directory, shards, hasAccounts } = this.#options;
    const folders = shards.map((shard) => shard.directory);
    if (hasAccounts) folders.push(directory);
    for (const folder of folders) await rm(join(folder, SNAPSHOT), { recursive: true, force: true });
  }
}
