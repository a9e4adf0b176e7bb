/** What an administrator can do about how long mail is kept, and about mail that is gone. Each throws `nonexistent` when there is no such account. */
import type { Role } from '../mailbox/model/model.ts';
import type { RetentionRule } from '../mailbox/model/retention.ts';
import type { Recovered } from '../mailbox/operations/recover.ts';
import type { Retention } from '../mailbox/operations/retention.ts';
import type { DeletedFilter, DeletedMail } from '../mailbox/reading/deleted-mail.ts';

export type { DeletedFilter, DeletedMail, Recovered, RetentionRule };

export interface DeletedPage {
  readonly position: number;
  readonly limit: number;
}

export interface RecoverRequest extends DeletedFilter {
  /** Only these, as `listDeleted` has named them. */
  readonly ids?: readonly string[];
}

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
  /** What was deleted and can be brought back. */
  listDeleted(address: string, filter: DeletedFilter, page: DeletedPage): Promise<DeletedMail>;
  /** Throws `over-quota`, `limit`, and says what is back by then. */
  recover(address: string, request: RecoverRequest): Promise<Recovered>;
}
