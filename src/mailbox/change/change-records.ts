/**
 * Writes what a change does into the logs of those who read them: of the mailbox for the sessions that have it open, of the
 * account for those who follow it. Where nobody reads, nothing is kept.
 */
import { type Author, THE_SERVER } from '../model/author.ts';
import type { ModSeq } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { MailboxChange, MessageChange } from '../state/change-log.ts';
import type { WritableMailbox } from '../state/mailbox.ts';
import type { Undo } from './undo.ts';

type Messages = Pick<MessageChange, 'uids' | 'emails'>;

export class ChangeRecords {
  /** Whose operation is running. */
  by: Author = THE_SERVER;
  readonly #account: WritableAccount;
  readonly #undo: Undo;

  constructor(account: WritableAccount, undo: Undo) {
    this.#account = account;
    this.#undo = undo;
  }

  /** `messages` are asked for only when somebody reads. */
  messages(
    mailbox: WritableMailbox,
    kind: MessageChange['kind'],
    modseq: ModSeq,
    messages: () => Messages,
  ): void {
    const isViewed = mailbox.viewers.size > 0;
    const isFollowed = this.#account.followers.size > 0;
    if (!isViewed) mailbox.log.skip(modseq);
    if (!isFollowed) this.#account.log.skip(modseq);
    if (!isViewed && !isFollowed) return;
    const change = { kind, mailbox: mailbox.id, modseq, by: this.by, ...messages() };
    if (isViewed) this.#undo.did(mailbox.log.push(change));
    if (isFollowed) this.#undo.did(this.#account.log.push(change));
  }

  mailbox(kind: MailboxChange['kind'], { id }: WritableMailbox, modseq: ModSeq): void {
    const { followers, log } = this.#account;
    if (followers.size > 0) this.#undo.did(log.push({ kind, mailbox: id, modseq, by: this.by }));
    else log.skip(modseq);
  }
}
