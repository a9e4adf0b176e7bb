/**
 * One account in memory: its counters, its mailboxes and the sessions signed in to it. Loaded when somebody needs it,
 * dropped when nobody does. Only `AccountChange` writes to it.
 */

import type { AccountId, AccountRecord, AccountRow, MailboxId, MailboxRow, ModSeq } from '../model/model.ts';
import { MailboxState } from './mailbox.ts';

/** What an account knows of a signed-in session. */
export interface AccountListener {
  /** Mailboxes were created, renamed, deleted or (un)subscribed, or counters of any of them moved; durable. */
  onAccountChange(mailboxes: readonly MailboxId[]): void;
  /** The account is being removed or its sessions are told to go: say `reason` and close. */
  onEvicted(reason: string): void;
}

export class AccountState {
  readonly id: AccountId;
  record: AccountRecord;
  modseq: ModSeq;
  nextMailbox: number;
  nextEmail: number;
  nextUidValidity: number;
  usedBytes: number;
  usedMessages: number;
  orphanSubscriptions: readonly string[];
  readonly mailboxes = new Map<MailboxId, MailboxState>();
  readonly byName = new Map<string, MailboxState>();
  readonly listeners = new Set<AccountListener>();
  /** Resolves when everything in memory is durable; undefined when it is. Await it before telling anyone anything. */
  unsettled: Promise<void> | undefined;
  /** Deleted mailboxes that sessions may still have open. */
  readonly gone = new Set<MailboxState>();
  /** Something was expunged or deleted since the reaper last came by. */
  needsReaping = false;
  lastExpungeMs = 0;
  lastUsedMs = 0;
  /** The store has it otherwise: whoever opens the account next gets it from there. */
  isStale = false;

  constructor(record: AccountRecord, row: AccountRow, mailboxes: readonly MailboxRow[]) {
    this.id = record.id;
    this.record = record;
    this.modseq = row.modseq;
    this.nextMailbox = row.nextMailbox;
    this.nextEmail = row.nextEmail;
    this.nextUidValidity = row.nextUidValidity;
    this.usedBytes = row.usedBytes;
    this.usedMessages = row.usedMessages;
    this.orphanSubscriptions = row.orphanSubscriptions;
    for (const mailbox of mailboxes) this.add(new MailboxState(mailbox));
  }

  add(mailbox: MailboxState): void {
    this.mailboxes.set(mailbox.id, mailbox);
    this.byName.set(mailbox.name, mailbox);
  }

  drop(mailbox: MailboxState): void {
    this.mailboxes.delete(mailbox.id);
    if (this.byName.get(mailbox.name) === mailbox) this.byName.delete(mailbox.name);
  }

  toRow(): AccountRow {
    return {
      modseq: this.modseq,
      nextMailbox: this.nextMailbox,
      nextEmail: this.nextEmail,
      nextUidValidity: this.nextUidValidity,
      usedBytes: this.usedBytes,
      usedMessages: this.usedMessages,
      orphanSubscriptions: this.orphanSubscriptions,
    };
  }

  snapshot(): () => void {
    const { modseq, nextMailbox, nextEmail, nextUidValidity, usedBytes, usedMessages } = this;
    const { orphanSubscriptions } = this;
    const saved = { modseq, nextMailbox, nextEmail, nextUidValidity, usedBytes, usedMessages };
    return () => Object.assign(this, saved, { orphanSubscriptions });
  }
}
