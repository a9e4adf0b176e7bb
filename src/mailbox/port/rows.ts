/** What a store keeps, row by row, and what changes in one turn: values of the domain, finished before a store sees them. */
import type { AnnotationPlace } from '../model/annotations.ts';
import type { BelongingRow } from '../model/belongings.ts';
import type { Correspondence, Correspondent } from '../model/correspondents.ts';
import type { ComputedFacts } from '../model/facts.ts';
import type { HistoryKind } from '../model/history.ts';
import type { KeywordRow } from '../model/keywords.ts';
import type { Lesson } from '../model/lessons.ts';
import type { AccountId, AccountRow, EmailId, MailboxId, MailboxRow, ModSeq, Uid } from '../model/model.ts';
import type { OutgoingRecipient, OutgoingRow, RecipientChange } from '../model/outgoing.ts';
import type { Memory, RuleEntry, ScriptRow } from '../model/rules.ts';
import type { SeenRow } from '../model/seen.ts';
import type { ShareRow } from '../model/shares.ts';
import type { EmailThread } from '../model/threads.ts';
import type { StagedBlob } from './staging.ts';

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
  /** With records: they can be brought back, and this is how (`model/deletion.ts`). Absent: nobody will miss them. */
  readonly deletion?: Buffer;
  /** Wall clock of the change, for the grace period of the reaper and the age of the history. */
  readonly atMs: number;
}

/** Where a page of the history by age begins: behind this. */
export type HistoryPlace = Pick<HistoryRow, 'atMs' | 'modseq'>;

/** A deleted mailbox whose messages are still there. */
export interface BuriedMailbox {
  readonly id: MailboxId;
  readonly atMs: number;
  /** How it can be brought back (`model/deletion.ts`). */
  readonly deletion?: Buffer;
}

/** A row of the history without what only its mailbox needs. */
export interface HistoryEntry extends Omit<HistoryRow, 'uids' | 'records' | 'deletion'> {
  /** It still holds records. */
  readonly isHeld: boolean;
}

/** A mailbox's row with its keywords, in the order of their numbers: names, then sets. */
export interface LoadedMailbox extends MailboxRow {
  readonly keywords: readonly KeywordRow[];
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

/** What is remembered of a message that is brought here again and again from a server that goes on changing. */
export interface ImportTrace {
  /** Here. */
  readonly uid: Uid;
  /** A number (32 bits) that its flags and keywords there had when they were last brought here. */
  readonly marks: number;
}

export interface TracedImport extends ImportTrace {
  readonly key: Buffer;
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
  /** Again of one that is deleted: what is known of it. Its chunks stay until the reaper has released what they refer to, its history for as long as any. */
  | { readonly kind: 'mailbox-deleted'; readonly row: BuriedMailbox }
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
  /**
   * An import key to remember (16 octets), so that an interrupted import resumes without duplicates. A trace takes the place of the
   * one that is there; without one, that stays.
   */
  | {
      readonly kind: 'imported';
      readonly mailbox: MailboxId;
      readonly key: Buffer;
      readonly trace?: ImportTrace;
    }
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
  /** As annotations; without rights it is dropped. */
  | ({ readonly kind: 'share' } & ShareRow)
  /** As annotations; without bits it is dropped. */
  | ({ readonly kind: 'seen' } & Omit<SeenRow, 'bits'> & { readonly bits: Buffer | undefined })
  /** Inserted, or replaced when it is there. */
  | { readonly kind: 'belonging'; readonly row: BelongingRow }
  | { readonly kind: 'belonging-forgotten'; readonly id: number }
  /** Inserted, or replaced when it is there. */
  | { readonly kind: 'correspondence'; readonly row: Correspondence }
  /** Each is inserted; of one that is there, what is known becomes more, and only then it is a later one. */
  | { readonly kind: 'correspondents'; readonly rows: readonly Correspondent[] }
  /** Of those who have only been heard of the last so many stay, and so many of the others. */
  | { readonly kind: 'correspondents-pruned'; readonly heard: number; readonly others: number }
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
