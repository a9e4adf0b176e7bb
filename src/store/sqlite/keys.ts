/** How two numbers of the port become one key of the database. */
import type { AccountId, MailboxId } from '../../mailbox/model/model.ts';

const PER_ACCOUNT = 0x1_0000_0000;

/** `account * 2^32 + mailbox`: the rows of an account are one range. */
export const mailboxKey = (account: AccountId, mailbox: MailboxId): number => account * PER_ACCOUNT + mailbox;
export const accountOfKey = (key: number): AccountId => Math.floor(key / PER_ACCOUNT) as AccountId;
export const mailboxOfKey = (key: number): MailboxId => (key % PER_ACCOUNT) as MailboxId;

/** First and last key (inclusive) of the emails or mailboxes of an account. */
export const accountRange = (account: AccountId): readonly [number, number] => [
  account * PER_ACCOUNT,
  account * PER_ACCOUNT + PER_ACCOUNT - 1,
];

/** In the `kind` of a keyword's row. */
export const KEYWORD_KINDS = Object.freeze({ name: 0, set: 1 });
