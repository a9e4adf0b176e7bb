/**
 * Marks what was fetched as \Seen, for accounts that want it: many messages a change, since a client that fetches a
 * thousand would otherwise write a thousand times. Losing the last second of it to a crash means unread mail, no more.
 */
import { FLAG } from '../mail/flags.ts';
import type { Domain } from '../mailbox/domain.ts';
import { changeFlags } from '../mailbox/operations/flags.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';

const DELAY_MS = 1000;
const MAX_WAITING = 500;

export class SeenMarker {
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #mailbox: MailboxState;
  #waiting = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(domain: Domain, account: AccountState, mailbox: MailboxState) {
    this.#domain = domain;
    this.#account = account;
    this.#mailbox = mailbox;
  }

  add(uid: number): void {
    this.#waiting.add(uid);
    if (this.#waiting.size >= MAX_WAITING) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS).unref();
  }

  /** Resolves when all that was added is marked, or could not be: fetching has succeeded either way. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const uids = [...this.#waiting];
    this.#waiting.clear();
    if (uids.length > 0) this.#running = this.#running.then(() => this.#mark(uids));
    return this.#running;
  }

  async #mark(uids: readonly number[]): Promise<void> {
    const change = { mode: 'add', flags: FLAG.Seen, keywords: [] } as const;
    try {
      await changeFlags(this.#domain, this.#account, this.#mailbox, uids, change);
    } catch (err) {
      this.#domain.log.warn({ err }, 'fetched mail could not be marked as seen');
    }
  }
}
