/**
 * Keeps what is known of the places of emails in step with a change, and takes it back with it. Nothing happens where nobody
 * has asked for places.
 */
import { FLAG } from '../../mail/flags.ts';
import type { MailboxId } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { FlagColumns, MessageList } from '../state/message-list.ts';
import type { Undo } from './undo.ts';

/** A message, as far as its place goes. */
interface Message {
  readonly email: number;
  readonly uid: number;
  readonly flags: number;
}

/** More than this goes with a mailbox, and places are looked up anew when somebody asks again. */
const MOST_AT_ONCE = 10_000;

export class PlaceChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;

  constructor(account: WritableAccount, undo: Undo) {
    this.#account = account;
    this.#undo = undo;
  }

  added({ id }: MailboxState, messages: () => readonly Message[]): void {
    if (!this.#isAsked()) return;
    const all = messages();
    this.#add(id, all);
    this.#undo.did(() => this.#remove(id, all));
  }

  removed({ id }: MailboxState, messages: readonly Message[]): void {
    if (!this.#isAsked()) return;
    this.#remove(id, messages);
    this.#undo.did(() => this.#add(id, messages));
  }

  /** Before the list gets these flags. */
  flagged({ id }: MailboxState, { columns }: MessageList, { rows, flags }: FlagColumns): void {
    if (!this.#isAsked()) return;
    const changed: Message[] = [];
    rows.forEach((row, i) => {
      const to = flags[i] as number;
      if ((((columns.flags[row] as number) ^ to) & FLAG.Deleted) === 0) return;
      changed.push({ email: columns.email[row] as number, uid: columns.uid[row] as number, flags: to });
    });
    this.#hide(id, changed, 0);
    this.#undo.did(() => this.#hide(id, changed, FLAG.Deleted));
  }

  mailboxGone(mailbox: MailboxState): void {
    const { list, exists } = mailbox;
    if (exists === 0 || !this.#isAsked()) return;
    if (list !== undefined && exists <= MOST_AT_ONCE) {
      this.removed(mailbox, messagesIn(list));
      return;
    }
    this.#forget();
    this.#undo.did(() => this.#forget());
  }

  /** Whoever asks between the change and its end finds it done, and must not when it is undone. */
  #isAsked(): boolean {
    if (this.#account.placements !== undefined) return true;
    this.#undo.did(() => this.#forget());
    return false;
  }

  #forget(): void {
    this.#account.placements = undefined;
  }

  #add(mailbox: MailboxId, messages: readonly Message[]): void {
    const { placements } = this.#account;
    for (const { email, uid, flags } of messages) {
      if (placements?.knows(mailbox, uid)) placements.add(email, { mailbox, uid, isHidden: isHidden(flags) });
    }
  }

  #remove(mailbox: MailboxId, messages: readonly Message[]): void {
    const { placements } = this.#account;
    for (const { email, uid } of messages) {
      if (placements?.knows(mailbox, uid)) placements.remove(email, mailbox, uid);
    }
  }

  #hide(mailbox: MailboxId, messages: readonly Message[], inverse: number): void {
    const { placements } = this.#account;
    for (const { email, uid, flags } of messages) {
      if (!placements?.knows(mailbox, uid)) continue;
      placements.hide(email, { mailbox, uid, isHidden: isHidden(flags ^ inverse) });
    }
  }
}

function isHidden(flags: number): boolean {
  return (flags & FLAG.Deleted) !== 0;
}

function messagesIn({ columns, count }: MessageList): readonly Message[] {
  return Array.from({ length: count }, (_, row) => ({
    email: columns.email[row] as number,
    uid: columns.uid[row] as number,
    flags: columns.flags[row] as number,
  }));
}
