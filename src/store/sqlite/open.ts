/**
 * The embedded store: a data directory with `accounts.db`, a number of shards fixed when it was made, and one owner.
 *
 *     data/LOCK, LOCK.pid         who owns it, or of several processes the one that writes accounts.db
 *     data/installation           tells this directory from a copy of it
 *     data/witness                how far each database had come, see `witness.ts`
 *     data/reserve                room that is given up when the disk is full, see `disk-room.ts`
 *     data/accounts.db            who may sign in
 *     data/shard-NN/LOCK          which process owns the shard
 *     data/shard-NN/meta.db       mail of the accounts of which accounts.db says so
 *     data/shard-NN/segments/     the bytes of large messages
 *     data/shard-NN/packs/        the bytes of older messages, see `packs/`
 *     data/shard-NN/flags.journal changes of flags that are not in meta.db yet, with `flags: 'delayed'`
 *
 * This file routes calls of the port to shards and holds no rule of its own.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import type { AnnotationPlace } from '../../mailbox/model/annotations.ts';
import type { FactPart } from '../../mailbox/model/facts.ts';
import type { Lesson } from '../../mailbox/model/lessons.ts';
import { type AccountId, type EmailId, emailAccount } from '../../mailbox/model/model.ts';
import {
  type AccountBatch,
  type Allocate,
  type ByteRange,
  type MailStore,
  StoreError,
  type StoreWrite,
} from '../../mailbox/port/store.ts';
import { annotationValues } from './annotation-rows.ts';
import { belongingsAfter } from './belonging-rows.ts';
import { accountsUnmet, correspondentCounts, correspondentKinds } from './correspondent-rows.ts';
import { SqliteDirectory } from './directory.ts';
import { lessonsAfter } from './lesson-rows.ts';
import { closeParts, type OpenedParts, openParts, type SqliteStoreOptions } from './opening.ts';
import { SqliteOutgoing } from './outgoing-store.ts';
import { ShardPacking } from './packs/packing.ts';
import type { RowReader } from './rows.ts';
import { lastRuleEntries, memoriesAfter, scriptText } from './rule-rows.ts';
import type { Shard, ShardFaults } from './shard.ts';
import type { ShardedDirectory } from './sharded-directory.ts';
import { sharersWith } from './share-rows.ts';
import { StoreSnapshots } from './snapshot/snapshots.ts';
import { Blocks, Upload } from './staging.ts';
import { allMembers, threadMatches, threadMembers, threadSize } from './threads.ts';

/** The files are looked at now and then also when nothing is written. */
const LOOK_MS = 5000;

export interface SqliteMailStore extends MailStore {
  readonly directory: ShardedDirectory;
}

export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteMailStore> {
  return new SqliteStore(await openParts(options, {}), options);
}

/** For the power-cut test alone; `faults` break the promises of the store. */
export async function openWithFaults(options: SqliteStoreOptions, faults: ShardFaults): Promise<MailStore> {
  return new SqliteStore(await openParts(options, faults), options);
}

class SqliteStore implements SqliteMailStore {
  readonly directory: ShardedDirectory;
  readonly outgoing: SqliteOutgoing;
  readonly packing: ShardPacking;
  readonly snapshots: StoreSnapshots;
  /** Those that are here, by their numbers. */
  readonly #blocks = new Blocks();
  readonly #shards: ReadonlyMap<number, Shard>;
  readonly #parts: OpenedParts;
  readonly #looking: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor(parts: OpenedParts, { directory, packAfterMs = 0, log = silentLog }: SqliteStoreOptions) {
    this.directory = parts.directory;
    this.#shards = parts.shards;
    this.#parts = parts;
    this.outgoing = new SqliteOutgoing({
      shards: () => this.#placedShards(),
      of: (account) => this.#of(account).outgoing,
    });
    const packers = [...this.#shards.values()].map(({ packer }) => packer);
    this.packing = new ShardPacking(packers, {
      ageMs: packAfterMs === 0 ? undefined : packAfterMs,
      onDone: (report) => log.info({ ...report }, 'older mail was packed'),
      onTrouble: (err) =>
        log.warn({ err }, 'older mail could not be packed; it stays as it is until the next time'),
    });
    this.snapshots = new StoreSnapshots({
      directory,
      shards: [...this.#shards.values()],
      hasAccounts: this.directory instanceof SqliteDirectory,
      onTrouble: (err) => log.warn({ err }, 'a snapshot that is not needed any more could not be removed'),
    });
    this.#looking = setInterval(() => {
      this.directory.look();
      for (const shard of this.#shards.values()) shard.look();
    }, LOOK_MS);
    this.#looking.unref();
  }

  owns(account: AccountId): boolean {
    return this.#shards.has(this.directory.shardOf(account));
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

  async loadHistory(...args: Parameters<MailStore['loadHistory']>) {
    return (await this.#rowsOf(args[0])).history(...args);
  }

  async measureHistory(...args: Parameters<MailStore['measureHistory']>) {
    return (await this.#rowsOf(args[0])).measureHistory(...args);
  }

  async loadAccountsToReap(beforeMs: number, briefBeforeMs: number) {
    return this.#ofAll((shard) => shard.accountsToReap(beforeMs, briefBeforeMs));
  }

  async loadAccountsBehind(factsVersion: number) {
    return this.#ofAll((shard) => shard.accountsBehind(factsVersion));
  }

  async loadAccountsUnmet() {
    return this.#ofAll(({ db }) => accountsUnmet(db));
  }

  async loadUnreleased(...args: Parameters<MailStore['loadUnreleased']>) {
    return (await this.#rowsOf(args[0])).unreleased(...args);
  }

  async loadRecoverable(...args: Parameters<MailStore['loadRecoverable']>) {
    return (await this.#rowsOf(args[0])).recoverable(...args);
  }

  async loadThreadMatches(...[account, ...asked]: Parameters<MailStore['loadThreadMatches']>) {
    return threadMatches((await this.#settled(account)).db, account, ...asked);
  }

  async countThread(account: AccountId, thread: number) {
    return threadSize((await this.#settled(account)).db, account, thread);
  }

  async loadThread(account: AccountId, thread: number, limit: number) {
    return threadMembers((await this.#settled(account)).db, account, thread, limit);
  }

  async loadThreadMembers(...[account, ...asked]: Parameters<MailStore['loadThreadMembers']>) {
    return allMembers((await this.#settled(account)).db, account, ...asked);
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

  async loadImported(...args: Parameters<MailStore['loadImported']>) {
    return (await this.#rowsOf(args[0])).loadImported(...args);
  }

  async loadScript(account: AccountId, id: number) {
    return scriptText(this.#of(account).db, account, id);
  }

  async loadAnnotations(account: AccountId, places: readonly AnnotationPlace[]) {
    return annotationValues(this.#of(account).db, account, places);
  }

  async loadSharers(identities: readonly string[], limit: number) {
    return this.#ofAll(({ db }) => [...sharersWith(db, identities, limit)]);
  }

  async loadBelongings(account: AccountId, after: number, limit: number) {
    return belongingsAfter(this.#of(account).db, account, after, limit);
  }

  async loadLessons(after: number, limit: number) {
    const all: Lesson[] = [];
    for (const [number, { db }] of this.#shards) {
      const isOurs = ({ email }: Lesson): boolean => this.directory.shardOf(emailAccount(email)) === number;
      // What an account has left where it was before it moved is nobody's, however much of it there is.
      for (let [from, found] = [after, 0]; found < limit; await nextTurn()) {
        const page = lessonsAfter(db, from, limit);
        const ours = page.filter(isOurs).slice(0, limit - found);
        all.push(...ours);
        found += ours.length;
        from = page.at(-1)?.email ?? from;
        if (page.length < limit) break;
      }
    }
    return all.sort((a, b) => a.email - b.email).slice(0, limit);
  }

  async loadCorrespondents(account: AccountId, keys: readonly string[]) {
    return correspondentKinds(this.#of(account).db, account, keys);
  }

  async countCorrespondents(account: AccountId) {
    return correspondentCounts(this.#of(account).db, account);
  }

  async loadMemories(account: AccountId, after: string, limit: number) {
    return memoriesAfter(this.#of(account).db, account, after, limit);
  }

  async loadRuleEntries(account: AccountId, limit: number) {
    return lastRuleEntries(this.#of(account).db, account, limit);
  }

  async loadEmails(ids: readonly EmailId[], parts: readonly FactPart[]) {
    return this.#scatter(
      ids,
      (id) => id,
      (shard, part) => shard.emails.load(part, parts),
    );
  }

  async readRanges(ranges: readonly ByteRange[], allocate?: Allocate) {
    return this.#scatter(
      ranges,
      (range) => range.email,
      (shard, part) => shard.bytes.ranges(part, allocate),
    );
  }

  readStream(range: ByteRange, allocate?: Allocate): AsyncIterable<Buffer> {
    return this.#of(emailAccount(range.email)).bytes.stream(range, allocate);
  }

  stage(accounts: readonly AccountId[], sizeHintBytes = 0) {
    const refusal = this.#refusalOf(sizeHintBytes);
    if (refusal === undefined) for (const room of this.#parts.rooms) room.expect(sizeHintBytes);
    const shards = [...new Set(accounts.map((account) => this.#of(account)))];
    return new Upload(shards, this.#blocks, sizeHintBytes, refusal);
  }

  assertRoom(sizeBytes: number): void {
    const refusal = this.#refusalOf(sizeBytes);
    if (refusal !== undefined) throw refusal;
  }

  write(batches: readonly AccountBatch[]): StoreWrite {
    const [only] = this.#shards.values();
    if (only !== undefined && this.directory.shards === 1) return only.write(batches);
    return this.#writeToMany(batches);
  }

  async destroyAccount(account: AccountId): Promise<void> {
    await this.#of(account).destroyAccount(account);
  }

  async listEmails(...args: Parameters<MailStore['listEmails']>) {
    return (await this.#settled(args[0])).emails.list(...args);
  }

  async verifyEmails(ids: readonly EmailId[]) {
    return this.#scatter(
      ids,
      (id) => id,
      (shard, part) => shard.bytes.verify(part),
    );
  }

  async *inspect(repair: boolean) {
    if (repair) yield* this.#parts.repairs;
    for (const what of this.directory.check()) yield { where: 'accounts.db', what, repaired: false };
    for (const shard of this.#shards.values()) yield* await shard.inspect(repair);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#looking);
    await this.snapshots.close();
    await this.packing.stop();
    await closeParts(this.#parts);
  }

  *#placedShards() {
    if (this.#closing) throw new StoreError('closed', 'the store is closed');
    for (const [number, { outgoing: rows }] of this.#shards)
      yield { rows, has: (account: AccountId) => this.directory.shardOf(account) === number };
  }

  /** Without what an interrupted move has left in a shard: see `reshard.ts`. */
  #ofAll(ask: (shard: Shard) => readonly AccountId[]): AccountId[] {
    return [...this.#shards].flatMap(([number, shard]) =>
      ask(shard).filter((account) => this.directory.shardOf(account) === number),
    );
  }

  #refusalOf(sizeBytes: number): StoreError | undefined {
    return this.#parts.rooms.map((room) => room.refusal(sizeBytes)).find((refusal) => refusal !== undefined);
  }

  #rowsOf(account: AccountId): Promise<RowReader> {
    return this.#of(account).rowsOf(account);
  }

  /** For whoever looks for emails that he does not know of: without those that may yet be taken back. */
  async #settled(account: AccountId): Promise<Shard> {
    const shard = this.#of(account);
    while (shard.commits.unfinished !== undefined) await shard.commits.unfinished;
    return shard;
  }

  #of(account: AccountId): Shard {
    if (this.#closing) throw new StoreError('closed', 'the store is closed');
    const number = this.directory.shardOf(account);
    const shard = this.#shards.get(number);
    if (shard === undefined) throw new StoreError('fenced', `shard ${number} is with another process`);
    return shard;
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
    const outcomes: (StoreError | undefined)[] = new Array(batches.length).fill(undefined);
    for (const [i, batch] of batches.entries()) {
      const shard = this.#shards.get(this.directory.shardOf(batch.account));
      if (shard === undefined) {
        outcomes[i] = new StoreError('fenced', 'the account is with another process');
        continue;
      }
      const part = parts.get(shard);
      if (part) part.push(i);
      else parts.set(shard, [i]);
    }
    const writes = [...parts].map(([shard, part]) => {
      const written = shard.write(part.map((i) => batches[i] as AccountBatch));
      const committed = written.committed.then((results) => {
        for (const [at, i] of part.entries()) outcomes[i] = results[at];
      });
      return { committed, durable: written.durable };
    });
    const durable = Promise.all(writes.map((written) => written.durable)).then(() => {});
    durable.catch(() => {});
    return {
      committed: Promise.all(writes.map((written) => written.committed)).then(() => outcomes),
      durable,
    };
  }
}
