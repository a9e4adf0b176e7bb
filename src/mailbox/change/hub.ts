/**
 * Tells sessions that something has changed and is durable: those that have a changed mailbox open, and those that follow
 * the account. The one place that does.
 *
 * A call is a hint, so calls for one session melt into one, and their order says nothing; what has happened stands in the
 * logs. They go out in slices: five thousand devices of one account that all wake at once would stop everybody else for
 * most of a second.
 */
import { setImmediate } from 'node:timers';
import type { WritableAccount } from '../state/account.ts';
import type { WritableMailbox } from '../state/mailbox.ts';

/** A session's hold on a mailbox, or on an account. */
interface Told {
  readonly isOpen: boolean;
  readonly events: { readonly onHint: () => void };
}

/** Sessions woken in one turn of the event loop: a few milliseconds of their work. */
const SLICE = 100;

export class Hub {
  /** Those that have not heard yet, first in, first told. */
  readonly #waiting = new Set<Told>();
  #isScheduled = false;

  /**
   * The first slice is told at once. `hasOwn`: what belongs to the account beside its mail has changed. A change that is neither that nor
   * touches a mailbox is nothing that anybody sees.
   */
  tell({ followers }: WritableAccount, mailboxes: ReadonlySet<WritableMailbox>, hasOwn: boolean): void {
    if (mailboxes.size === 0 && !hasOwn) return;
    for (const { viewers } of mailboxes) for (const viewer of viewers) this.#waiting.add(viewer);
    for (const follower of followers) this.#waiting.add(follower);
    if (this.#waiting.size > 0 && !this.#isScheduled) this.#tellSlice();
  }

  #tellSlice(): void {
    this.#isScheduled = false;
    let left = SLICE;
    for (const one of this.#waiting) {
      if (left-- === 0) break;
      this.#waiting.delete(one);
      if (one.isOpen) one.events.onHint();
    }
    if (this.#waiting.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => this.#tellSlice());
  }
}
