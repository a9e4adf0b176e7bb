/**
 * Moves older octets of a shard into packs, and what is left of old packs into new ones. A thread makes the files; here, on the
 * event loop, rows follow them in slices of a few milliseconds, like any other change.
 *
 * The order that makes it safe: the pack is on the disk under its name, and proven; rows refer to it; that is durable; only
 * then is anything deleted that they referred to before. Stopped anywhere, every octet is where its row says.
 */
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Mutex } from '../../../base/gate.ts';
import { StoreError } from '../../../mailbox/port/store.ts';
import type { BatchContext } from '../account-batch.ts';
import type { Checkpointer } from '../checkpointer.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Segments } from '../segments.ts';
import { lastBlobBefore, noteBlobs } from './blob-age.ts';
import { factWorks, hasFactBlocks } from './flip-facts.ts';
import { flipWork } from './flips.ts';
import { PACK_BYTES } from './format.ts';
import type { PackFiles } from './pack-files.ts';
import { packsIn } from './pack-files.ts';
import { isReferred, nextPack, removePack, removeUnfinished } from './pack-folder.ts';
import type {
  FactSteps,
  Move,
  Packed,
  PackReply,
  PackRequest,
  PackSurvey,
  PackWorkerData,
  Survey,
} from './pack-work.ts';
import { chosen } from './rewriting.ts';

/** Rows of messages, and of the parts that they are made of: about two milliseconds. */
const ROWS_PER_SLICE = 60;
const NEW_PARTS = 4096;
const PAGES_PER_SLICE = 64;

export interface PackedShard {
  readonly directory: string;
  readonly db: { readonly path: string };
  readonly commits: GroupCommit;
  readonly context: Pick<BatchContext, 'db' | 'sync' | 'blobs'>;
  readonly segments: Segments;
  readonly packFiles: PackFiles;
  /** Throws `full` where the disk has no room for so much. */
  assertRoom(sizeBytes: number): void;
}

/** Of the database. */
type Log = Pick<Checkpointer, 'empty'>;

export type PackFolders = Pick<PackWorkerData, 'segments' | 'packs' | 'isUnsynced'>;

export interface PassOptions {
  /** How old mail has to be; 0: all of it. Undefined: none is packed. */
  readonly ageMs: number | undefined;
  /** Works half of the time, and rewrites what has to be. Otherwise as fast as it goes, and all that would become smaller. */
  readonly isGentle: boolean;
}

export interface PassReport {
  /** Messages that were packed, and what they were and have become. */
  readonly blobs: number;
  readonly mailBytes: number;
  readonly fileBytes: number;
  /** Packs that are gone. */
  readonly removed: number;
}

export class Packer {
  readonly #shard: PackedShard;
  readonly #log: Log;
  readonly #folders: PackFolders;
  readonly #passing = new Mutex();
  #next: number | undefined;
  #isClosed = false;
  /** Until they are let go of, no pack is deleted. */
  #holds = 0;
  #worker: Worker | undefined;
  #report = { blobs: 0, mailBytes: 0, fileBytes: 0, removed: 0 };

  private constructor(shard: PackedShard, log: Log, folders: PackFolders) {
    this.#shard = shard;
    this.#log = log;
    this.#folders = folders;
  }

  static of(shard: PackedShard, log: Log, isUnsynced: boolean): Packer {
    const { directory } = shard;
    return new Packer(shard, log, {
      segments: join(directory, 'segments'),
      packs: join(directory, 'packs'),
      isUnsynced,
    });
  }

  /** One at a time. Throws `full`, and what the disk says. */
  pass(options: PassOptions): Promise<PassReport> {
    return this.#passing.run(async () => {
      this.#report = { blobs: 0, mailBytes: 0, fileBytes: 0, removed: 0 };
      try {
        await this.#letGo();
        if (options.ageMs !== undefined || this.#hasPacked()) await this.#work(options);
      } finally {
        await this.#end();
        if (!this.#isClosed) await this.#log.empty();
      }
      return this.#report;
    });
  }

  /** What needs no room, and makes some: also where the disk is full. */
  async #letGo(): Promise<void> {
    await this.#sweep();
    await this.#shard.segments.deleteUnused();
    await this.#giveBackPages();
  }

  async #work(options: PassOptions): Promise<void> {
    const { ageMs, isGentle } = options;
    await this.#note(ageMs);
    let refusal: StoreError | undefined;
    /** One that finds no room keeps none of the others from making some. */
    const inTheRoomThereIs = async (work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'full') throw error;
        refusal ??= error;
      }
    };
    try {
      if (ageMs !== undefined) await inTheRoomThereIs(() => this.#packAll(ageMs, isGentle));
      await inTheRoomThereIs(() => this.#rewriteSome(isGentle));
      await inTheRoomThereIs(() => this.#packFacts(options));
    } finally {
      if (!this.#isClosed) await this.#letGo();
    }
    if (refusal !== undefined) throw refusal;
  }

  survey(ageMs: number | undefined): Promise<Survey> {
    return this.#passing.run(async () => {
      try {
        const upTo = ageMs === undefined ? 0 : this.#upTo(ageMs);
        return (await this.#ask({ kind: 'survey', upTo }, false)) as Survey;
      } finally {
        await this.#end();
      }
    });
  }

  /** Somebody makes a list of the packs: none is deleted before what this returns is called. */
  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
    };
  }

  /** At once: what is being made is given up. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
    await this.#passing.run(async () => {});
    removeUnfinished(this.#folders.packs);
  }

  async #note(ageMs: number | undefined): Promise<void> {
    const { commits, context } = this.#shard;
    const keepMs = ageMs ?? 0;
    await commits.perform({ apply: () => noteBlobs(context.db, Date.now(), context.blobs.last, keepMs) });
  }

  #upTo(ageMs: number): number {
    const { db, blobs } = this.#shard.context;
    return ageMs === 0 ? blobs.last : lastBlobBefore(db, Date.now(), ageMs);
  }

  async #packAll(ageMs: number, isGentle: boolean): Promise<void> {
    const upTo = this.#upTo(ageMs);
    const survey = (await this.#ask({ kind: 'survey', upTo }, isGentle)) as Survey;
    if (survey.due.blobs === 0) return;
    for (let after: number | undefined = 0; after !== undefined; ) {
      this.#shard.assertRoom(2 * PACK_BYTES);
      const pack = this.#takeNumber();
      const parts = { first: await this.#reserve(), count: NEW_PARTS };
      const request = { kind: 'pack', pack, createdMs: Date.now(), after, upTo, parts } as const;
      const made = (await this.#ask(request, isGentle)) as Packed;
      await this.#follow(pack, made);
      after = made.after;
    }
  }

  async #rewriteSome(isGentle: boolean): Promise<void> {
    const { packs } = (await this.#ask({ kind: 'survey', upTo: 0 }, isGentle)) as Survey;
    for (const group of chosen(packs, Date.now(), isGentle)) {
      if (group.every(({ live }) => live === 0)) continue;
      const bytes = group.reduce((sum: number, { fileBytes }: PackSurvey) => sum + fileBytes, 0);
      this.#shard.assertRoom(bytes + PACK_BYTES);
      const pack = this.#takeNumber();
      const from = group.map((one) => one.pack);
      const made = await this.#ask({ kind: 'rewrite', pack, createdMs: Date.now(), from }, isGentle);
      const { moves, parts } = made as Packed;
      await this.#follow(pack, { moves, parts, mailBytes: 0, fileBytes: 0 });
      await this.#sweep();
    }
  }

  #hasPacked(): boolean {
    return packsIn(this.#folders.packs).length > 0 || hasFactBlocks(this.#shard.context.db);
  }

  /** What is known of messages that are packed. */
  async #packFacts({ ageMs, isGentle }: PassOptions): Promise<void> {
    const { context, commits } = this.#shard;
    const request = { kind: 'facts', nowMs: Date.now(), takesNew: ageMs !== undefined } as const;
    for (let isOver = false; !isOver; ) {
      const reply = (await this.#ask(request, isGentle)) as FactSteps;
      for (const step of reply.steps) {
        for (const work of factWorks(context.db, step)) {
          await commits.perform(work);
          this.#assertOpen();
          await nextTurn();
        }
      }
      isOver = reply.isOver;
    }
  }

  /** Durable when it resolves. */
  async #follow(
    pack: number,
    { moves, parts, mailBytes, fileBytes }: Pick<Packed, 'moves' | 'parts' | 'mailBytes' | 'fileBytes'>,
  ): Promise<void> {
    const made = new Map(parts.map((part) => [part.blob, part]));
    for (const slice of slicesOf(moves)) {
      await this.#shard.commits.perform(
        flipWork(this.#shard, pack, { moves: slice, parts: made }, (count) => {
          if (mailBytes > 0) this.#report.blobs += count;
        }),
      );
      this.#assertOpen();
      await nextTurn();
    }
    this.#report.mailBytes += mailBytes;
    this.#report.fileBytes += fileBytes;
  }

  /** Packs that no row refers to any more. */
  async #sweep(): Promise<void> {
    const { context, packFiles } = this.#shard;
    // They are asked about again in the next pass.
    if (this.#holds > 0) return;
    const empty = packsIn(this.#folders.packs).filter((pack) => !isReferred(context.db, pack));
    if (empty.length === 0) return;
    await context.sync();
    for (const pack of this.#holds > 0 ? [] : empty) {
      packFiles.forget(pack);
      removePack(this.#folders.packs, pack);
      this.#report.removed++;
    }
  }

  /** What packed messages have left in the database goes back to the file system. */
  async #giveBackPages(): Promise<void> {
    const { context, commits } = this.#shard;
    const free = () => context.db.value('PRAGMA freelist_count') as number;
    for (let [before, now] = [Number.POSITIVE_INFINITY, free()]; now > 0 && now < before; ) {
      await commits.perform({
        apply: () => context.db.exec(`PRAGMA incremental_vacuum(${PAGES_PER_SLICE})`),
      });
      this.#assertOpen();
      await nextTurn();
      [before, now] = [now, free()];
    }
  }

  async #reserve(): Promise<number> {
    const { commits, context } = this.#shard;
    let first = 0;
    await commits.perform({
      apply: () => {
        first = context.blobs.reserve(NEW_PARTS);
      },
    });
    return first;
  }

  #takeNumber(): number {
    const next = Math.max(this.#next ?? 0, nextPack(this.#shard.context.db, this.#folders.packs));
    this.#next = next + 1;
    return next;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError('closed', 'the store is closed');
  }

  async #ask(request: PackRequest, isGentle: boolean): Promise<PackReply> {
    this.#assertOpen();
    this.#worker ??= this.#startWorker(isGentle);
    const worker = this.#worker;
    worker.postMessage(request);
    const { promise, resolve, reject } = Promise.withResolvers<PackReply>();
    const onExit = () => reject(new StoreError('closed', 'the thread that makes packs has ended'));
    worker.once('message', resolve).once('error', reject).once('exit', onExit);
    try {
      const reply = await promise;
      this.#assertOpen();
      if (reply.kind !== 'failed') return reply;
      throw new StoreError(reply.code, reply.message);
    } finally {
      worker.off('message', resolve).off('error', reject).off('exit', onExit);
    }
  }

  #startWorker(isGentle: boolean): Worker {
    const { path } = this.#shard.db;
    const workerData: PackWorkerData = { path, ...this.#folders, isGentle };
    const file = new URL(`./pack-worker${extname(import.meta.filename)}`, import.meta.url);
    return new Worker(file, { workerData });
  }

  /** No thread waits for the next pass. */
  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    const exited = once(worker, 'exit').catch(() => {});
    worker.postMessage('close');
    if (this.#isClosed) await worker.terminate();
    else await exited;
  }
}

function* slicesOf(moves: readonly Move[]): Generator<readonly Move[]> {
  let slice: Move[] = [];
  let rows = 0;
  for (const move of moves) {
    slice.push(move);
    rows += 1 + move.parts.length;
    if (rows < ROWS_PER_SLICE) continue;
    yield slice;
    slice = [];
    rows = 0;
  }
  if (slice.length > 0) yield slice;
}
