/**
 * Quota: three limits per account, of bytes, messages and mailboxes (RFC 9208 §5.1 STORAGE, §5.2 MESSAGE, §5.3 MAILBOX), usage kept in
 * the same transaction as the mail. What counts of what is said of the account, its domain and all is `AccountState.limits`; what all accounts of the domain have together is
 * `AccountState.shared`. Expunging, flagging and moving always work, however full the account is, and so does copying
 * to the Trash, which is how programs without MOVE begin to delete.
 */

import { humanSize } from '../../base/bytes.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountRecord } from '../model/model.ts';
import type { Limits, OwnLimitChanges, Resource } from '../model/quota.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';

/** The reserve of drafts: the larger of the two. */
const DRAFT_SHARE = 0.02;
const DRAFT_BYTES = 1024 * 1024;
const DRAFT_MESSAGES = 10;
const FOR_DRAFTS: Beyond = {
  bytes: (most) => Math.max(DRAFT_BYTES, most * DRAFT_SHARE),
  messages: (most) => Math.max(DRAFT_MESSAGES, most * DRAFT_SHARE),
};
const FOR_TRASH = shareBeyond(1);
const FOR_RECOVERY = shareBeyond(0.1);

/** So many of them may be beyond the quota. */
const VITAL_MAILBOXES = 2;

export interface QuotaUsage {
  readonly used: Readonly<Record<Resource, number>>;
  readonly limits: Limits;
}

type Room = Pick<AccountState, 'usedBytes' | 'usedMessages' | 'mailboxes' | 'limits'>;
type Rooms = Pick<AccountState, 'usedBytes' | 'usedMessages' | 'limits' | 'shared'>;

export function quotaOf({ usedBytes, usedMessages, mailboxes, limits }: Room): QuotaUsage {
  return { used: { bytes: usedBytes, messages: usedMessages, mailboxes: mailboxes.size }, limits };
}

/** So much more does not fit. */
export class OverQuota extends MailboxError {
  readonly bytes: number;

  constructor(message: string, bytes: number) {
    super('over-quota', message);
    this.bytes = bytes;
  }
}

/** Throws `OverQuota` when this much more does not fit, into the account or into what all of its domain have together. */
export function checkQuota(account: Rooms, bytes: number, messages: number): void {
  checkRoom(account, bytes, messages, {
    bytes: (asked, used, most) =>
      new OverQuota(
        `no room for ${humanSize(asked)}: ${used} of ${most} are used; delete mail or ask for more room`,
        asked,
      ),
    messages: (asked, used, most) =>
      new OverQuota(
        `no room for another message: there are ${used} of ${most}; delete mail or ask for more room`,
        asked,
      ),
  });
  const { shared } = account;
  if (shared === undefined) return;
  checkRoom(shared, bytes, messages, {
    bytes: (asked, used, most) =>
      new OverQuota(
        `no room for ${humanSize(asked)}: all accounts of ${shared.domain} use ${used} of ${most}; delete mail, or ask whoever looks after the domain for more room`,
        asked,
      ),
    messages: (asked, used, most) =>
      new OverQuota(
        `no room for another message: all accounts of ${shared.domain} have ${used} of ${most}; delete mail, or ask whoever looks after the domain for more room`,
        asked,
      ),
  });
}

/** `asked`: of octets that are to come. */
interface RoomRefusals {
  bytes(asked: number, used: string, most: string): OverQuota;
  messages(asked: number, used: number, most: number): OverQuota;
}

function checkRoom(
  { usedBytes, usedMessages, limits }: Pick<Rooms, 'usedBytes' | 'usedMessages' | 'limits'>,
  bytes: number,
  messages: number,
  refusals: RoomRefusals,
): void {
  if (limits.bytes !== undefined && usedBytes + bytes > limits.bytes)
    throw refusals.bytes(bytes, humanSize(usedBytes), humanSize(limits.bytes));
  if (limits.messages !== undefined && usedMessages + messages > limits.messages)
    throw refusals.messages(bytes, usedMessages, limits.messages);
}

/** What may be used beyond a limit, of octets and of messages. */
interface Beyond {
  bytes(most: number): number;
  messages(most: number): number;
}

function shareBeyond(share: number): Beyond {
  return { bytes: (most) => most * share, messages: (most) => most * share };
}

/** As `checkQuota`, for what may go beyond the limits as far as that. */
function checkBeyond(account: Rooms, bytes: number, messages: number, beyond: Beyond): void {
  const { shared } = account;
  const rooms = shared === undefined ? [account] : [account, shared];
  const isIn = rooms.every(({ usedBytes, usedMessages, limits }) => {
    const most = { bytes: Number.POSITIVE_INFINITY, messages: Number.POSITIVE_INFINITY, ...limits };
    return (
      usedBytes + bytes <= most.bytes + beyond.bytes(most.bytes) &&
      usedMessages + messages <= most.messages + beyond.messages(most.messages)
    );
  });
  if (!isIn) checkQuota(account, bytes, messages);
}

/** As `checkQuota`, for so many more mailboxes, of which one may be beyond the quota: one that people cannot do without. */
export function checkMailboxQuota({ mailboxes, limits }: Room, more: number, hasVital: boolean): void {
  if (limits.mailboxes === undefined) return;
  // Whoever renames them and makes others in their place does not get more and more; their parents have to have room.
  const beyond = hasVital ? (more === 1 ? VITAL_MAILBOXES : 1) : 0;
  if (mailboxes.size + more <= limits.mailboxes + beyond) return;
  throw new MailboxError(
    'over-quota',
    `no room for another mailbox: there are ${mailboxes.size} of ${limits.mailboxes}; delete one or ask for more`,
  );
}

/**
 * As `checkQuota`, for messages that come into this mailbox: drafts have a small reserve, since what somebody is just writing must not
 * be lost for mail that he has from others.
 */
export function checkArrivalQuota(
  account: AccountState,
  mailbox: Pick<MailboxState, 'role'> | undefined,
  bytes: number,
  messages: number,
): void {
  if (mailbox?.role === 'drafts') checkBeyond(account, bytes, messages, FOR_DRAFTS);
  else checkQuota(account, bytes, messages);
}

/**
 * As `checkQuota`, for a file that a draft may get: what no draft has room for is not worth being sent. Small ones always are, for they may
 * be something else than mail.
 */
export function checkUploadQuota(account: AccountState, bytes: number): void {
  if (bytes > DRAFT_BYTES) checkArrivalQuota(account, { role: 'drafts' }, bytes, 0);
}

/**
 * As `checkQuota`, for messages that are copied from one mailbox to another. Into the Trash they may go beyond the quota, up to twice of
 * it with all that there is: everything can go there once. What was moved out of it again counts like all else, so nobody gets more room
 * by copying and moving in turns. Where a limit was lowered to less than half of what there is, mail is moved there and not copied.
 */
export function checkCopyQuota(
  account: AccountState,
  source: MailboxState,
  target: MailboxState,
  bytes: number,
  messages: number,
): void {
  if (target.role === 'trash' && source !== target) checkBeyond(account, bytes, messages, FOR_TRASH);
  else checkQuota(account, bytes, messages);
}

/** As `checkQuota`, for mail that comes back: it was here before, so a tenth more is let in. */
export function checkRecoveryQuota(account: AccountState, bytes: number, messages: number): void {
  checkBeyond(account, bytes, messages, FOR_RECOVERY);
}

/** What is said of the account, and settings that are about its room; what is undefined is said no more. */
export async function setQuota(
  domain: Domain,
  record: AccountRecord,
  change: OwnLimitChanges,
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<AccountRecord> {
  const updated = await domain.store.directory.update(record.id, { ...change, settings });
  if (updated === undefined) throw new MailboxError('nonexistent', 'there is no such account');
  domain.accounts.refresh(updated);
  return updated;
}
