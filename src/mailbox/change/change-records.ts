/**
 * Writes what a change does into the logs of those who read them: of the mailbox for the sessions that have it open, of the
 * account for those who follow it. Where nobody reads, nothing is kept.
 */
import { NO_MAILBOX } from '../model/annotations.ts';
import { type Author, THE_SERVER } from '../model/author.ts';
import type { MailboxId, ModSeq } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { Change, MailboxChange, MessageChange } from '../state/change-log.ts';
import type { WritableMailbox } from '../state/mailbox.ts';
import type { Undo } from './undo.ts';

type Unsigned<C> = C extends unknown ? Omit<C, 'by'> : never;
type Messages = Pick<MessageChange, 'uids' | 'emails'>;

export class ChangeRecords {
  /** Whose operation is running. */
  by: Author = THE_SERVER;
  /** Something of the account itself was recorded; true also when that was undone, which is a hint for nothing. */
  touchesOwn = false;
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

  /** Before it changes; of one that is made, afterwards. */
  mailbox(kind: MailboxChange['kind'], mailbox: WritableMailbox, modseq: ModSeq): void {
    const { name, role, subscribed, uidValidity } = mailbox.fields;
    this.#follow({ kind, mailbox: mailbox.id, modseq, was: { name, role, subscribed, uidValidity } });
  }

  annotation(mailbox: MailboxId, entry: string, modseq: ModSeq): void {
    this.#follow({ kind: 'annotation', mailbox, entry, modseq });
    this.touchesOwn = true;
  }

  subscription(name: string, modseq: ModSeq): void {
    this.#follow({ kind: 'subscription', mailbox: NO_MAILBOX, name, modseq });
    this.touchesOwn = true;
  }

  #follow(change: Unsigned<Change>): void {
    const { followers, log } = this.#account;
    if (followers.size > 0) this.#undo.did(log.push({ ...change, by: this.by } as Change));
    else log.skip(change.modseq);
  }
}
