/**
 * Somebody who follows a whole account, whatever happens in which mailbox: it is told when something is durable, and
 * reads in the account's log what. The account keeps the records that it has not read.
 *
 * The log knows what is in memory: nothing of it may be told to anyone before `account.unsettled` has resolved. When the
 * log does not reach back any more, `reading/email-changes.ts` and `reading/mailbox-changes.ts` do.
 */
import type { ModSeq } from '../model/model.ts';
import { type AccountReader, type AccountState, WritableAccount } from './account.ts';

export class Follower implements AccountReader {
  readonly events: AccountReader['events'];
  readonly #account: WritableAccount;
  #readModseq: ModSeq;

  /** From now on; until `close`. */
  constructor(account: AccountState, events: AccountReader['events']) {
    this.#account = WritableAccount.of(account);
    this.events = events;
    this.#readModseq = account.modseq;
    this.#account.followers.add(this);
  }

  get isOpen(): boolean {
    return this.#account.followers.has(this);
  }

  get readModseq(): ModSeq {
    return this.#readModseq;
  }

  set readModseq(modseq: ModSeq) {
    this.#readModseq = modseq;
    this.#account.trimLog();
  }

  close(): void {
    this.#account.followers.delete(this);
    if (this.#account.followers.size === 0) this.#account.log.trim(this.#account.modseq);
  }
}
