/**
 * Tells sessions that something has changed and is durable: those that have a changed mailbox open, and those that are
 * signed in to the account. The one place that does.
 *
 * A call is a hint, so calls for one session melt into one, and their order says nothing. They go out in slices: five
 * thousand devices of one account that all wake at once would stop everybody else for most of a second.
 */
import { setImmediate } from 'node:timers';
import type { MailboxId } from '../model/model.ts';
import type { AccountListener, WritableAccount } from '../state/account.ts';
import type { Viewer, WritableMailbox } from '../state/mailbox.ts';

/** Sessions woken in one turn of the event loop: a few milliseconds of their work. */
const SLICE = 100;

export class Hub {
  /** Sessions that have not heard yet, first in, first told. */
  readonly #viewers = new Set<Viewer>();
  readonly #listeners = new Map<AccountListener, { account: WritableAccount; mailboxes: Set<MailboxId> }>();
  #isScheduled = false;

  /** The first slice is told at once. */
  tell(account: WritableAccount, mailboxes: Iterable<WritableMailbox>): void {
    const changed = [...mailboxes];
    if (changed.length === 0) return;
    for (const { viewers } of changed) for (const viewer of viewers) this.#viewers.add(viewer);
    for (const listener of account.listeners) {
      const known = this.#listeners.get(listener);
      const ids = known?.mailboxes ?? new Set<MailboxId>();
      for (const { id } of changed) ids.add(id);
      if (known === undefined) this.#listeners.set(listener, { account, mailboxes: ids });
    }
    if (!this.#isScheduled) this.#tellSlice();
  }

  #tellSlice(): void {
    this.#isScheduled = false;
    let left = SLICE;
    for (const viewer of this.#viewers) {
      if (left-- === 0) break;
      this.#viewers.delete(viewer);
      if (viewer.isOpen) viewer.events.onHint();
    }
    for (const [listener, { account, mailboxes }] of this.#listeners) {
      if (left-- <= 0) break;
      this.#listeners.delete(listener);
      if (account.listeners.has(listener)) listener.onAccountChange([...mailboxes]);
    }
    if (this.#viewers.size === 0 && this.#listeners.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => this.#tellSlice());
  }
}
