/** What an administrator can do about mail on its way out. Each throws `nonexistent` when there is no such account. */
import type { Role } from '../mailbox/model/model.ts';
import type { RetentionRule } from '../mailbox/model/retention.ts';
import type { Retention } from '../mailbox/operations/retention.ts';

export type { RetentionRule };

/** `ms` absent: mail stays. */
export interface MailboxRetention extends Pick<Retention, 'by'> {
  readonly mailbox: string;
  readonly role?: Role;
  readonly ms?: number;
}

export interface KeepingAdmin {
  /** Of all mailboxes, by name. */
  retentionOf(address: string): Promise<readonly MailboxRetention[]>;
  /** Null: as the account has it. Throws `nonexistent`. */
  setRetention(address: string, mailbox: string, rule: RetentionRule | null): Promise<void>;
}
