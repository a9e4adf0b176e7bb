/** What mailboxes were called in the course of some changes of an account, for those who tell them one by one. */
import { ancestors } from '../mail/mailbox-name.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Change, MailboxChange, MailboxFace } from '../mailbox/state/change-log.ts';

export class Renames {
  /** What the mailbox was after each of its changes. */
  readonly #after = new Map<MailboxChange, MailboxFace>();
  /** By operation and the old name. */
  readonly #renamed = new Map<string, MailboxChange>();

  /** `changes` in order, up to now. */
  constructor(account: AccountState, changes: readonly Change[]) {
    const next = new Map<number, MailboxFace>();
    for (let i = changes.length - 1; i >= 0; i--) {
      const change = changes[i] as Change;
      if (!('was' in change)) continue;
      const { mailbox, was } = change;
      const is = next.get(mailbox) ?? account.mailboxes.get(mailbox) ?? was;
      this.#after.set(change, is);
      if (is.name !== was.name) this.#renamed.set(key(change, was.name), change);
      next.set(mailbox, was);
    }
  }

  after(change: MailboxChange): MailboxFace {
    return this.#after.get(change) ?? change.was;
  }

  /** It was renamed with a mailbox above it in one go (RFC 5465 §5.4), of which `isToldOf` holds before or after. */
  isBelowAnother(change: MailboxChange, isToldOf: (one: MailboxFace) => boolean): boolean {
    const { was } = change;
    const is = this.after(change);
    return ancestors(was.name).some((above) => {
      const other = this.#renamed.get(key(change, above));
      if (other === undefined) return false;
      const to = this.after(other);
      return (isToldOf(other.was) || isToldOf(to)) && is.name === to.name + was.name.slice(above.length);
    });
  }
}

function key({ modseq }: MailboxChange, name: string): string {
  return `${modseq} ${name}`;
}
