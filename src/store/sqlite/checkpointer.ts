/**
 * Decides when the log of a shard is moved into the database; the work is done by `checkpoint-worker.ts`.
 *
 * At about 4 MB of log: PASSIVE beside the running writers, then the writers of this one shard pause (their turns queue
 * in order) for a short RESTART of the log. A log that is never restarted grows, and every sync of it gets slower.
 * The thread is started at the first need and does not keep the process alive.
 */
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StoreError } from '../../mailbox/port/store.ts';
import type { CheckpointMode, CheckpointReply, CheckpointWorkerData } from './checkpoint-worker.ts';
import { type Database, isSyncFailure } from './database.ts';

export const CHECKPOINT_BYTES = 4 * 1024 * 1024;
const FRAME_BYTES = 4096 + 24;
const HURRY_MS = 1000;

export interface CheckpointerOptions {
  readonly thresholdBytes: number;
  readonly isUnsynced?: boolean;
  /** Keeps the writers waiting while `work` runs. */
  readonly paused: <T>(work: () => Promise<T>) => Promise<T>;
  /** The database was written to; writers may go on meanwhile. */
  readonly onWritten: () => void;
  readonly onFatal: (error: Error) => void;
  readonly onTrouble: (error: Error) => void;
}

export class Checkpointer {
  readonly #db: Database;
  readonly #options: CheckpointerOptions;
  readonly #thresholdFrames: number;
  /** Where the log has to be for the next attempt: above the threshold when a reader was in the way. */
  #dueFrames: number;
  #worker: Worker | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #hurriedMs = Number.NEGATIVE_INFINITY;
  /** The last time the log began anew. */
  #hasWorked = true;

  constructor(db: Database, options: CheckpointerOptions) {
    this.#db = db;
    this.#options = options;
    this.#thresholdFrames = Math.max(16, Math.floor(options.thresholdBytes / FRAME_BYTES));
    this.#dueFrames = this.#thresholdFrames;
  }

  /** After each commit; costs two microseconds. */
  afterCommit(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    const frames = this.#db.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.[1] as number;
    if (frames < this.#dueFrames) return;
    this.#running = this.#run(frames).finally(() => {
      this.#running = undefined;
    });
  }

  /** The log is moved right now, and the database is written to. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * The disk is full: what is in the database already makes room in the log. False when that did not help, and is not tried
   * again for a moment.
   */
  async hurry(): Promise<boolean> {
    if (this.#isClosed) return false;
    if (this.#running === undefined) {
      const now = performance.now();
      if (!this.#hasWorked && now - this.#hurriedMs < HURRY_MS) return false;
      this.#hurriedMs = now;
      this.#running = this.#run(this.#thresholdFrames).finally(() => {
        this.#running = undefined;
      });
    }
    await this.#running;
    return this.#hasWorked;
  }

  /**
   * All is moved into the database, and no octet of the log is left, of what was forgotten neither. False when that could not be
   * done now.
   */
  async empty(): Promise<boolean> {
    while (this.#running !== undefined) await this.#running;
    if (this.#isClosed) return false;
    this.#running = this.#run(this.#thresholdFrames, 'empty').finally(() => {
      this.#running = undefined;
    });
    await this.#running;
    return this.#hasWorked;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#running = this.#ask('truncate').then(() => {}, this.#options.onTrouble);
    await this.#running;
    this.#options.onWritten();
    this.#running = undefined;
    worker.ref();
    const exited = once(worker, 'exit');
    worker.postMessage('close');
    await exited;
    this.#worker = undefined;
  }

  async #run(frames: number, mode: 'restart' | 'empty' = 'restart'): Promise<void> {
    try {
      await this.#ask('passive');
      const { isBusy } = await this.#options.paused(() => this.#ask(mode));
      this.#hasWorked = !isBusy;
      this.#dueFrames = isBusy ? frames + this.#thresholdFrames : this.#thresholdFrames;
    } catch (error) {
      this.#hasWorked = false;
      if (isSyncFailure(error)) this.#options.onFatal(error as Error);
      else this.#options.onTrouble(error as Error);
      this.#dueFrames = frames + this.#thresholdFrames;
    } finally {
      this.#options.onWritten();
    }
  }

  async #ask(mode: CheckpointMode): Promise<CheckpointReply> {
    this.#worker ??= this.#startWorker();
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<CheckpointReply>();
    const onExit = () => reject(new StoreError('io', 'the checkpoint thread ended'));
    worker.once('message', resolve).once('error', reject).once('exit', onExit);
    worker.ref();
    worker.postMessage({ mode });
    try {
      const reply = await promise;
      if (!reply.error) return reply;
      throw new StoreError('io', `checkpoint: ${reply.error.message}`, { cause: reply.error });
    } catch (error) {
      if (!(error instanceof StoreError)) this.#worker = undefined;
      throw error;
    } finally {
      worker.off('message', resolve).off('error', reject).off('exit', onExit);
      worker.unref();
    }
  }

  #startWorker(): Worker {
    const workerData: CheckpointWorkerData = {
      path: this.#db.path,
      isUnsynced: this.#options.isUnsynced === true,
    };
    return new Worker(workerUrl('checkpoint-worker'), { workerData });
  }
}

/** The file of a thread: `.ts` in a checkout, `.js` where the program was compiled. */
export const workerUrl = (name: string): URL =>
  new URL(`./${name}${extname(import.meta.filename)}`, import.meta.url);
