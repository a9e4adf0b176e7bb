/**
 * Quota: two limits per account, bytes and messages (RFC 9208 §5.1 STORAGE, §5.2 MESSAGE), usage kept in the same
 * transaction as the mail. Expunging, flagging and moving always work, however full the account is, and so does copying
 * to the Trash, which is how programs without MOVE begin to delete.
 */

import { humanSize } from '../../base/bytes.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountRecord } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';

const RECOVERY_SHARE = 1.1;
/** The reserve of drafts: the larger of the two. */
const DRAFT_SHARE = 0.02;
const DRAFT_BYTES = 1024 * 1024;
const DRAFT_MESSAGES = 10;

export interface QuotaUsage {
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly limitBytes?: number;
  readonly limitMessages?: number;
}

export function quotaOf(account: AccountState): QuotaUsage {
  const { quotaBytes, quotaMessages } = account.record;
  return {
    usedBytes: account.usedBytes,
    usedMessages: account.usedMessages,
    ...(quotaBytes === undefined ? {} : { limitBytes: quotaBytes }),
    ...(quotaMessages === undefined ? {} : { limitMessages: quotaMessages }),
  };
}

/** Throws MailboxError `over-quota` when this much more does not fit. */
export function checkQuota(account: AccountState, bytes: number, messages: number): void {
  const { quotaBytes, quotaMessages } = account.record;
  if (quotaBytes !== undefined && account.usedBytes + bytes > quotaBytes) {
    throw new MailboxError(
      'over-quota',
      `no room for ${humanSize(bytes)}: ${humanSize(account.usedBytes)} of ${humanSize(quotaBytes)} are used; delete mail or ask for more room`,
    );
  }
  if (quotaMessages !== undefined && account.usedMessages + messages > quotaMessages) {
    throw new MailboxError(
      'over-quota',
      `no room for another message: there are ${account.usedMessages} of ${quotaMessages}; delete mail or ask for more room`,
    );
  }
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
  const { quotaBytes = Number.POSITIVE_INFINITY, quotaMessages = Number.POSITIVE_INFINITY } = account.record;
  const isIn =
    mailbox?.role === 'drafts' &&
    account.usedBytes + bytes <= quotaBytes + Math.max(DRAFT_BYTES, quotaBytes * DRAFT_SHARE) &&
    account.usedMessages + messages <= quotaMessages + Math.max(DRAFT_MESSAGES, quotaMessages * DRAFT_SHARE);
  if (!isIn) checkQuota(account, bytes, messages);
}

/**
 * As `checkQuota`, for messages that are copied from one mailbox to another. The Trash may go beyond the quota, up to as
 * much as the quota or as everything outside of it: all mail there is can go there once, and not a second time.
 */
export function checkCopyQuota(
  account: AccountState,
  source: MailboxState,
  target: MailboxState,
  bytes: number,
  messages: number,
): void {
  if (target.role === 'trash' && source !== target) {
    const { quotaBytes = Number.POSITIVE_INFINITY, quotaMessages = Number.POSITIVE_INFINITY } =
      account.record;
    const mostBytes = Math.max(quotaBytes, account.usedBytes - target.bytes);
    const mostMessages = Math.max(quotaMessages, account.usedMessages - target.exists);
    if (target.bytes + bytes <= mostBytes && target.exists + messages <= mostMessages) return;
  }
  checkQuota(account, bytes, messages);
}

/** As `checkQuota`, for mail that comes back: it was here before, so a tenth more is let in. */
export function checkRecoveryQuota(account: AccountState, bytes: number, messages: number): void {
  const { quotaBytes = Number.POSITIVE_INFINITY, quotaMessages = Number.POSITIVE_INFINITY } = account.record;
  const isIn =
    account.usedBytes + bytes <= quotaBytes * RECOVERY_SHARE &&
    account.usedMessages + messages <= quotaMessages * RECOVERY_SHARE;
  if (!isIn) checkQuota(account, bytes, messages);
}

/** Sets or removes (undefined) the limits of an account. */
export async function setQuota(
  domain: Domain,
  record: AccountRecord,
  limits: { readonly quotaBytes?: number | undefined; readonly quotaMessages?: number | undefined },
): Promise<AccountRecord> {
  const updated = await domain.store.directory.update(record.id, limits);
  if (updated === undefined) throw new MailboxError('nonexistent', 'there is no such account');
  domain.accounts.refresh(updated);
  return updated;
}
