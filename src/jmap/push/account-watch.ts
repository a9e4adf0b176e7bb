/**
 * Somebody who wants to hear of an account's changes for as long as the connection lasts. A hint of the hub makes it compare
 * states; several hints make one comparison, and after what was told there is a pause, so a thousand changes are four events a
 * second. What is told is durable. It ends when the account sends its people away.
 */
import type { Domain } from '../../mailbox/domain.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountListener, AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { Follower } from '../../mailbox/state/follower.ts';
import { changedStates, type StateSources, statesOf, type TypeStates } from './type-states.ts';

export interface WatchOptions {
  readonly domain: Pick<Domain, 'accounts' | 'store'>;
  readonly sources: StateSources;
  /** Undefined: all. */
  readonly types: ReadonlySet<string> | undefined;
  /** What was signed in with. */
  readonly credential: number | undefined;
}

/** Between two things that one is told. */
export const PAUSE_MS = 250;

export class AccountWatch implements AccountListener {
  readonly credential: number | undefined;
  /** Of every type that is wanted, as the watcher knows it. */
  told: TypeStates = {};
  readonly #options: WatchOptions;
  readonly #account: AccountState;
  readonly #follower: Follower;
  #isHinted = false;
  #isOver = false;
  #wake: (() => void) | undefined;

  private constructor(account: AccountState, options: WatchOptions) {
    this.credential = options.credential;
    this.#options = options;
    this.#account = account;
    this.#follower = new Follower(account, {
      onHint: () => this.#hint(),
      onInvalid: () => this.stop(),
    });
  }

  /** Throws MailboxError when what was signed in with is gone. The watcher knows the states of now, and has to `stop` it. */
  static async begin(account: AccountState, options: WatchOptions): Promise<AccountWatch> {
    const watch = new AccountWatch(account, options);
    try {
      await loadBelongings(options.domain, account);
      await options.domain.accounts.join(account, watch);
      watch.told = await watch.#durable();
      return watch;
    } catch (error) {
      watch.stop();
      throw error;
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Goes back to what the watcher knew when it was here last. */
  wasTold(states: TypeStates): void {
    this.told = { ...this.told, ...states };
    this.#hint();
  }

  /** What has changed; undefined when nothing has within this time, or it is over. */
  async next(mostMs: number): Promise<TypeStates | undefined> {
    const endMs = performance.now() + mostMs;
    for (;;) {
      while (!this.#isHinted && !this.#isOver) {
        const leftMs = endMs - performance.now();
        if (leftMs <= 0) return undefined;
        await this.#sleep(leftMs);
      }
      if (this.#isOver) return undefined;
      this.#isHinted = false;
      // The log is for those who read what happened; here it is enough that something did.
      this.#follower.readModseq = this.#account.modseq;
      const now = await this.#durable();
      const changed = changedStates(this.told, now);
      this.told = now;
      if (Object.keys(changed).length > 0) return changed;
    }
  }

  onEvicted(): void {
    this.stop();
  }

  stop(): void {
    this.#isOver = true;
    this.#follower.close();
    this.#account.listeners.delete(this);
    this.#wake?.();
  }

  #hint(): void {
    this.#isHinted = true;
    this.#wake?.();
  }

  async #durable(): Promise<TypeStates> {
    for (;;) {
      const states = statesOf(this.#options.sources, this.#account, this.#options.types);
      if (await isKept(this.#account.unsettled)) return states;
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
