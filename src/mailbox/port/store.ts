/**
 * The port: what the domain asks of a store. Interfaces only; `store/contract.ts` is the same promises as tests.
 *
 * The domain computes every change in memory and hands the store finished rows (an AccountBatch), with the modseq the
 * change was computed on. A store keeps rows, applies a batch whole or not at all, refuses one whose base has moved,
 * and says when it is durable. It holds no rule of mail: no UID is chosen and no counter is added up behind this port.
 * All calls are batch-shaped and asynchronous, because one round trip to PostgreSQL costs fifteen local reads.
 *
 * Promises:
 * - P1 atomic: after any crash a batch is there whole or not at all, with the bytes of its new emails.
 * - P2 ordered: batches of one account apply in the order of the calls; `expect` differs from the stored modseq => conflict.
 * - P3 durable: when `durable` resolves, what was written survives power loss. Nothing before that moment may be told to anyone.
 * - P4 reads see every batch whose `committed` has resolved.
 * - P5 no call blocks the event loop for more than a few milliseconds, whatever the size of the mailbox.
 * - P6 bytes come back exactly as they were staged.
 */
import type { AnnotationPlace, AnnotationRow, AnnotationValues } from '../model/annotations.ts';
import type { BelongingRow } from '../model/belongings.ts';
import type { Correspondence } from '../model/correspondents.ts';
import type { EmailFacts, FactPart } from '../model/facts.ts';
import type { Lesson } from '../model/lessons.ts';
import type { AccountId, AccountRow, EmailId, MailboxId, ModSeq } from '../model/model.ts';
import type { Memory, RuleEntry, ScriptRow } from '../model/rules.ts';
import type { SeenRow } from '../model/seen.ts';
import type { Identity, ShareRow } from '../model/shares.ts';
import type { ThreadMatch } from '../model/threads.ts';
import type { Directory } from './directory.ts';
import type { OutgoingStore } from './outgoing.ts';
import type { Packing } from './packing.ts';
import type {
  AccountBatch,
  BuriedMailbox,
  ChunkRow,
  ExternalId,
  HistoryEntry,
  HistoryPlace,
  HistoryRow,
  LoadedMailbox,
  TracedImport,
} from './rows.ts';
import type { Snapshots } from './snapshots.ts';
import type { Staging } from './staging.ts';
import type { StoreError } from './store-error.ts';

export type { Directory } from './directory.ts';
export type { Packing, PackingReport, PackingStatus } from './packing.ts';
export type * from './rows.ts';
export type { SnapshotPart, Snapshots } from './snapshots.ts';
export type { StagedBlob, Staging } from './staging.ts';
export { STORE_ERROR_CODES, StoreError, type StoreErrorCode } from './store-error.ts';

export interface StoreWrite {
  /** One outcome per batch, in order: undefined when it is applied, else why not (then nothing of it is). */
  readonly committed: Promise<readonly (StoreError | undefined)[]>;
  readonly durable: Promise<void>;
}

/** Memory for so many octets, whatever is in it. */
export type Allocate = (length: number) => Buffer;

export interface ByteRange {
  readonly email: EmailId;
  readonly start: number;
  /** Exclusive; clipped to the size. */
  readonly end: number;
}

export interface ListedEmail {
  readonly id: EmailId;
  readonly references: number;
  readonly sizeBytes: number;
  /** Undefined when it has none. */
  readonly thread: number | undefined;
}

export interface CorrespondentCounts {
  readonly heard: number;
  readonly others: number;
}

export interface LoadedAccount {
  readonly row: AccountRow;
  readonly mailboxes: readonly LoadedMailbox[];
  /** By their numbers. */
  readonly scripts: readonly ScriptRow[];
  /** By mailbox and name. */
  readonly annotations: readonly AnnotationRow[];
  /** Absent when it has none. */
  readonly correspondence?: Correspondence;
  /** By mailbox and identity. Absent when it shares nothing. */
  readonly shares?: readonly ShareRow[];
  /** By mailbox, reader and page. Absent when nobody else has seen anything. */
  readonly seen?: readonly SeenRow[];
}

export interface MailStore {
  readonly directory: Directory;
  readonly outgoing: OutgoingStore;
  readonly packing: Packing;
  readonly snapshots: Snapshots;

  /** This process holds the account: nobody else changes it. What is asked of one that it does not hold is refused, `fenced`. */
  owns(account: AccountId): boolean;

  loadAccount(account: AccountId): Promise<LoadedAccount | undefined>;
  /** Chunks with `first > after`, ascending, at most `limit`. */
  loadChunks(
    account: AccountId,
    mailbox: MailboxId,
    after: number,
    limit: number,
  ): Promise<readonly ChunkRow[]>;
  loadLastChunk(account: AccountId, mailbox: MailboxId): Promise<ChunkRow | undefined>;
  /**
   * In the order asked, with the parts asked for and no others. An email that is gone is undefined; so may be one that has
   * none of the parts that were asked for.
   */
  loadEmails(
    ids: readonly EmailId[],
    parts: readonly FactPart[],
  ): Promise<readonly (EmailFacts | undefined)[]>;
  /** The history of the account after a modseq, ascending, at most `limit`. */
  loadHistory(account: AccountId, after: ModSeq, limit: number): Promise<readonly HistoryEntry[]>;
  measureHistory(account: AccountId): Promise<{ readonly rows: number; readonly numbers: number }>;
  /** Rows of the kind `expunged` of this mailbox with `modseq > after`, ascending, at most `limit`. */
  loadExpunged(
    account: AccountId,
    mailbox: MailboxId,
    after: ModSeq,
    limit: number,
  ): Promise<readonly HistoryRow[]>;
  /**
   * The account's rows that still hold records, oldest first, among equals by modseq, those behind `after`, at most `limit`; of those
   * that cannot be brought back, those before `briefBeforeMs`, which is the same when it is absent. A page costs the same wherever it is.
   */
  loadUnreleased(
    account: AccountId,
    beforeMs: number,
    limit: number,
    after?: HistoryPlace,
    briefBeforeMs?: number,
  ): Promise<readonly HistoryRow[]>;
  /**
   * Those of the account's rows with records that can be brought back, before a moment, newest first, without the first `skip`, at most
   * `limit`.
   */
  loadRecoverable(
    account: AccountId,
    beforeMs: number,
    limit: number,
    skip: number,
  ): Promise<readonly HistoryRow[]>;
  /** Accounts with rows that `loadUnreleased` gives, or with mailboxes that were deleted before and are not yet empty. */
  loadAccountsToReap(beforeMs: number, briefBeforeMs: number): Promise<readonly AccountId[]>;
  /**
   * For each id (`ThreadNames`) the emails of the account whose own it is, or also those that name it: the former first,
   * among equals the newest, at most `limit`.
   */
  loadThreadMatches(
    account: AccountId,
    ids: readonly string[],
    which: 'own' | 'any',
    limit: number,
  ): Promise<readonly (readonly ThreadMatch[])[]>;
  /** How many emails a thread has. */
  countThread(account: AccountId, thread: number): Promise<number>;
  /** The numbers of the emails in a thread, ascending, at most `limit`. */
  loadThread(account: AccountId, thread: number, limit: number): Promise<readonly number[]>;
  /**
   * The emails that did not begin the thread they are in, by thread and number, and those that are gone and that the history may
   * still name: those behind `after`, at most `limit`, each as two numbers, thread and email, one after the other.
   */
  loadThreadMembers(
    account: AccountId,
    after: { readonly thread: number; readonly email: number },
    limit: number,
  ): Promise<readonly number[]>;
  /** Accounts with emails whose facts may be of an older version than this, or that may have no thread. */
  loadAccountsBehind(factsVersion: number): Promise<readonly AccountId[]>;
  /** Accounts with emails whose people may not be known, see `correspondents.ts`. */
  loadAccountsUnmet(): Promise<readonly AccountId[]>;
  /** Deleted mailboxes whose chunks are still there, or rows of their history that hold records. */
  loadBuried(account: AccountId): Promise<readonly BuriedMailbox[]>;
  /** Of the messages with a UID above `after` that have one, ascending, at most `limit`. */
  loadExternalIds(
    account: AccountId,
    mailbox: MailboxId,
    after: number,
    limit: number,
  ): Promise<readonly ExternalId[]>;
  whichImported(account: AccountId, mailbox: MailboxId, keys: readonly Buffer[]): Promise<readonly boolean[]>;
  /** Keys that have a trace, above `after` and up to `upTo`, ascending, at most `limit`. */
  loadImported(
    account: AccountId,
    mailbox: MailboxId,
    range: { readonly after: Buffer; readonly upTo: Buffer },
    limit: number,
  ): Promise<readonly TracedImport[]>;

  /** The text of a script; undefined when it is not there. */
  loadScript(account: AccountId, id: number): Promise<Buffer | undefined>;
  /** Values of annotations in the order asked, of what is not there undefined. Keep the sum below a few MB. */
  loadAnnotations(account: AccountId, places: readonly AnnotationPlace[]): Promise<AnnotationValues>;
  /** Accounts that are held here and have a row of one of these identities, each once, in no order; no more than `limit` of each. */
  loadSharers(identities: readonly Identity[], limit: number): Promise<readonly AccountId[]>;
  /** Those with a number above `after`, ascending, at most `limit`. */
  loadBelongings(account: AccountId, after: number, limit: number): Promise<readonly BelongingRow[]>;
  /** Of emails above `after` (none: 0) of all accounts that are held here, ascending in each part of the store, at most `limit`. */
  loadLessons(after: number, limit: number): Promise<readonly Lesson[]>;
  /** What is known of each key, in the order asked; 0: nothing. */
  loadCorrespondents(account: AccountId, keys: readonly string[]): Promise<readonly number[]>;
  /** As those are told apart that are forgotten. */
  countCorrespondents(account: AccountId): Promise<CorrespondentCounts>;
  /** Those with a key above `after` (none: ''), ascending by key, at most `limit`. */
  loadMemories(account: AccountId, after: string, limit: number): Promise<readonly Memory[]>;
  /** The last ones, at most `limit`, the oldest of them first. */
  loadRuleEntries(account: AccountId, limit: number): Promise<readonly RuleEntry[]>;

  /**
   * Several ranges in one call, in the order asked; undefined where the bytes are missing. Keep the sum below a few MB. What
   * has to be read into memory may be read into what `allocate` gives.
   */
  readRanges(ranges: readonly ByteRange[], allocate?: Allocate): Promise<readonly (Buffer | undefined)[]>;
  /** One large range in slices, read as the consumer takes them. Throws StoreError `damaged` when bytes are missing. */
  readStream(range: ByteRange, allocate?: Allocate): AsyncIterable<Buffer>;

  /** Throws `full` when a new message of this size would be refused now: for saying so before it comes. */
  assertRoom(sizeBytes: number): void;
  /** For messages that will be used by `accounts` (all that matters is which shards they live in). */
  stage(accounts: readonly AccountId[], sizeHintBytes?: number): Staging;

  /** Everything that changed in one turn of the event loop, for all accounts: one transaction a shard, one shared sync. */
  write(batches: readonly AccountBatch[]): StoreWrite;

  /** Removes all mail of an account in slices; safe to repeat after an interruption. Its batches conflict from the call on. */
  destroyAccount(account: AccountId): Promise<void>;

  /** For the checker: emails after `after`, with their reference counts. */
  listEmails(account: AccountId, after: number, limit: number): Promise<readonly ListedEmail[]>;
  /** Reads the bytes and compares their checksum and size. */
  verifyEmails(ids: readonly EmailId[]): Promise<readonly ('ok' | 'missing' | 'damaged')[]>;
  /** What only the store can know: broken database pages, bytes nobody refers to, counts of shared bytes that are off. */
  inspect(repair: boolean): AsyncIterable<StoreProblem>;

  close(): Promise<void>;
}

export interface StoreProblem {
  readonly where: string;
  readonly what: string;
  /** The message it hits, when one is known. */
  readonly email?: EmailId;
  readonly repaired: boolean;
}
