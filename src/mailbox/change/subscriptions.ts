/**
 * Subscriptions, of mailboxes and of names that have none (decision 12): a name stays subscribed while its mailbox is gone,
 * and the next one of that name takes it over.
 */
import type { WritableAccount } from '../state/account.ts';
import type { MailboxState, WritableMailbox } from '../state/mailbox.ts';

/** Subscribed names without a mailbox that an account keeps; the oldest go. */
const MAX_ORPHANS = 1000;

export class Subscriptions {
  readonly #account: WritableAccount;
  readonly #write: (mailbox: MailboxState) => WritableMailbox;
  readonly #changed: (name: string) => void;

  /** `write` gives a mailbox whose row says of itself that it has changed; `changed` is told of a name without one. */
  constructor(
    account: WritableAccount,
    write: (mailbox: MailboxState) => WritableMailbox,
    changed: (name: string) => void,
  ) {
    this.#account = account;
    this.#write = write;
    this.#changed = changed;
  }

  /** As a client has asked. */
  set(mailbox: MailboxState, isSubscribed: boolean): void {
    if (mailbox.subscribed === isSubscribed && !mailbox.isSubscribedUnasked) return;
    const { fields } = this.#write(mailbox);
    fields.subscribed = isSubscribed;
    fields.isSubscribedUnasked = false;
  }

  /** Of a name without a mailbox. */
  unsubscribeName(name: string): void {
    if (this.#forgetOrphan(name)) this.#changed(name);
  }

  /** Of a name without a mailbox of this account: one of somebody else. */
  subscribeName(name: string): void {
    const { row } = this.#account;
    if (row.orphanSubscriptions.includes(name)) return;
    row.orphanSubscriptions = [...row.orphanSubscriptions, name].slice(-MAX_ORPHANS);
    this.#changed(name);
  }

  /** The mailbox goes; its name stays subscribed if anybody has asked for that. */
  leaveOrphan({ subscribed, isSubscribedUnasked, name }: MailboxState): void {
    if (!subscribed || isSubscribedUnasked) return;
    this.#account.row.orphanSubscriptions = [...this.#account.orphanSubscriptions, name].slice(-MAX_ORPHANS);
  }

  /** From here on the mailbox says so, or nobody could unsubscribe it. */
  takeOverOrphan({ fields }: WritableMailbox): void {
    if (!this.#forgetOrphan(fields.name)) return;
    fields.subscribed = true;
    fields.isSubscribedUnasked = false;
  }

  #forgetOrphan(name: string): boolean {
    const { row } = this.#account;
    if (!row.orphanSubscriptions.includes(name)) return false;
    row.orphanSubscriptions = row.orphanSubscriptions.filter((orphan) => orphan !== name);
    return true;
  }
}
