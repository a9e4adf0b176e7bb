/**
 * Opening a data directory, in the order that makes it safe: the lock; the accounts; the shards, each of which looks whether
 * it has all that was acknowledged; whether accounts and shards belong together; and only then the witness begins anew, and
 * what the shards know of their accounts is brought up to date.
 *
 * On a full disk it is tried once more with the room of the reserve.
 */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Log, silentLog } from '../../base/log.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import { StoreError, type StoreProblem } from '../../mailbox/port/store.ts';
import {
  disagreementError,
  disagreementOf,
  lastNumber,
  mended,
  type PlacedRegister,
  shardName,
} from './agreement.ts';
import { CHECKPOINT_BYTES } from './checkpointer.ts';
import { isLocked, storeError } from './database.ts';
import type { SqliteDirectory } from './directory.ts';
import { DiskRoom, giveUpReserve } from './disk-room.ts';
import type { FollowedDirectory } from './followed-directory.ts';
import type { Break } from './lineage.ts';
import { inUse, type Lock, lockDirectory } from './lock.ts';
import { isThere, openAccounts } from './open-accounts.ts';
import { rebuildMail } from './salvage/mail.ts';
import { openDamaged } from './salvage/open-damaged.ts';
import { Shard, type ShardFaults, type ShardOptions } from './shard.ts';
import type { ShardedDirectory } from './sharded-directory.ts';
import { assertRestored } from './snapshot/restored.ts';
import { syncDirectory, syncParent } from './wal-sync.ts';
import { Testimony, Witness } from './witness.ts';

export interface SqliteStoreOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** Only for a directory that is being made: 1 to 64, 1 when absent. */
  readonly shards?: number;
  /** `delayed` answers a change of flags before it is synced, at most 100 ms: see `delayed-flags.ts`. */
  readonly flags?: 'synced' | 'delayed';
  /** Mail that is older is packed, in the background; 0 or absent: none is. */
  readonly packAfterMs?: number;
  /** A sync failed, or the files are gone: what was promised may be gone. Must end the process; the default does. */
  readonly onFatal?: (error: Error) => void;
  readonly log?: Log;
  /** Size of the log at which it is moved into the database. */
  readonly checkpointBytes?: number;
  /** Free room on the disk below which new mail is refused; neither that nor a reserve when absent. */
  readonly minFreeBytes?: number;
  /**
   * Accounts and shards that do not belong together are mended (see `agreement.ts`), and databases that cannot be mended
   * where they are, are made anew (see `salvage/`). For `check --repair`, beside which nobody is served.
   */
  readonly mends?: boolean;
  /** What whoever opens it has to know: it is an older copy, something was mended. To the log when absent. */
  readonly onNotice?: (notice: string) => void;
  /** The part of the directory that this process has; everything when absent. */
  readonly share?: StoreShare;
}

/**
 * Of several processes that have one directory, each has some of the shards, and one of them `accounts.db`. It was opened as a
 * whole before: what does not belong together is found then.
 */
export interface StoreShare {
  owns(shard: number): boolean;
  /** The accounts as they are followed here; absent in the process that writes them. */
  readonly accounts?: FollowedDirectory;
}

export interface OpenedParts {
  readonly directory: ShardedDirectory;
  /** By their numbers. */
  readonly shards: ReadonlyMap<number, Shard>;
  readonly witness: Witness;
  /** One for each file system. */
  readonly rooms: readonly DiskRoom[];
  readonly locks: readonly Lock[];
  /** What could not be mended where it was, and was made anew. */
  readonly repairs: readonly StoreProblem[];
}

const MAX_SHARDS = 64;
/** The name of `accounts.db` in the witness. */
const ACCOUNTS = 'accounts';

export async function openParts(options: SqliteStoreOptions, faults: ShardFaults): Promise<OpenedParts> {
  const { directory, share, log = silentLog } = options;
  wantedShards(options);
  makeDirectory(directory);
  assertRestored(directory);
  const lock = share?.accounts === undefined ? lockDirectory(directory) : undefined;
  try {
    return await openLocked(options, faults, lock, { isTight: false });
  } catch (error) {
    const failure = storeError(error, `opening ${directory}`);
    if (failure.code !== 'full' || !giveUpReserve(directory)) {
      lock?.release();
      throw isLocked(error) ? inUse(directory, error) : failure;
    }
    log.warn({ err: failure }, 'the disk is full; its reserve is given up to start');
  }
  try {
    return await openLocked(options, faults, lock, { isTight: true });
  } catch (error) {
    lock?.release();
    throw isLocked(error) ? inUse(directory, error) : storeError(error, `opening ${directory}`);
  }
}

async function openLocked(
  options: SqliteStoreOptions,
  faults: ShardFaults,
  lock: Lock | undefined,
  { isTight }: { readonly isTight: boolean },
): Promise<OpenedParts> {
  const { directory: path, share } = options;
  const opened: { close(): Promise<void> }[] = [];
  const locks = lock === undefined ? [] : [lock];
  const repairs: StoreProblem[] = [];
  try {
    const testimony = Testimony.read(path);
    const writes =
      share?.accounts === undefined ? await openAccounts(accountsOptions(options), repairs) : undefined;
    const directory = writes ?? (share?.accounts as ShardedDirectory);
    if (writes !== undefined) opened.push(writes);
    const shards = new Map<number, Shard>();
    for (let number = 0; number < directory.shards; number++) {
      if (share?.owns(number) === false) continue;
      const shard = await openShard(path, number, writes, {
        ...{ options: shardOptions(options, faults, testimony, number), locks },
        repairs: options.mends === true ? repairs : undefined,
      });
      opened.push(shard);
      shards.set(number, shard);
    }
    await agree(options, { directory, writes }, shards, testimony);
    const witness = beginWitness(options, { directory, writes }, shards, testimony);
    opened.push(witness);
    for (const shard of shards.values()) await shard.confirmWitness();
    const rooms = await openRooms(options, [...shards.values()], isTight);
    opened.push(...rooms);
    for (const one of locks) one.announce();
    return { directory, shards, witness, rooms, locks, repairs };
  } catch (error) {
    for (const it of opened.reverse()) await it.close().catch(() => {});
    for (const one of locks) if (one !== lock) one.release();
    throw error;
  }
}

export async function closeParts(parts: OpenedParts): Promise<void> {
  for (const room of parts.rooms) await room.close();
  for (const shard of parts.shards.values()) await shard.close();
  await parts.directory.close();
  await parts.witness.close();
  for (const lock of parts.locks) lock.release();
}

/** The accounts, and the same as whoever writes them has it. */
interface OpenedAccounts {
  readonly directory: ShardedDirectory;
  readonly writes: SqliteDirectory | undefined;
}

function accountsOptions(options: SqliteStoreOptions) {
  const { directory, mends = false } = options;
  const shards = wantedShards(options);
  return { directory, shards, mends, onFatal: fatalOf(options), onTrouble: troubleOf(options) };
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

function fatalOf({ onFatal }: SqliteStoreOptions): (error: Error) => void {
  return (
    onFatal ??
    ((error: Error) => {
      throw error;
    })
  );
}

function troubleOf({ log = silentLog }: SqliteStoreOptions): (error: Error) => void {
  return (err) => log.error({ err }, 'trouble in the store; it goes on with what it can');
}

function shardOptions(
  options: SqliteStoreOptions,
  faults: ShardFaults,
  testimony: Testimony,
  number: number,
): Omit<ShardOptions, 'mayBeEmpty'> {
  const { log = silentLog } = options;
  return {
    name: shardName(number),
    testimony,
    isDelayed: options.flags === 'delayed',
    checkpointBytes: options.checkpointBytes ?? CHECKPOINT_BYTES,
    onFatal: fatalOf(options),
    onTrouble: (err) =>
      log.error({ err, shard: number }, 'trouble in the store; it goes on with what it can'),
    onDamage: (email, err) => log.error({ err, email }, 'a message cannot be read'),
    onBreak: (broken) => tell(options, broken),
    faults,
  };
}

function tell({ log = silentLog, onNotice }: SqliteStoreOptions, { what, isLoss }: Break): void {
  if (onNotice) onNotice(what);
  else if (isLoss) log.error({ what }, 'something that was acknowledged is missing from the store');
  else log.warn({ what }, 'the store is not what it was');
}

interface ShardOpening {
  readonly options: Omit<ShardOptions, 'mayBeEmpty'>;
  /** Gets the lock of the shard. */
  readonly locks: Lock[];
  readonly repairs: StoreProblem[] | undefined;
}

/** A shard that was there once and is not any more is a lost disk, not a reason to begin an empty one. */
async function openShard(
  directory: string,
  number: number,
  accounts: SqliteDirectory | undefined,
  { options, locks, repairs }: ShardOpening,
): Promise<Shard> {
  const name = shardName(number);
  const path = join(directory, name);
  // Whoever follows has been told of them all.
  const wasMade = accounts === undefined || accounts.fact(name) === 1;
  if (wasMade && !isThere(join(path, 'meta.db'))) throw missingShard(path);
  makeDirectory(path);
  locks.push(lockDirectory(path));
  const shard = await openDamaged(
    {
      path: join(path, 'meta.db'),
      name: `${name}/meta.db`,
      open: () => Shard.open(path, { ...options, mayBeEmpty: !wasMade }),
      rebuild: (stamp) => rebuildMail(path, stamp),
    },
    repairs,
  );
  if (!wasMade) {
    syncDirectory(directory);
    await accounts.setFact(name, 1);
  }
  return shard;
}

function missingShard(path: string): StoreError {
  const names = existsSync(path) ? readdirSync(path) : [];
  const saved = names.filter((name) => name.startsWith('meta.db.saved-')).sort();
  const advice =
    saved.length === 0
      ? 'restore it, or mount the disk it is on'
      : `${saved.at(-1)} is what it held when it was deleted: give it that name`;
  return new StoreError('damaged', `${path}/meta.db is missing: ${advice}`);
}

/** Throws unless accounts and shards belong together, or are made to. Beside damaged accounts nobody can say. */
async function agree(
  options: SqliteStoreOptions,
  { directory, writes }: OpenedAccounts,
  shards: ReadonlyMap<number, Shard>,
  testimony: Testimony,
): Promise<void> {
  if (directory.isDamaged) return;
  const registers = [...shards].map(([number, shard]) => ({ number, register: shard.owners.register() }));
  const readable = registers.filter(({ register }) => register.isReadable);
  const witnessed = writes === undefined ? undefined : testimony.of(ACCOUNTS);
  const isEmpty = directory.numbers.size === 0 && options.mends === true;
  const installation = isEmpty ? installationOf(registers) : undefined;
  const view = {
    installation: installation ?? directory.installation,
    changes: directory.changes,
    numbers: directory.numbers,
    shards: directory.shards,
    shardOf: (account: AccountId) => directory.shardOf(account),
  };
  const found = disagreementOf(view, registers, witnessed);
  if (found !== undefined) {
    if (!found.isMendable || options.mends !== true) throw disagreementError(options.directory, found);
    const accounts = mended(view, await directory.list(), registers, Date.now());
    await writes?.replace(accounts, {
      installation: view.installation,
      changes: (witnessed?.progress ?? 0) + 1,
    });
    for (const fact of found.facts) tell(options, { what: `mended: ${fact}`, isLoss: false });
  }
  await writes?.raiseNumbers(lastNumber(readable));
  const known = await directory.list();
  for (const [number, shard] of shards) {
    const identity = { installation: directory.installation, number, shards: directory.shards };
    await shard.owners.adopt(identity, known);
  }
  directory.onCreated = async (created) => {
    await Promise.all([...shards.values()].map((shard) => shard.owners.add(created)));
  };
  directory.onForget = async (account) => {
    await shards.get(directory.shardOf(account))?.owners.forget(account);
  };
}

function installationOf(registers: readonly PlacedRegister[]) {
  return registers.map(({ register }) => register.identity?.installation).find((it) => it !== undefined);
}

function beginWitness(
  { directory: path, share }: SqliteStoreOptions,
  { directory, writes }: OpenedAccounts,
  shards: ReadonlyMap<number, Shard>,
  testimony: Testimony,
): Witness {
  const progress = new Map<string, number>();
  if (writes !== undefined) {
    // What cannot be read may have come as far as it had.
    const witnessed = directory.isDamaged ? (testimony.of(ACCOUNTS)?.progress ?? 0) : 0;
    progress.set(ACCOUNTS, Math.max(directory.changes, witnessed));
  }
  for (const shard of shards.values()) progress.set(shard.name, shard.progress);
  const witness =
    share === undefined
      ? Witness.begin(path, directory.installation, progress)
      : Witness.join(path, progress);
  if (writes !== undefined) writes.onDurable = witness.noteFor(ACCOUNTS);
  for (const shard of shards.values()) shard.onDurable = witness.noteFor(shard.name);
  return witness;
}

/** Shards may be on disks of their own. */
async function openRooms(
  options: SqliteStoreOptions,
  shards: readonly Shard[],
  isTight: boolean,
): Promise<readonly DiskRoom[]> {
  const { directory, minFreeBytes, share, log = silentLog } = options;
  const rooms = new Map<number, DiskRoom>();
  if (minFreeBytes === undefined) return [];
  for (const shard of [undefined, ...shards]) {
    const path = shard?.directory ?? directory;
    const { dev } = statSync(path);
    const room =
      rooms.get(dev) ??
      (await DiskRoom.open({
        directory: path,
        minFreeBytes,
        isTight,
        keepsReserve: share?.accounts === undefined,
        onChange: (isLow, freeBytes) => {
          if (isLow)
            log.error({ path, freeBytes }, 'the disk is almost full: new mail is refused, deleting works');
          else log.warn({ path, freeBytes }, 'there is room on the disk again: new mail is taken');
        },
        onTrouble: (err) =>
          log.warn({ path, err }, 'the room on the disk cannot be seen, or its reserve not made'),
      }));
    rooms.set(dev, room);
    if (shard) shard.patience.room = room;
  }
  return [...rooms.values()];
}
