/**
 * Somebody who looks at an account after changes, for whom it is enough that something has changed: a hint is one look, several are one
 * look, and between two looks there is a pause. It looks for as long as the account is in memory, and keeps it there no longer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountState } from '../state/account.ts';
import { Follower } from '../state/follower.ts';

export interface LookOptions {
  /** What it rejects with goes to `onFailed`, and the next hint is looked at again. */
  readonly look: () => Promise<void>;
  readonly onFailed: (error: unknown) => void;
}

/** Between two looks at one account. */
const PAUSE_MS = 250;

export class AccountLooks {
  readonly #account: AccountState;
  readonly #options: LookOptions;
  #follower: Follower;
  #isHinted = false;
  #isLooking = false;

  constructor(account: AccountState, options: LookOptions) {
    this.#account = account;
    this.#options = options;
    this.#follower = this.#follow();
  }

  #follow(): Follower {
    return new Follower(this.#account, {
      onHint: () => this.#hint(),
      // What was read of the log was taken back; whoever looks compares what is durable, so there is nothing to take back here.
      onInvalid: () => {
        this.#follower.close();
        this.#follower = this.#follow();
      },
    });
  }

  #hint(): void {
    this.#follower.readModseq = this.#account.modseq;
    this.#isHinted = true;
    if (!this.#isLooking) void this.#look();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#isHinted) {
        this.#isHinted = false;
        await this.#options.look();
        await sleep(PAUSE_MS, undefined, { ref: false });
      }
    } catch (error) {
      this.#options.onFailed(error);
    } finally {
      this.#isLooking = false;
    }
  }
}
