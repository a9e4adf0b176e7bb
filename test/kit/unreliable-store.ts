/**
 * A store on a bad day, around any other: it refuses batches, makes writers wait while turns pile up, is slow to sync,
 * slow to read, and fails to read. It never lies: what it refused is not applied, what it says is durable is durable, and
 * turns apply in the order of the calls. Which call it hits is drawn from a seed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AccountId } from '../../src/mailbox/model/model.ts';
import type { OutgoingStore } from '../../src/mailbox/port/outgoing.ts';
import type { Packing } from '../../src/mailbox/port/packing.ts';
import type { Snapshots } from '../../src/mailbox/port/snapshots.ts';
import {
  type AccountBatch,
  type Directory,
  type MailStore,
  type StagedBlob,
  type Staging,
  StoreError,
  type StoreErrorCode,
  type StoreWrite,
} from '../../src/mailbox/port/store.ts';
import type { Random } from '../crash/random.ts';

/** How likely each trouble is, per batch or per call. */
export interface Weather {
  readonly refusal: number;
  readonly refusals: readonly ('conflict' | 'full' | 'io')[];
  readonly failedRead: number;
  readonly readFailures: readonly ('io' | 'damaged')[];
  readonly failedUpload: number;
  /** A read that takes some turns of the event loop, as one from a disk or a network does. */
  readonly slowRead: number;
}

export const CALM: Weather = Object.freeze<Weather>({
  refusal: 0,
  refusals: ['io'],
  failedRead: 0,
  readFailures: ['io'],
  failedUpload: 0,
  slowRead: 0,
});

type Outcomes = readonly (StoreError | undefined)[];

interface WaitingTurn {
  readonly batches: readonly AccountBatch[];
  readonly committed: PromiseWithResolvers<Outcomes>;
  readonly durable: PromiseWithResolvers<void>;
}

const LONGEST_READ_TURNS = 6;

export class UnreliableStore implements MailStore {
  weather: Weather = CALM;
  /** Batches that were refused for no fault of their own. */
  readonly refused = new WeakSet<AccountBatch>();
  /** Reads and uploads that were made to fail so far. */
  failures = 0;
  /** Reads of which it was said that what they look for is damaged. */
  lostReads = 0;
  /** Reads that are not answered yet, and uploads that have not come to their end. */
  reading = 0;
  readonly #inner: MailStore;
  readonly #random: Random;
  #waiting: WaitingTurn[] = [];
  #writers: PromiseWithResolvers<void> | undefined;
  #syncs: PromiseWithResolvers<void> | undefined;

  constructor(inner: MailStore, random: Random) {
    this.#inner = inner;
    this.#random = random;
  }

  get directory(): Directory {
    return this.#inner.directory;
  }

  get packing(): Packing {
    return this.#inner.packing;
  }

  get snapshots(): Snapshots {
    return this.#inner.snapshots;
  }

  get outgoing(): OutgoingStore {
    return this.#inner.outgoing;
  }

  owns(account: AccountId): boolean {
    return this.#inner.owns(account);
  }

  get isPaused(): boolean {
    return this.#writers !== undefined;
  }

  /** From here on no turn is applied: turns pile up, as they do beside a checkpoint or a repair. */
  pause(): void {
    this.#writers ??= Promise.withResolvers();
  }

  /** Applies what has piled up, in order. */
  resume(): void {
    const writers = this.#writers;
    this.#writers = undefined;
    for (const { batches, committed, durable } of this.#waiting.splice(0)) {
      const turn = this.#apply(batches);
      turn.committed.then(committed.resolve, committed.reject);
      turn.durable.then(durable.resolve, durable.reject);
    }
    writers?.resolve();
  }

  /** Turns are applied, and not durable before `releaseSyncs`. */
  holdSyncs(): void {
    this.#syncs ??= Promise.withResolvers();
  }

  releaseSyncs(): void {
    this.#syncs?.resolve();
    this.#syncs = undefined;
  }

  /** Nothing waits and nothing fails from here on. */
  calmDown(): void {
    this.weather = CALM;
    this.resume();
    this.releaseSyncs();
  }

  write(batches: readonly AccountBatch[]): StoreWrite {
    if (this.#writers === undefined) return this.#apply(batches);
    const committed = Promise.withResolvers<Outcomes>();
    const durable = Promise.withResolvers<void>();
    durable.promise.catch(() => {});
    this.#waiting.push({ batches, committed, durable });
    return { committed: committed.promise, durable: durable.promise };
  }

  #apply(batches: readonly AccountBatch[]): StoreWrite {
    const refusals = batches.map(() =>
      this.#random.chance(this.weather.refusal) ? this.#error(this.weather.refusals) : undefined,
    );
    for (const [i, batch] of batches.entries()) if (refusals[i]) this.refused.add(batch);
    const taken = batches.filter((_, i) => refusals[i] === undefined);
    if (taken.length === 0) return { committed: Promise.resolve(refusals), durable: Promise.resolve() };
    const turn = this.#inner.write(taken);
    const committed = turn.committed.then((outcomes) => {
      let next = 0;
      return refusals.map((refusal) => refusal ?? outcomes[next++]);
    });
    const held = this.#syncs?.promise;
    const durable = held === undefined ? turn.durable : held.then(() => turn.durable);
    durable.catch(() => {});
    return { committed, durable };
  }

  loadAccount(...args: Parameters<MailStore['loadAccount']>) {
    return this.#read(() => this.#inner.loadAccount(...args));
  }

  loadChunks(...args: Parameters<MailStore['loadChunks']>) {
    return this.#read(() => this.#inner.loadChunks(...args));
  }

  loadLastChunk(...args: Parameters<MailStore['loadLastChunk']>) {
    return this.#read(() => this.#inner.loadLastChunk(...args));
  }

  loadThreadMatches(...args: Parameters<MailStore['loadThreadMatches']>) {
    return this.#read(() => this.#inner.loadThreadMatches(...args));
  }

  countThread(...args: Parameters<MailStore['countThread']>) {
    return this.#read(() => this.#inner.countThread(...args));
  }

  loadThreadMembers(...args: Parameters<MailStore['loadThreadMembers']>) {
    return this.#read(() => this.#inner.loadThreadMembers(...args));
  }

  loadThread(...args: Parameters<MailStore['loadThread']>) {
    return this.#read(() => this.#inner.loadThread(...args));
  }

  loadAccountsBehind(...args: Parameters<MailStore['loadAccountsBehind']>) {
    return this.#read(() => this.#inner.loadAccountsBehind(...args));
  }

  loadEmails(...args: Parameters<MailStore['loadEmails']>) {
    return this.#read(() => this.#inner.loadEmails(...args));
  }

  loadExpunged(...args: Parameters<MailStore['loadExpunged']>) {
    return this.#read(() => this.#inner.loadExpunged(...args));
  }

  loadUnreleased(...args: Parameters<MailStore['loadUnreleased']>) {
    return this.#read(() => this.#inner.loadUnreleased(...args));
  }

  loadRecoverable(...args: Parameters<MailStore['loadRecoverable']>) {
    return this.#read(() => this.#inner.loadRecoverable(...args));
  }

  loadHistory(...args: Parameters<MailStore['loadHistory']>) {
    return this.#read(() => this.#inner.loadHistory(...args));
  }

  measureHistory(...args: Parameters<MailStore['measureHistory']>) {
    return this.#read(() => this.#inner.measureHistory(...args));
  }

  loadAccountsToReap(...args: Parameters<MailStore['loadAccountsToReap']>) {
    return this.#read(() => this.#inner.loadAccountsToReap(...args));
  }

  loadBuried(...args: Parameters<MailStore['loadBuried']>) {
    return this.#read(() => this.#inner.loadBuried(...args));
  }

  loadExternalIds(...args: Parameters<MailStore['loadExternalIds']>) {
    return this.#read(() => this.#inner.loadExternalIds(...args));
  }

  whichImported(...args: Parameters<MailStore['whichImported']>) {
    return this.#read(() => this.#inner.whichImported(...args));
  }

  loadImported(...args: Parameters<MailStore['loadImported']>) {
    return this.#read(() => this.#inner.loadImported(...args));
  }

  loadScript(...args: Parameters<MailStore['loadScript']>) {
    return this.#read(() => this.#inner.loadScript(...args));
  }

  loadSharers(...args: Parameters<MailStore['loadSharers']>) {
    return this.#read(() => this.#inner.loadSharers(...args));
  }

  loadBelongings(...args: Parameters<MailStore['loadBelongings']>) {
    return this.#read(() => this.#inner.loadBelongings(...args));
  }

  loadLessons(...args: Parameters<MailStore['loadLessons']>) {
    return this.#read(() => this.#inner.loadLessons(...args));
  }

  loadAccountsUnmet(...args: Parameters<MailStore['loadAccountsUnmet']>) {
    return this.#read(() => this.#inner.loadAccountsUnmet(...args));
  }

  loadCorrespondents(...args: Parameters<MailStore['loadCorrespondents']>) {
    return this.#read(() => this.#inner.loadCorrespondents(...args));
  }

  countCorrespondents(...args: Parameters<MailStore['countCorrespondents']>) {
    return this.#read(() => this.#inner.countCorrespondents(...args));
  }

  loadMemories(...args: Parameters<MailStore['loadMemories']>) {
    return this.#read(() => this.#inner.loadMemories(...args));
  }

  loadAnnotations(...args: Parameters<MailStore['loadAnnotations']>) {
    return this.#read(() => this.#inner.loadAnnotations(...args));
  }

  loadRuleEntries(...args: Parameters<MailStore['loadRuleEntries']>) {
    return this.#read(() => this.#inner.loadRuleEntries(...args));
  }

  readRanges(...args: Parameters<MailStore['readRanges']>) {
    return this.#read(() => this.#inner.readRanges(...args));
  }

  async *readStream(...args: Parameters<MailStore['readStream']>) {
    yield* await this.#read(async () => this.#inner.readStream(...args));
  }

  listEmails(...args: Parameters<MailStore['listEmails']>) {
    return this.#read(() => this.#inner.listEmails(...args));
  }

  verifyEmails(...args: Parameters<MailStore['verifyEmails']>) {
    return this.#read(() => this.#inner.verifyEmails(...args));
  }

  assertRoom(sizeBytes: number): void {
    this.#inner.assertRoom(sizeBytes);
  }

  stage(...args: Parameters<MailStore['stage']>): Staging {
    const staging = this.#inner.stage(...args);
    this.reading++;
    let isUnderWay = true;
    const end = (): void => {
      if (isUnderWay) this.reading--;
      isUnderWay = false;
    };
    return {
      write: (chunk) => staging.write(chunk),
      abort: () => {
        end();
        staging.abort();
      },
      finish: () => this.#finish(staging).finally(end),
    };
  }

  async #finish(staging: Staging): Promise<StagedBlob> {
    if (!this.#random.chance(this.weather.failedUpload)) return staging.finish();
    staging.abort();
    this.failures++;
    throw this.#error(['full', 'io']);
  }

  async destroyAccount(...args: Parameters<MailStore['destroyAccount']>) {
    await this.#writers?.promise;
    await this.#inner.destroyAccount(...args);
  }

  inspect(repair: boolean) {
    return this.#inner.inspect(repair);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** What is read is of a moment between the call and its answer. */
  async #read<T>(read: () => Promise<T>): Promise<T> {
    const { failedRead, readFailures, slowRead } = this.weather;
    const turns = this.#random.chance(slowRead) ? this.#random.integer(1, LONGEST_READ_TURNS) : 0;
    const fails = this.#random.chance(failedRead);
    this.reading++;
    try {
      for (let i = 0; i < turns; i++) await nextTurn();
      if (!fails) return await read();
      this.failures++;
      const error = this.#error(readFailures);
      if (error.code === 'damaged') this.lostReads++;
      throw error;
    } finally {
      this.reading--;
    }
  }

  #error(codes: readonly StoreErrorCode[]): StoreError {
    const code = this.#random.pick(codes);
    return new StoreError(code, `made to fail: ${code}`);
  }
}
