/**
 * One account in memory: its counters, its mailboxes and the sessions signed in to it. Loaded when somebody needs it,
 * dropped when nobody does.
 *
 * `AccountState` is what everybody may see of it; `WritableAccount` is the same account for those who may change it: a
 * change (`change/account-change.ts`), the turn that makes it durable, and `accounts.ts` for what is not stored.
 */
import { randomBytes } from 'node:crypto';
import { invariant } from '../../base/invariant.ts';
import { type AnnotationRow, annotationKey } from '../model/annotations.ts';
import type { BelongingRow } from '../model/belongings.ts';
import { type Correspondence, SECRET_BYTES } from '../model/correspondents.ts';
import type { AccountId, AccountRecord, AccountRow, MailboxId, ModSeq } from '../model/model.ts';
import { type Limits, limitsIn, ownChoices, type SharedRoom } from '../model/quota.ts';
import type { Rights } from '../model/rights.ts';
import type { ScriptRow } from '../model/rules.ts';
import { type SeenMessages, SeenPages } from '../model/seen.ts';
import type { Person, Shares } from '../model/shares.ts';
import type { LoadedAccount } from '../port/store.ts';
import { type Change, type ChangeLog, WritableChangeLog } from './change-log.ts';
import { type MailboxState, WritableMailbox } from './mailbox.ts';
import { Newcomers, type NewcomersUnderWay } from './newcomers.ts';
import type { Placements, WritablePlacements } from './placements.ts';
import { RecentThreads, type ThreadsUnderWay } from './recent-threads.ts';

/** What an account knows of a signed-in session. */
export interface AccountListener {
  /** The number of what it was signed in with, while which is there it may stay. Absent for what no person signed in to. */
  readonly credential?: number | undefined;
  /** The account is being removed or its sessions are told to go: say `reason` and close. */
  onEvicted(reason: string): void;
  /** A change of this account is in memory and can be seen; it is told to nobody before it is durable. */
  onApplied?(): void;
  /** The last change that was applied is undone, for the store refused it: what was computed from it must not be told. */
  onTakenBack?(): void;
}

/** Who reads the account's log: `follower.ts`. */
export interface AccountReader {
  readonly isOpen: boolean;
  readonly readModseq: ModSeq;
  readonly events: {
    /** Something changed and is durable: a hint. */
    readonly onHint: () => void;
    /** What this one has read was taken back (storage failed), and its modseqs are given anew: it must not go on from there. */
    readonly onInvalid: () => void;
  };
}

/** What has a state of its own for clients. */
export type Shown = 'emails' | 'mailboxes';

/** An account as somebody sees it who is there by leave: `visited-account.ts`. */
export interface Visit {
  /** The account itself. */
  readonly owner: AccountState;
  readonly person: Person;
  /** As they are now. */
  rightsIn(mailbox: MailboxId): Rights;
  /** Whether the messages of this mailbox are to be seen. */
  reads(mailbox: MailboxId): boolean;
  /** Another string when something else is to be seen. */
  leave(shown: Shown): string;
}

/** The account's row can be read as if its numbers were fields of the account. */
export interface AccountState extends AccountRow {
  readonly id: AccountId;
  readonly record: AccountRecord;
  /** What it may have, as it is said now. */
  readonly limits: Limits;
  /** What all accounts of its domain have together, and may have, where that has a limit; as it is now. */
  readonly shared: SharedRoom | undefined;
  readonly mailboxes: ReadonlyMap<MailboxId, MailboxState>;
  readonly byName: ReadonlyMap<string, MailboxState>;
  /** Deleted mailboxes that sessions may still have open. */
  readonly gone: ReadonlySet<MailboxState>;
  /** Where each email is, when somebody has needed it. */
  readonly placements: Placements | undefined;
  /** Every change, while somebody follows the account. */
  readonly log: ChangeLog<Change>;
  /** What was deleted and can be brought back since the account was loaded; more when changes were taken back. */
  readonly deletedBytes: number;
  /** Sessions come and go by themselves. */
  readonly listeners: Set<AccountListener>;
  /** Resolves when everything in memory is durable; undefined when it is. Await it before telling anyone anything. */
  readonly unsettled: Promise<void> | undefined;
  readonly threads: ThreadsUnderWay;
  /** Another value after each change of them. */
  readonly scripts: readonly ScriptRow[];
  /** By `annotationKey`. */
  readonly annotations: ReadonlyMap<string, AnnotationRow>;
  /** Who has which rights in its mailboxes beside its owner. */
  readonly shares: ReadonlyMap<MailboxId, Shares>;
  /** What others have seen of its mailboxes, by who they are. */
  readonly seen: ReadonlyMap<MailboxId, ReadonlyMap<AccountId, SeenMessages>>;
  /** What belongs to it beside its mail, when somebody has needed it; see `belongings.ts`. */
  readonly belongings: ReadonlyMap<number, BelongingRow> | undefined;
  /** What rules remember, and until when, when they have needed it; the oldest first. */
  readonly memories: ReadonlyMap<string, number> | undefined;
  /** Undefined before its first email. */
  readonly correspondence: Correspondence | undefined;
  /** Of keys, while there is no correspondence: then it is the secret of the one to come. */
  readonly newSecret: Buffer;
  readonly newcomers: NewcomersUnderWay;
  /** No more octets than that wait to leave, when somebody has asked; see `queued-octets.ts`. */
  readonly queuedOctets: number | undefined;
  /** Of an account that is shown to somebody who is there by leave. It is for reading: changes are made in the account itself. */
  readonly visit?: Visit;
}

/** What counts of what was said. */
export interface RoomOf {
  readonly limitsOf: (record: AccountRecord) => Limits;
  readonly sharedOf: (record: AccountRecord) => SharedRoom | undefined;
}

/** Without a directory, only what was said of the account. */
const OWN_ALONE: RoomOf = {
  limitsOf: (record) => limitsIn(ownChoices(record)),
  sharedOf: () => undefined,
};

/** So many more rows of history, and it is worth asking how many there are. */
const HISTORY_LOOK = 500;

export class WritableAccount implements AccountState {
  readonly id: AccountId;
  record: AccountRecord;
  /** Taken back as one value. */
  row: { -readonly [K in keyof AccountRow]: AccountRow[K] };
  readonly mailboxes = new Map<MailboxId, WritableMailbox>();
  readonly byName = new Map<string, WritableMailbox>();
  readonly gone = new Set<WritableMailbox>();
  readonly listeners = new Set<AccountListener>();
  readonly followers = new Set<AccountReader>();
  readonly log: WritableChangeLog<Change>;
  placements: WritablePlacements | undefined;
  unsettled: Promise<void> | undefined;
  readonly threads: RecentThreads;
  scripts: readonly ScriptRow[];
  readonly annotations: Map<string, AnnotationRow>;
  readonly shares = new Map<MailboxId, Shares>();
  readonly seen = new Map<MailboxId, Map<AccountId, SeenPages>>();
  belongings: Map<number, BelongingRow> | undefined;
  loadingBelongings: Promise<ReadonlyMap<number, BelongingRow>> | undefined;
  /** What those who read them made of a row; see `belongings.ts`. */
  readonly gists = new WeakMap<BelongingRow, object>();
  memories: Map<string, number> | undefined;
  correspondence: Correspondence | undefined;
  readonly newcomers: Newcomers;
  queuedOctets: number | undefined;
  /** All that came to them since it was loaded. */
  queuedSince = 0;
  /** Lines of the log of rules that were written since it was loaded. */
  ruleEntries = 0;
  /** A load that is under way, shared by all who wait for it. */
  loadingMemories: Promise<ReadonlyMap<string, number>> | undefined;
  /** Operations that were asked for and are not yet answered: the account and its messages stay in memory. */
  operations = 0;
  /** Something was expunged or deleted since the reaper last came by. */
  needsReaping = false;
  lastExpungeMs = 0;
  deletedBytes = 0;
  /** Rows of the history that were made since somebody looked how many there are; an account just loaded is looked at once. */
  historyRows = HISTORY_LOOK;
  lastUsedMs = 0;
  /** What is in memory cannot be relied on: whoever opens the account next gets it from the store. */
  isStale = false;
  #newSecret: Buffer | undefined;

  readonly #roomOf: RoomOf;

  /** For this room, `change/` and `accounts.ts` alone; `tools/layers.ts` sees to it. */
  static of(account: AccountState): WritableAccount {
    invariant(account instanceof WritableAccount, 'there is one kind of account');
    return account;
  }

  constructor(record: AccountRecord, loaded: LoadedAccount, roomOf: RoomOf = OWN_ALONE) {
    const { row, mailboxes, scripts, annotations, correspondence } = loaded;
    this.#roomOf = roomOf;
    this.id = record.id;
    this.scripts = scripts;
    this.annotations = new Map(annotations.map((one) => [annotationKey(one), one]));
    this.record = record;
    this.row = { ...row };
    this.log = new WritableChangeLog(row.modseq);
    this.threads = new RecentThreads(row.modseq);
    this.correspondence = correspondence;
    this.newcomers = new Newcomers(row.modseq);
    for (const mailbox of mailboxes) this.add(new WritableMailbox(mailbox));
    this.#loadShares(loaded);
  }

  #loadShares({ shares = [], seen = [] }: LoadedAccount): void {
    for (const { mailbox, identity, rights } of shares)
      this.shares.set(mailbox, new Map(this.shares.get(mailbox)).set(identity, rights));
    for (const { mailbox, reader, page, bits } of seen) {
      const readers = this.seen.get(mailbox) ?? new Map<AccountId, SeenPages>();
      const pages = readers.get(reader) ?? new SeenPages();
      pages.load(page, bits);
      this.seen.set(mailbox, readers.set(reader, pages));
    }
  }

  get limits(): Limits {
    return this.#roomOf.limitsOf(this.record);
  }
  get shared(): SharedRoom | undefined {
    return this.#roomOf.sharedOf(this.record);
  }
  get modseq(): AccountRow['modseq'] {
    return this.row.modseq;
  }
  get nextMailbox(): number {
    return this.row.nextMailbox;
  }
  get nextEmail(): number {
    return this.row.nextEmail;
  }
  get nextUidValidity(): number {
    return this.row.nextUidValidity;
  }
  get usedBytes(): number {
    return this.row.usedBytes;
  }
  get usedMessages(): number {
    return this.row.usedMessages;
  }
  get roomTold(): number {
    return this.row.roomTold;
  }
  get refusedSinceMs(): number {
    return this.row.refusedSinceMs;
  }
  get refusedBytes(): number {
    return this.row.refusedBytes;
  }
  get factsVersion(): number {
    return this.row.factsVersion;
  }
  get historyFloor(): AccountRow['historyFloor'] {
    return this.row.historyFloor;
  }
  get changesFloor(): AccountRow['changesFloor'] {
    return this.row.changesFloor;
  }
  get emailModseq(): AccountRow['emailModseq'] {
    return this.row.emailModseq;
  }
  get mailboxModseq(): AccountRow['mailboxModseq'] {
    return this.row.mailboxModseq;
  }
  get unthreaded(): number {
    return this.row.unthreaded;
  }
  get orphanSubscriptions(): readonly string[] {
    return this.row.orphanSubscriptions;
  }

  get newSecret(): Buffer {
    this.#newSecret ??= randomBytes(SECRET_BYTES);
    return this.#newSecret;
  }

  get isHistoryDue(): boolean {
    return this.historyRows >= HISTORY_LOOK;
  }

  add(mailbox: WritableMailbox): void {
    this.mailboxes.set(mailbox.id, mailbox);
    this.byName.set(mailbox.name, mailbox);
  }

  drop(mailbox: WritableMailbox): void {
    this.mailboxes.delete(mailbox.id);
    if (this.byName.get(mailbox.name) === mailbox) this.byName.delete(mailbox.name);
  }

  /** The reaper looks once more than it must when the change is taken back. */
  noteExpunge(nowMs: number): void {
    this.needsReaping = true;
    this.lastExpungeMs = nowMs;
  }

  /** Deleted mailboxes are forgotten when the last session has closed them. */
  forgetClosed(): void {
    for (const mailbox of this.gone) if (mailbox.viewers.size === 0) this.gone.delete(mailbox);
  }

  /** Change records that every follower has read serve nobody. */
  trimLog(): void {
    if (!this.log.isDue) return;
    let read = this.modseq;
    for (const { readModseq } of this.followers) if (readModseq < read) read = readModseq;
    this.log.trim(read);
  }

  /** Nothing in memory can be relied on any more: every session is told to go, and the next one loads anew. */
  abandon(reason: string): void {
    this.isStale = true;
    for (const listener of [...this.listeners]) listener.onEvicted(reason);
  }
}
