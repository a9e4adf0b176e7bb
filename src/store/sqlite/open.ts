/**
 * The embedded store: a data directory with `accounts.db`, a number of shards fixed when it was made, and one owner.
 *
 *     data/LOCK, LOCK.pid         who owns it
 *     data/accounts.db            who may sign in
 *     data/shard-NN/meta.db       mail of the accounts with `id mod shards = NN`
 *     data/shard-NN/segments/     the bytes of large messages
 *     data/shard-NN/flags.journal changes of flags that are not in meta.db yet, with `flags: 'delayed'`
 *
 * This file routes calls of the port to shards and holds no rule of its own.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Log, silentLog } from '../../base/log.ts';
import { type AccountId, type EmailId, emailAccount } from '../../mailbox/model/model.ts';
import {
  type AccountBatch,
  type ByteRange,
  type EmailField,
  type MailStore,
  StoreError,
  type StoreWrite,
} from '../../mailbox/port/store.ts';
import { CHECKPOINT_BYTES } from './checkpointer.ts';
import { storeError } from './database.ts';
import { SqliteDirectory } from './directory.ts';
import { shardOf } from './keys.ts';
import { type Lock, lockDirectory } from './lock.ts';
import type { RowReader } from './rows.ts';
import { Shard, type ShardFaults, type ShardOptions } from './shard.ts';
import { Upload } from './staging.ts';
import { syncDirectory, syncParent } from './wal-sync.ts';

export interface SqliteStoreOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** Only for a directory that is being made: 1 to 64, 1 when absent. */
  readonly shards?: number;
  /** `delayed` answers a change of flags before it is synced, at most 100 ms: see `delayed-flags.ts`. */
  readonly flags?: 'synced' | 'delayed';
  /** A sync failed: what was promised may be gone. Must end the process; the default does. */
  readonly onFatal?: (error: Error) => void;
  readonly log?: Log;
  /** Size of the log at which it is moved into the database. */
  readonly checkpointBytes?: number;
}

const MAX_SHARDS = 64;

export function openSqliteStore(options: SqliteStoreOptions): Promise<MailStore> {
  return openWithFaults(options, {});
}

/** For the power-cut test alone; `faults` break the promises of the store. */
export async function openWithFaults(options: SqliteStoreOptions, faults: ShardFaults): Promise<MailStore> {
  const { directory } = options;
  const log = options.log ?? silentLog;
  const onFatal =
    options.onFatal ??
    ((error: Error) => {
      throw error;
    });
  makeDirectory(directory);
  const lock = lockDirectory(directory);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const accounts = await SqliteDirectory.open(
      join(directory, 'accounts.db'),
      wantedShards(options),
      onFatal,
    );
    opened.push(accounts);
    const shards: Shard[] = [];
    for (let i = 0; i < (accounts.fact('shards') ?? 1); i++) {
      const shard = await openShard(directory, i, accounts, {
        isDelayed: options.flags === 'delayed',
        checkpointBytes: options.checkpointBytes ?? CHECKPOINT_BYTES,
        onFatal,
        onTrouble: (err) => log.error({ err, shard: i }, 'trouble in the store; it goes on with what it can'),
        onDamage: (email, err) => log.error({ err, email }, 'a message cannot be read'),
        faults,
      });
      opened.push(shard);
      shards.push(shard);
    }
    return new SqliteStore(accounts, shards, lock);
  } catch (error) {
    for (const it of opened.reverse()) await it.close().catch(() => {});
    lock.release();
    throw storeError(error, `opening ${directory}`);
  }
}

class SqliteStore implements MailStore {
  readonly directory: SqliteDirectory;
  readonly #shards: readonly Shard[];
  readonly #lock: Lock;
  #closing: Promise<void> | undefined;

  constructor(directory: SqliteDirectory, shards: readonly Shard[], lock: Lock) {
    this.directory = directory;
    this.#shards = shards;
    this.#lock = lock;
  }

  async loadAccount(account: AccountId) {
    return this.#of(account).loadAccount(account);
  }

  async loadChunks(...args: Parameters<MailStore['loadChunks']>) {
    return (await this.#rowsOf(args[0])).chunks(...args);
  }

  async loadLastChunk(...args: Parameters<MailStore['loadLastChunk']>) {
    return (await this.#rowsOf(args[0])).lastChunk(...args);
  }

  async loadExpunged(...args: Parameters<MailStore['loadExpunged']>) {
    return (await this.#rowsOf(args[0])).expunged(...args);
  }

  async countExpunged(...args: Parameters<MailStore['countExpunged']>) {
    return (await this.#rowsOf(args[0])).countExpunged(...args);
  }

  async loadAccountsToReap() {
    return this.#shards.flatMap((shard) => shard.accountsToReap());
  }

  async loadUnreleased(...args: Parameters<MailStore['loadUnreleased']>) {
    return (await this.#rowsOf(args[0])).unreleased(...args);
  }

  async loadBuried(account: AccountId) {
    return (await this.#rowsOf(account)).buried(account);
  }

  async loadExternalIds(...args: Parameters<MailStore['loadExternalIds']>) {
    return (await this.#rowsOf(args[0])).externalIds(...args);
  }

  async whichImported(...args: Parameters<MailStore['whichImported']>) {
    return (await this.#rowsOf(args[0])).whichImported(...args);
  }

  async loadEmails(ids: readonly EmailId[], fields: readonly EmailField[]) {
    return this.#scatter(
      ids,
      (id) => id,
      (shard, part) => shard.emails.load(part, fields),
    );
  }

  async readRanges(ranges: readonly ByteRange[]) {
    return this.#scatter(
      ranges,
      (range) => range.email,
      (shard, part) => shard.bytes.ranges(part),
    );
  }

  readStream(range: ByteRange): AsyncIterable<Buffer> {
    return this.#of(emailAccount(range.email)).bytes.stream(range);
  }

  stage(accounts: readonly AccountId[], sizeHintBytes = 0) {
    return new Upload([...new Set(accounts.map((account) => this.#of(account)))], sizeHintBytes);
  }

  write(batches: readonly AccountBatch[]): StoreWrite {
    if (this.#shards.length === 1) return (this.#shards[0] as Shard).write(batches);
    return this.#writeToMany(batches);
  }

  async destroyAccount(account: AccountId): Promise<void> {
    await this.#of(account).destroyAccount(account);
  }

  async listEmails(...args: Parameters<MailStore['listEmails']>) {
    return this.#of(args[0]).emails.list(...args);
  }

  async verifyEmails(ids: readonly EmailId[]) {
    return this.#scatter(
      ids,
      (id) => id,
      (shard, part) => shard.bytes.verify(part),
    );
  }

  async *inspect(repair: boolean) {
    for (const what of this.directory.check()) yield { where: 'accounts.db', what, repaired: false };
    for (const shard of this.#shards) yield* await shard.inspect(repair);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const shard of this.#shards) await shard.close();
    await this.directory.close();
    this.#lock.release();
  }

  #rowsOf(account: AccountId): Promise<RowReader> {
    return this.#of(account).rowsOf(account);
  }

  #of(account: AccountId): Shard {
    if (this.#closing) throw new StoreError('closed', 'the store is closed');
    return this.#shards[shardOf(account, this.#shards.length)] as Shard;
  }

  /** Each item to its shard, the answers in the order of the items. */
  async #scatter<I, O>(
    items: readonly I[],
    emailOf: (item: I) => EmailId,
    ask: (shard: Shard, items: readonly I[]) => Promise<readonly O[]>,
  ): Promise<readonly O[]> {
    const first = items[0];
    if (first === undefined) return [];
    const shards = items.map((item) => this.#of(emailAccount(emailOf(item))));
    if (shards.every((shard) => shard === shards[0])) return ask(shards[0] as Shard, items);
    const answers = new Array<O>(items.length);
    for (const shard of new Set(shards)) {
      const mine = shards.flatMap((it, i) => (it === shard ? [i] : []));
      const part = await ask(
        shard,
        mine.map((i) => items[i] as I),
      );
      mine.forEach((i, at) => {
        answers[i] = part[at] as O;
      });
    }
    return answers;
  }

  #writeToMany(batches: readonly AccountBatch[]): StoreWrite {
    const parts = new Map<Shard, number[]>();
    for (const [i, batch] of batches.entries()) {
      const shard = this.#shards[shardOf(batch.account, this.#shards.length)] as Shard;
      const part = parts.get(shard);
      if (part) part.push(i);
      else parts.set(shard, [i]);
    }
    const outcomes: (StoreError | undefined)[] = new Array(batches.length).fill(undefined);
    const turns = [...parts].map(([shard, part]) => {
      const turn = shard.write(part.map((i) => batches[i] as AccountBatch));
      const committed = turn.committed.then((results) => {
        for (const [at, i] of part.entries()) outcomes[i] = results[at];
      });
      return { committed, durable: turn.durable };
    });
    const durable = Promise.all(turns.map((turn) => turn.durable)).then(() => {});
    durable.catch(() => {});
    return { committed: Promise.all(turns.map((turn) => turn.committed)).then(() => outcomes), durable };
  }
}

function makeDirectory(directory: string): void {
  try {
    if (mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined) syncParent(directory);
  } catch (error) {
    throw storeError(error, `making ${directory}`);
  }
}

function wantedShards({ shards = 1 }: SqliteStoreOptions): number {
  if (Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS) return shards;
  throw new StoreError('io', `the number of shards must be 1 to ${MAX_SHARDS}`);
}

/** A shard that was there once and is not any more is a lost disk, not a reason to begin an empty one. */
async function openShard(
  directory: string,
  number: number,
  accounts: SqliteDirectory,
  options: ShardOptions,
): Promise<Shard> {
  const name = `shard-${String(number).padStart(2, '0')}`;
  const path = join(directory, name);
  const wasMade = accounts.fact(name) === 1;
  if (wasMade && !existsSync(join(path, 'meta.db'))) {
    throw new StoreError('damaged', `${path}/meta.db is missing: restore it, or mount the disk it is on`);
  }
  const shard = await Shard.open(path, options);
  if (!wasMade) {
    syncDirectory(directory);
    await accounts.setFact(name, 1);
  }
  return shard;
}
