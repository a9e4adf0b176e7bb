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
import type { CredentialChange, CredentialKind, NewCredential } from '../model/credential.ts';
import type { ComputedFacts, EmailFacts, FactPart } from '../model/facts.ts';
import type { HistoryKind } from '../model/history.ts';
import type { KeywordRow } from '../model/keywords.ts';
import type { Lesson } from '../model/lessons.ts';
import type {
  AccountId,
  AccountRecord,
  AccountRow,
  EmailId,
  MailboxId,
  MailboxRow,
  ModSeq,
  Uid,
} from '../model/model.ts';
import type { OutgoingRecipient, OutgoingRow, RecipientChange } from '../model/outgoing.ts';
import type { Memory, RuleEntry, ScriptRow } from '../model/rules.ts';
import type { EmailThread, ThreadMatch } from '../model/threads.ts';
import type { Domains } from './domains.ts';
import type { OutgoingStore } from './outgoing.ts';
import type { StoreError } from './store-error.ts';

export { STORE_ERROR_CODES, StoreError, type StoreErrorCode } from './store-error.ts';

/** About 100 messages of a mailbox as packed records, see `chunk.ts`; `first` is its key and never changes. */
export interface ChunkRow {
  readonly mailbox: MailboxId;
  /** Not above the UID of its first record, above every UID of the chunk before it. */
  readonly first: Uid;
  readonly count: number;
  readonly maxModseq: ModSeq;
  readonly records: Buffer;
}

/** What one change did to emails of a mailbox, see `model/history.ts`. It outlives the mailbox. */
export interface HistoryRow {
  readonly mailbox: MailboxId;
  /** No other row of the account has it. */
  readonly modseq: ModSeq;
  readonly kind: HistoryKind;
  /** Of `expunged`, of each message: ascending UIDs packed as little-endian u32. */
  readonly uids: Buffer;
  /** Which emails gained or lost a place, see `packNumbers`. */
  readonly emails: Buffer;
  /** How many UIDs and emails it names: what it weighs. */
  readonly numbers: number;
  /**
   * Of `expunged`: the messages' packed records (same codec as chunks) keep them readable until the reaper has released
   * their emails; undefined from then on, and of moved ones.
   */
  readonly records: Buffer | undefined;
  /** Wall clock of the change, for the grace period of the reaper and the age of the history. */
  readonly atMs: number;
}

/** A row of the history without what only its mailbox needs. */
export interface HistoryEntry extends Omit<HistoryRow, 'uids' | 'records'> {
  /** It still holds records. */
  readonly isHeld: boolean;
}

/** A mailbox's row with its keywords, in the order of their numbers: names, then sets. */
export interface LoadedMailbox extends MailboxRow {
  readonly keywords: readonly KeywordRow[];
}

/** Bytes on their way in. Small ones stay in memory, large ones go to a file as they come. */
export interface Staging {
  /** Back-pressure: await the result when it is a promise. The chunk is copied or written; it may be reused. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Large bytes are synced when this resolves; small ones become durable with the batch that uses them. */
  finish(): Promise<StagedBlob>;
  /** Gives up; safe to call at any moment, also after finish (then the bytes are never referenced). */
  abort(): void;
}

export interface StagedBlob {
  readonly sizeBytes: number;
  /** Octets of it, `to` exclusive; until it is given up. At once when they are in memory. */
  read(from: number, to: number): Buffer | Promise<Buffer>;
}

export interface NewEmail extends ComputedFacts {
  readonly id: EmailId;
  /** Prefix and blob together. */
  readonly sizeBytes: number;
  /**
   * Octets that stand before the blob's, an email's own trace header on bytes it shares with others: the email's bytes
   * are prefix then blob, and every read and check sees them as one.
   */
  readonly prefix?: Buffer;
  /** The same blob may serve several emails, in one batch or many (one delivery, ten recipients): stored once a shard. */
  readonly blob: StagedBlob;
  /** Undefined when it gets one later. */
  readonly thread?: EmailThread;
}

/** The name by which programs know a message from the server it was moved here from: printable ASCII. */
export interface ExternalId {
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly id: string;
}

/**
 * One row that changes. A new kind of row is a member here, a place in the table of each adapter (which does not compile
 * without it), and tests of the contract.
 */
export type RowChange =
  | { readonly kind: 'mailbox'; readonly row: MailboxRow }
  /** Its chunks stay until the reaper has released what they refer to, its history for as long as any. */
  | { readonly kind: 'mailbox-deleted'; readonly mailbox: MailboxId }
  /** Inserted, or replaced when (mailbox, first) is there. */
  | { readonly kind: 'chunk'; readonly row: ChunkRow }
  | { readonly kind: 'chunk-dropped'; readonly mailbox: MailboxId; readonly first: Uid }
  | { readonly kind: 'keyword'; readonly mailbox: MailboxId; readonly row: KeywordRow }
  | { readonly kind: 'keyword-dropped'; readonly mailbox: MailboxId; readonly row: KeywordRow }
  | { readonly kind: 'email'; readonly email: NewEmail }
  /** One more reference to each (COPY). An email starts with one; when its row is lost, the batch is `damaged`. */
  | { readonly kind: 'retained'; readonly emails: readonly EmailId[] }
  /** One reference less for each (the reaper); at none the email row and, when unshared, its bytes are gone. */
  | { readonly kind: 'released'; readonly emails: readonly EmailId[] }
  /** Of an email that is there, in the place of those that it has. */
  | { readonly kind: 'facts'; readonly email: EmailId; readonly facts: ComputedFacts }
  /** Inserted, or replaced when its modseq is there. */
  | { readonly kind: 'history'; readonly row: HistoryRow }
  /** History of the account up to and including this modseq is forgotten. */
  | { readonly kind: 'history-pruned'; readonly upTo: ModSeq }
  /** Of an email that is there; one that has a thread keeps it. */
  | { readonly kind: 'threaded'; readonly email: EmailId; readonly thread: EmailThread }
  /** An import key to remember (16 octets), so that an interrupted import resumes without duplicates. */
  | { readonly kind: 'imported'; readonly mailbox: MailboxId; readonly key: Buffer }
  /** Of a message in a chunk. The first message of a mailbox to have an id keeps it; expunging forgets it. */
  | { readonly kind: 'external-id'; readonly row: ExternalId }
  /** An import key that nobody will ask for any more. */
  | { readonly kind: 'import-forgotten'; readonly mailbox: MailboxId; readonly key: Buffer }
  /** With one recipient at least. A reference to its email, made or retained in the batch, is its own until it ends. */
  | {
      readonly kind: 'outgoing';
      readonly row: OutgoingRow;
      readonly recipients: readonly OutgoingRecipient[];
    }
  /** As `OutgoingStore.settle`, in one piece with the rest. */
  | { readonly kind: 'recipient'; readonly change: RecipientChange }
  /** Inserted, then with its text, or replaced; without a text it keeps the one it has. */
  | { readonly kind: 'script'; readonly row: ScriptRow; readonly text: Buffer | undefined }
  | { readonly kind: 'script-dropped'; readonly id: number }
  /** Inserted, or replaced when the email has one; learned, it is dropped if it is the same. */
  | { readonly kind: 'lesson'; readonly lesson: Lesson }
  | { readonly kind: 'lesson-learned'; readonly lesson: Lesson }
  /** Inserted, or replaced when it is there; without a value it is dropped. */
  | { readonly kind: 'annotation'; readonly place: AnnotationPlace; readonly value: Buffer | undefined }
  /** Inserted, or replaced when it is there. */
  | { readonly kind: 'belonging'; readonly row: BelongingRow }
  | { readonly kind: 'belonging-forgotten'; readonly id: number }
  /** Inserted, or replaced when its key is there. */
  | { readonly kind: 'remembered'; readonly memory: Memory }
  | { readonly kind: 'forgotten'; readonly keys: readonly string[] }
  /** After all that there are. */
  | { readonly kind: 'rule-entry'; readonly entry: RuleEntry }
  /** Entries from before are forgotten, and of the others all but the last `most`. */
  | { readonly kind: 'rule-entries-pruned'; readonly beforeMs: number; readonly most: number };

export type RowChangeOf<Kind extends RowChange['kind']> = Extract<RowChange, { readonly kind: Kind }>;

/** One account's changes of one turn; they apply in the order in which they stand. */
export interface AccountBatch {
  readonly account: AccountId;
  /** The modseq of the account row this batch was computed on; 0 creates the account's row. */
  readonly expect: number;
  readonly row: AccountRow;
  readonly changes: readonly RowChange[];
  /**
   * True when losing it in a power cut, never in a crash of the program, is allowed by `store.flags = "delayed"`: nothing
   * but changes of flags, that is of mailboxes and chunks that are there, and what the history says of them.
   */
  readonly deferrable: boolean;
}

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

export interface LoadedAccount {
  readonly row: AccountRow;
  readonly mailboxes: readonly LoadedMailbox[];
  /** By their numbers. */
  readonly scripts: readonly ScriptRow[];
  /** By mailbox and name. */
  readonly annotations: readonly AnnotationRow[];
}

export interface MailStore {
  readonly directory: Directory;
  readonly outgoing: OutgoingStore;

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
  /** The account's rows that still hold records, oldest first, without the first `skip`, at most `limit`. */
  loadUnreleased(
    account: AccountId,
    beforeMs: number,
    limit: number,
    skip?: number,
  ): Promise<readonly HistoryRow[]>;
  /** Accounts with rows that still hold records, or with deleted mailboxes that are not yet empty. */
  loadAccountsToReap(): Promise<readonly AccountId[]>;
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
  /** Deleted mailboxes whose chunks are still there, or rows of their history that hold records. */
  loadBuried(account: AccountId): Promise<readonly MailboxId[]>;
  /** Of the messages with a UID above `after` that have one, ascending, at most `limit`. */
  loadExternalIds(
    account: AccountId,
    mailbox: MailboxId,
    after: number,
    limit: number,
  ): Promise<readonly ExternalId[]>;
  whichImported(account: AccountId, mailbox: MailboxId, keys: readonly Buffer[]): Promise<readonly boolean[]>;

  /** The text of a script; undefined when it is not there. */
  loadScript(account: AccountId, id: number): Promise<Buffer | undefined>;
  /** Values of annotations in the order asked, of what is not there undefined. Keep the sum below a few MB. */
  loadAnnotations(account: AccountId, places: readonly AnnotationPlace[]): Promise<AnnotationValues>;
  /** Those with a number above `after`, ascending, at most `limit`. */
  loadBelongings(account: AccountId, after: number, limit: number): Promise<readonly BelongingRow[]>;
  /** Of emails above `after` (none: 0) of all accounts that are held here, ascending in each part of the store, at most `limit`. */
  loadLessons(after: number, limit: number): Promise<readonly Lesson[]>;
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

/** Who may sign in. Small, read often: implementations may cache, for they are its only writer or follow the one there is. */
export interface Directory {
  /** Domains, aliases and keys. */
  readonly domains: Domains;
  find(address: string): Promise<AccountRecord | undefined>;
  get(id: AccountId): Promise<AccountRecord | undefined>;
  /** Ordered by address. */
  list(): Promise<readonly AccountRecord[]>;
  /** How many credentials of this kind cannot be proven without being sent; asked of every connection. */
  withoutProofKeys(kind: CredentialKind): number;
  /** The one that was made first of those there are. */
  eldest(): Promise<AccountRecord | undefined>;
  /** No account was ever made, not even one that is gone again. */
  isUntouched(): Promise<boolean>;
  /** Each is created or refused by itself (`exists`: an account or an alias has the address); durable when it resolves. */
  create(
    accounts: readonly {
      readonly address: string;
      readonly credentials: readonly NewCredential[];
      readonly quotaBytes?: number;
      readonly quotaMessages?: number;
      readonly createdMs: number;
    }[],
  ): Promise<readonly (AccountRecord | 'exists')[]>;
  /** A value of undefined removes the limit or setting. */
  update(
    id: AccountId,
    change: {
      readonly credentials?: CredentialChange;
      readonly quotaBytes?: number | undefined;
      readonly quotaMessages?: number | undefined;
      readonly settings?: Readonly<Record<string, string | undefined>>;
    },
  ): Promise<AccountRecord | undefined>;
  /** Hides the account at once and remembers it until `forget`: a crash between the two is picked up at the next start. */
  remove(id: AccountId): Promise<void>;
  removing(): Promise<readonly AccountId[]>;
  forget(id: AccountId): Promise<void>;
}
