/**
 * One shard: a database with the mail of its accounts, the segments beside it, and the parts that work on them. This
 * file only puts them together, in the order that makes opening and closing safe:
 *
 * opening: schema; one write that marks the shard as in use (before it there may be no log to sync); the log's
 * descriptor; a sync of the log and the directory, so that nothing that was recovered after a crash is shown before it
 * is durable; then everything else, and what the journal of flags still holds.
 * closing: no more flags are delayed, those that wait are written; the checkpointer ends; no more turns; the mark is written
 * and synced; the log's descriptor is closed before the connection, whose close deletes the log; the journal goes last.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountId, EmailId } from '../../mailbox/model/model.ts';
import { type AccountBatch, StoreError, type StoreProblem } from '../../mailbox/port/store.ts';
import { type BatchContext, BatchWork } from './account-batch.ts';
import { Blobs } from './blobs.ts';
import { ByteReader } from './bytes.ts';
import { Checkpointer } from './checkpointer.ts';
import { completePages } from './cut-database.ts';
import { Database } from './database.ts';
import { DelayedFlags } from './delayed-flags.ts';
import { destroyAccount } from './destroy.ts';
import { EmailReader } from './emails.ts';
import { FileGuard } from './file-guard.ts';
import { type FlagBatch, FlagJournal, readFlagJournal, removeFlagJournal } from './flag-journal.ts';
import { Graves } from './graves.ts';
import { GroupCommit, type Submitted } from './group-commit.ts';
import { inspect } from './inspect.ts';
import { type Mark, markClean, markInUse, settleAccount } from './lifecycle.ts';
import { type Break, breakOf, incidentsIn, isWitnessedIn, joinLineage, progressOf } from './lineage.ts';
import { assertLogMatches } from './log-match.ts';
import { migrate, touchDatabase, tune } from './migrate.ts';
import { OutgoingRows } from './outgoing.ts';
import { PackFiles } from './packs/pack-files.ts';
import { sweepAtStart } from './packs/pack-folder.ts';
import { PackedBytes, type PartPlaces } from './packs/packed-bytes.ts';
import { Packer } from './packs/packer.ts';
import { placesIn } from './packs/part-rows.ts';
import { PatientWrites } from './patient-writes.ts';
import { type Register, readRegister } from './register.ts';
import { RowReader } from './rows.ts';
import { MAIL_SCHEMA } from './schema/mail.ts';
import { SegmentFiles } from './segment-files.ts';
import { segmentRows } from './segment-rows.ts';
import { Segments } from './segments.ts';
import { ShardOwners } from './shard-owners.ts';
import type { StagingShard } from './staging.ts';
import type { Work } from './transactions.ts';
import { syncDirectory, WalSync } from './wal-sync.ts';
import type { Testimony } from './witness.ts';

export interface ShardOptions {
  /** `shard-00`. */
  readonly name: string;
  /** False when it was there before: then it holds something. */
  readonly mayBeEmpty: boolean;
  /** What an earlier run acknowledged. */
  readonly testimony: Testimony;
  /** The shard is older than that, or may be. */
  readonly onBreak: (broken: Break) => void;
  readonly isDelayed: boolean;
  readonly checkpointBytes: number;
  readonly onFatal: (error: Error) => void;
  readonly onTrouble: (error: Error) => void;
  readonly onDamage: (email: EmailId, error: StoreError) => void;
  readonly faults: ShardFaults;
}

/** Ways to break the promises on purpose: the power-cut test proves with them that it would notice. */
export interface ShardFaults {
  readonly acknowledgesBeforeSync?: boolean;
  readonly isUnsynced?: boolean;
  readonly arePacksUnsynced?: boolean;
  /** Gives the sync of an earlier opening instead of a new one. */
  readonly walSync?: (make: () => WalSync) => WalSync;
}

const JOURNAL = 'flags.journal';
const PACKS = 'packs';
const NOTHING: Work = { apply() {} };
const ANSWERED: Promise<void> = Promise.resolve();

export class Shard implements StagingShard {
  readonly directory: string;
  readonly db: Database;
  readonly segments: Segments;
  readonly #rows: RowReader;
  readonly emails: EmailReader;
  readonly bytes: ByteReader;
  readonly commits: GroupCommit;
  readonly outgoing: OutgoingRows;
  readonly context: BatchContext;
  readonly #wal: WalSync;
  readonly files: SegmentFiles;
  readonly packFiles: PackFiles;
  readonly packed: PackedBytes;
  readonly placeOf: PartPlaces;
  readonly packer: Packer;
  readonly #checkpointer: Checkpointer;
  readonly #graves: Graves;
  readonly #flags: DelayedFlags;
  readonly #isDelayed: boolean;
  #isClosing = false;
  readonly #onTrouble: (error: Error) => void;
  readonly name: string;
  readonly #guard: FileGuard | undefined;
  /** Accounts whose numbers are being made safe, see `lifecycle.ts`. */
  readonly #settling = new Map<AccountId, Promise<void>>();
  readonly owners: ShardOwners;
  /** Told of how far the database has come, on the disk, before it is acknowledged. */
  onDurable: (progress: number) => void = () => {};
  readonly patience: PatientWrites;

  private constructor(directory: string, opened: Opened, options: ShardOptions) {
    const { db, wal, segments, mark, journal } = opened;
    this.directory = directory;
    this.name = options.name;
    this.#onTrouble = options.onTrouble;
    this.#isDelayed = options.isDelayed;
    this.db = db;
    this.segments = segments;
    this.#wal = wal;
    this.files = new SegmentFiles(segments);
    segments.onDelete = (segment) => this.files.forget(segment);
    this.#rows = new RowReader(db, options.onTrouble);
    this.emails = new EmailReader(db, options.onDamage);
    this.packFiles = new PackFiles(join(directory, PACKS));
    this.placeOf = placesIn(db);
    this.packed = new PackedBytes(this.packFiles, this.placeOf);
    this.bytes = new ByteReader(db, this, options.onDamage);
    this.#checkpointer = new Checkpointer(db, {
      thresholdBytes: options.checkpointBytes,
      isUnsynced: options.faults.isUnsynced === true,
      paused: (work) => this.commits.paused(work),
      onWritten: () => this.#guard?.renew(),
      onFatal: options.onFatal,
      onTrouble: options.onTrouble,
    });
    this.commits = new GroupCommit(db, wal, {
      before: () => this.#flags.works(),
      makeRoom: () => this.patience.makeRoom(),
      onFatal: options.onFatal,
      onTrouble: options.onTrouble,
      onCommit: () => this.#checkpointer.afterCommit(),
      overwrite: () => touchDatabase(db),
      acknowledgesBeforeSync: options.faults.acknowledgesBeforeSync === true,
    });
    this.patience = new PatientWrites({
      submit: (works) => this.commits.submit(works),
      emptyLog: () => this.#checkpointer.hurry(),
    });
    this.owners = new ShardOwners(db, this.commits, options.onTrouble);
    this.#graves = new Graves(db, this.commits, options.onTrouble);
    this.context = {
      db,
      blobs: new Blobs(db, this),
      modseqs: new Map(),
      destroyed: new Set(),
      orphans: new Map(),
      epoch: mark.epoch,
      lineage: mark.lineage,
      progress: { value: progressOf(db) ?? options.testimony.of(options.name)?.progress ?? 0 },
      sync: () => wal.sync(),
      onExhumed: (keys) => this.#graves.look(keys),
    };
    this.packer = Packer.of(this, this.#checkpointer, options.faults.arePacksUnsynced === true);
    this.outgoing = new OutgoingRows(this.context, (works) => this.patience.submit(works));
    this.#flags = new DelayedFlags(this.context, journal, {
      flush: () => this.#flushSoon(),
      onTrouble: options.onTrouble,
    });
    this.#guard = this.#watch(options);
  }

  /** Looks at the files with every sync. The power-cut test breaks the promise on purpose, and would be noticed. */
  #watch({ faults }: ShardOptions): FileGuard | undefined {
    this.#wal.watch = {
      progress: () => this.context.progress.value,
      onDurable: (progress) => this.onDurable(progress),
      fault: () => this.#fault(),
    };
    if (faults.walSync !== undefined) return undefined;
    return new FileGuard(this.db, this.#wal, { isCheckpointing: () => this.#checkpointer.isRunning });
  }

  /** Of a shard that is not open, of whatever version. */
  static registerIn(directory: string): Register {
    const db = new Database(join(directory, 'meta.db'));
    try {
      return readRegister(db);
    } finally {
      db.close();
    }
  }

  static async open(directory: string, options: ShardOptions): Promise<Shard> {
    for (const folder of ['segments', PACKS])
      mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 });
    const path = join(directory, 'meta.db');
    assertLogMatches(path);
    const missingBytes = completePages(path);
    if (missingBytes > 0)
      options.onTrouble(new StoreError('damaged', `${path} was cut by ${missingBytes} octets`));
    const db = new Database(path);
    let wal: WalSync | undefined;
    let journal: FlagJournal | undefined;
    try {
      migrate(db, MAIL_SCHEMA, options);
      tune(db, { isAutoCheckpointed: false });
      if (options.faults.isUnsynced) db.exec('PRAGMA synchronous = OFF');
      const broken = breakOf(db, options.name, options.testimony);
      if (broken) options.onBreak(broken);
      const mark = markInUse(db, { ...options, broken });
      const make = () => new WalSync(db.path, options.onFatal);
      wal = options.faults.walSync ? options.faults.walSync(make) : make();
      await wal.sync();
      syncDirectory(directory);
      const segments = await Segments.open(join(directory, 'segments'), segmentRows(db, options.onTrouble));
      sweepAtStart(db, join(directory, PACKS), options.onTrouble);
      const waiting = readFlagJournal(join(directory, JOURNAL));
      journal = new FlagJournal(join(directory, JOURNAL));
      const shard = new Shard(directory, { db, wal, segments, mark, journal }, options);
      await shard.#recoverFlags(waiting);
      shard.#graves.lookAtAll();
      return shard;
    } catch (error) {
      journal?.close();
      await wal?.close();
      db.close();
      throw error;
    }
  }

  write(batches: readonly AccountBatch[]): Submitted {
    if (this.#mayDelay() && this.#flags.take(batches)) {
      return { committed: Promise.resolve(batches.map(() => undefined)), durable: ANSWERED };
    }
    return this.patience.submit(batches.map((batch) => new BatchWork(this.context, batch)));
  }

  async loadAccount(account: AccountId) {
    await this.#settle(account);
    const rows = await this.rowsOf(account);
    const row = rows.account(account);
    if (row === undefined) return undefined;
    this.context.orphans.set(account, row.orphanSubscriptions);
    return {
      row,
      mailboxes: rows.mailboxes(account),
      scripts: rows.scripts(account),
      annotations: rows.annotations(account),
      ...rows.correspondence(account),
      ...rows.shares(account),
    };
  }

  accountsToReap(beforeMs: number, briefBeforeMs: number): readonly AccountId[] {
    return this.#rows.accountsToReap(beforeMs, briefBeforeMs);
  }

  accountsBehind(factsVersion: number): readonly AccountId[] {
    return this.#rows.accountsBehind(factsVersion);
  }

  /** To read the account's rows with; no change of flags waits any more. */
  async rowsOf(account: AccountId): Promise<RowReader> {
    if (this.#flags.has(account)) {
      const [error] = await this.commits.submit([NOTHING]).committed;
      if (error) throw error;
    }
    return this.#rows;
  }

  /** How far the database has come. */
  get progress(): number {
    return this.context.progress.value;
  }

  /** The witness has a record of it from now on. */
  async confirmWitness(): Promise<void> {
    if (isWitnessedIn(this.db) !== false) return;
    await this.commits.perform({
      apply: () => void this.db.prepare("UPDATE store SET value = 1 WHERE key = 'witnessed'").run(),
    });
  }

  /** Whether the files are still there. */
  look(): void {
    this.#wal.look();
  }

  assertRoom(sizeBytes: number): void {
    const refusal = this.patience.room?.refusal(sizeBytes);
    if (refusal !== undefined) throw refusal;
  }

  destroyAccount(account: AccountId): Promise<void> {
    return destroyAccount(this.context, (work) => this.commits.perform(work), account);
  }

  /** Without what waits the database is sound as well, so looking at it does not depend on being able to write. */
  async inspect(isRepairing: boolean): Promise<readonly StoreProblem[]> {
    if (this.#flags.isWaiting) {
      const [error] = await this.commits.submit([NOTHING]).committed;
      if (error && isRepairing) throw error;
    }
    const incidents = await this.#incidents(isRepairing);
    const problems = await inspect(this, isRepairing, this.#onTrouble);
    if (isRepairing) this.context.progress.value = progressOf(this.db) ?? this.progress;
    return [...incidents, ...problems];
  }

  async close(): Promise<void> {
    await this.packer.close();
    await this.#graves.close();
    this.#isClosing = true;
    const [unsaved] = await this.commits.submit([NOTHING]).committed;
    this.#flags.close();
    await this.#checkpointer.close();
    this.commits.close();
    await this.segments.close();
    this.files.close();
    this.packFiles.close();
    try {
      if (this.#wal.failure === undefined) markClean(this.db);
    } catch (error) {
      this.#onTrouble(error as Error); // a full disk: the next start takes it for a crash, which is safe
    }
    await this.#wal.close();
    this.db.close();
    // What could not be stored, on a full disk, is tried again at the next start.
    if (unsaved === undefined) removeFlagJournal(join(this.directory, JOURNAL));
  }

  /** Durable, or still waiting, before anything is shown. */
  async #recoverFlags(batches: readonly FlagBatch[]): Promise<void> {
    this.#flags.recover(batches);
    if (!this.#flags.isWaiting) return;
    const { committed, durable } = this.commits.submit([NOTHING]);
    const [error] = await committed;
    await durable;
    if (error === undefined) return;
    this.#onTrouble(error);
    this.#flags.retryLater();
  }

  /** Nothing is answered that could not be written within the time that was promised. */
  #mayDelay(): boolean {
    return this.#isDelayed && !this.#isClosing && !this.commits.isPaused && this.#wal.failure === undefined;
  }

  /** Once for all who ask at the same time: it moves numbers. */
  #settle(account: AccountId): Promise<void> {
    let settling = this.#settling.get(account);
    if (settling === undefined) {
      settling = this.#makeSafe(account).finally(() => this.#settling.delete(account));
      this.#settling.set(account, settling);
    }
    return settling;
  }

  async #makeSafe(account: AccountId): Promise<void> {
    await settleAccount(this.context, this.commits, account);
    await joinLineage(this.context, this.commits, account);
  }

  #fault(): StoreError | undefined {
    return this.#guard?.fault() ?? this.segments.fault();
  }

  /** What was found missing at a start. A repair takes note of it: the numbers have jumped, and there is no more to do. */
  async #incidents(isRepairing: boolean): Promise<readonly StoreProblem[]> {
    const rows = incidentsIn(this.db);
    if (rows.length > 0 && isRepairing) {
      await this.commits.perform({ apply: () => void this.db.prepare('DELETE FROM incident').run() });
    }
    return rows.map(({ atMs, what }) => ({
      where: `${this.name}/meta.db`,
      what: `found at the start of ${new Date(atMs).toISOString()}: ${what}`,
      repaired: isRepairing,
    }));
  }

  #flushSoon(): void {
    this.commits.submit([NOTHING]).committed.then(([error]) => {
      if (error === undefined) return;
      this.#onTrouble(error);
      this.#flags.retryLater();
    });
  }
}

interface Opened {
  readonly db: Database;
  readonly wal: WalSync;
  readonly segments: Segments;
  readonly mark: Mark;
  readonly journal: FlagJournal;
}
