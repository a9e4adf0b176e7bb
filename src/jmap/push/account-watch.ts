/**
 * Somebody who wants to hear of an account's changes for as long as the connection lasts. A hint of the hub rings, and makes it compare
 * states when it is asked; several hints make one comparison, and after what was told there is a pause, so a thousand changes are four
 * events a second. What is told is durable. It ends when the account sends its people away, or shows them nothing any more.
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
  /** What of the account is watched at this moment; all of it when absent. Undefined: nothing any more. */
  readonly shown?: () => Promise<AccountState | undefined>;
  /** There may be something to tell, or it is over. */
  readonly ring: () => void;
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
      if (options.shown === undefined) await loadBelongings(options.domain, account);
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

  /** Since it was asked last; undefined when nothing has. */
  async changed(): Promise<TypeStates | undefined> {
    if (!this.#isHinted || this.#isOver) return undefined;
    this.#isHinted = false;
    // The log is for those who read what happened; here it is enough that something did.
    this.#follower.readModseq = this.#account.modseq;
    const now = await this.#durable();
    if (this.#isOver) return undefined;
    const changed = changedStates(this.told, now);
    this.told = now;
    return Object.keys(changed).length > 0 ? changed : undefined;
  }

  onEvicted(): void {
    this.stop();
  }

  stop(): void {
    this.#isOver = true;
    this.#follower.close();
    this.#account.listeners.delete(this);
    this.#options.ring();
  }

  #hint(): void {
    this.#isHinted = true;
    this.#options.ring();
  }

  async #durable(): Promise<TypeStates> {
    const { shown, sources, types } = this.#options;
    for (;;) {
      const account = shown === undefined ? this.#account : await shown();
      if (account === undefined) {
        this.stop();
        return {};
      }
      const states = statesOf(sources, account, types);
      if (await isKept(account.unsettled)) return states;
    }
  }
}
