/**
 * The nouns of the domain and their branded numbers. What a row means is said here once; the store keeps rows, the
 * protocols show them, and neither adds a meaning of its own.
 *
 * An account holds mailboxes, a mailbox holds messages in ascending UID, a message points to an email (the immutable
 * bytes and what was computed from them at delivery), and copies share one email. One counter per account, the
 * modseq, orders every change to any of them (RFC 7162 §3.1).
 */
import type { Brand } from '../../base/brand.ts';
import type { StoredCredential } from './credential.ts';
import type { OwnLimits } from './quota.ts';

export type AccountId = Brand<number, 'AccountId'>;
/** Unique within its account, never reused. */
export type MailboxId = Brand<number, 'MailboxId'>;
/** `account * 2^32 + n`: unique within a shard, below 2^53, ascending with arrival inside an account. */
export type EmailId = Brand<number, 'EmailId'>;
/** 1 .. 2^31-1: some clients keep it in a signed 32-bit integer. */
export type Uid = Brand<number, 'Uid'>;
/** 1 .. n position in what one client has been told. */
export type SeqNum = Brand<number, 'SeqNum'>;
/** Below 2^53 and small: clients keep it in a JavaScript number. */
export type ModSeq = Brand<number, 'ModSeq'>;
export type UidValidity = Brand<number, 'UidValidity'>;

export const asUid = (n: number): Uid => n as Uid;
export const asModSeq = (n: number): ModSeq => n as ModSeq;
export const asMailboxId = (n: number): MailboxId => n as MailboxId;
export const asAccountId = (n: number): AccountId => n as AccountId;
export const asUidValidity = (n: number): UidValidity => n as UidValidity;
export const asSeqNum = (n: number): SeqNum => n as SeqNum;

export const MAX_UID = 0x7fff_ffff;
/** 2^20 accounts a shard times 2^32 emails an account stay below 2^53. */
export const MAX_ACCOUNT_ID = 0xf_ffff;

const EMAILS_PER_ACCOUNT = 0x1_0000_0000;

export const emailId = (account: AccountId, n: number): EmailId =>
  (account * EMAILS_PER_ACCOUNT + n) as EmailId;
export const emailNumber = (id: EmailId): number => id % EMAILS_PER_ACCOUNT;
export const emailAccount = (id: EmailId): AccountId => Math.floor(id / EMAILS_PER_ACCOUNT) as AccountId;

/** Special-use roles (RFC 6154 §2, RFC 9979) that a mailbox can hold; at most one mailbox per role in an account. */
export const ROLES = [
  ...(['archive', 'drafts', 'flagged', 'important', 'junk', 'sent', 'trash', 'all'] as const),
  ...(['memos', 'scheduled', 'snoozed'] as const),
] as const;
export type Role = (typeof ROLES)[number];

/** A person's entry in the directory: who may sign in, and what was said of his room alone (`AccountState.limits` is what counts). */
export interface AccountRecord extends OwnLimits {
  readonly id: AccountId;
  /** Lower-case `local@domain`, NFC. */
  readonly address: string;
  /** In the order in which they were made. */
  readonly credentials: readonly StoredCredential[];
  readonly createdMs: number;
  /** The part of the store that has its mail, chosen when the account is made. Whoever holds that part holds the account. */
  readonly shard: number;
  /** Settings of protocols for this account, by dotted name (`pop3.delete`); unknown names are kept. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Counters of an account's mail. `modseq` is the last number given; the others are the next to give or sums. */
export interface AccountRow {
  readonly modseq: ModSeq;
  readonly nextMailbox: number;
  readonly nextEmail: number;
  readonly nextUidValidity: number;
  /** Sum over the messages of all mailboxes; a copy counts again (RFC 9208 §5.1). */
  readonly usedBytes: number;
  readonly usedMessages: number;
  /** The level of fullness that the owner was told of, while that counts; see `room.ts`. */
  readonly roomTold: number;
  /** Since when mail is refused for want of room, 0 when it is not; and the largest of it. */
  readonly refusedSinceMs: number;
  readonly refusedBytes: number;
  /** No email's facts are older than this version, see `facts.ts`. */
  readonly factsVersion: number;
  /** The history up to this modseq was pruned. */
  readonly historyFloor: ModSeq;
  /** Which emails and mailboxes there were before this modseq is not known, be it for pruning or for damage. */
  readonly changesFloor: ModSeq;
  /** Highest modseq of a change that shows in emails or where they are. */
  readonly emailModseq: ModSeq;
  /** Highest modseq of a change to which mailboxes there are, their names, roles or subscriptions. */
  readonly mailboxModseq: ModSeq;
  /**
   * The first email that may have no thread: the upkeep gives them theirs in the order of their arrival, those that
   * come meanwhile included. 0 when every email has one, and gets it as it comes.
   */
  readonly unthreaded: number;
  /** Subscribed names whose mailbox is gone: a server must not forget what a client has asked for (RFC 9051 §6.3.7). */
  readonly orphanSubscriptions: readonly string[];
}

export interface MailboxRow {
  readonly id: MailboxId;
  /** Canonical UTF-8 NFC, `/` between levels, `INBOX` in capitals. */
  readonly name: string;
  readonly role?: Role;
  readonly uidValidity: UidValidity;
  readonly uidNext: Uid;
  /** Highest modseq of any change to its messages: HIGHESTMODSEQ. */
  readonly modseq: ModSeq;
  readonly createdModseq: ModSeq;
  /** Highest modseq of a change to its name, role or subscription. */
  readonly infoModseq: ModSeq;
  /** Among its neighbours, in programs that do not sort by name: the lower, the earlier. */
  readonly sortOrder: number;
  readonly exists: number;
  readonly unseen: number;
  /** Position (1 .. exists) of the first message without \\Seen; 0 when all are seen. */
  readonly firstUnseen: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly subscribed: boolean;
  /** The subscription came with the mailbox and nobody has asked for it: it goes with the mailbox as well. */
  readonly isSubscribedUnasked: boolean;
  /** First UID no session has been told of as \Recent (RFC 3501 §2.3.2); advisory, written with other changes. */
  readonly recentFrom: Uid;
  /** Expunges up to this modseq may be missing from the history (it was pruned). */
  readonly expungedFloor: ModSeq;
}
