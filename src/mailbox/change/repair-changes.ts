/** The verbs of a change by which the checker puts right what does not agree. */
import { asModSeq, type ModSeq } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { MailboxState, WritableMailbox } from '../state/mailbox.ts';
import { sumsOf } from '../state/message-sums.ts';
import type { HistoryChanges } from './history-changes.ts';

/** The change that these verbs are part of. */
interface Whole {
  readonly history: HistoryChanges;
  readonly write: (mailbox: MailboxState) => WritableMailbox;
  readonly takeModseq: () => ModSeq;
  /** Above the account's, whatever the operation had. */
  readonly nextModseq: () => ModSeq;
}

export class RepairChanges {
  readonly #account: WritableAccount;
  readonly #to: Whole;

  constructor(account: WritableAccount, to: Whole) {
    this.#account = account;
    this.#to = to;
  }

  /** Counters become what the loaded messages add up to. */
  recount(mailbox: MailboxState): void {
    const target = this.#to.write(mailbox);
    Object.assign(target.fields, sumsOf(target.whole));
    // Messages that damage took left no trace.
    this.#to.history.unknown();
  }

  /** UIDNEXT above every UID, the account's modseq and the mailbox's above every message's. */
  raiseMarks(mailbox: MailboxState): void {
    const target = this.#to.write(mailbox);
    const { columns, count } = target.whole;
    let highest = this.#account.modseq as number;
    for (let row = 0; row < count; row++) highest = Math.max(highest, columns.modseq[row] as number);
    this.#account.row.modseq = asModSeq(highest);
    target.fields.uidNext = Math.max(target.uidNext, ((columns.uid[count - 1] ?? 0) as number) + 1);
    target.fields.modseq = this.#to.nextModseq();
    this.#account.row.mailboxModseq = target.modseq;
  }

  /** The account's usage becomes the sum of its mailboxes'. */
  recountUsage(): void {
    this.#to.takeModseq();
    const mailboxes = [...this.#account.mailboxes.values()];
    this.#account.row.usedBytes = mailboxes.reduce((sum, mailbox) => sum + mailbox.bytes, 0);
    this.#account.row.usedMessages = mailboxes.reduce((sum, mailbox) => sum + mailbox.exists, 0);
  }
}
