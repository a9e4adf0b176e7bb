/**
 * Notices what changes in the accounts that are held here, for those of their subscriptions that want it. An account is looked at from
 * when it is in memory, before anybody changes it, and as long as it is; looking keeps it there no longer, and only an account in
 * which something has changed is asked for its subscriptions.
 */
import type { Log } from '../../base/log.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { isClosed } from '../../mailbox/model/access.ts';
import { AccountLooks } from '../../mailbox/reading/account-looks.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { isStateOfNone } from '../core/belonging-state.ts';
import type { PushQueue } from './push-queue.ts';
import { isAlive, type Subscription, subscriptionsOf } from './subscription-value.ts';
import { changedStates, type StateSources, statesOf, type TypeStates } from './type-states.ts';

export interface PushesOptions {
  readonly domain: Domain;
  readonly sources: StateSources;
  readonly queue: PushQueue;
  readonly log: Log;
}

export function followAccounts(options: PushesOptions): void {
  const { accounts } = options.domain;
  accounts.onLoaded.add((account) => new AccountPushes(account, options));
  for (const account of accounts.all()) new AccountPushes(account, options);
}

class AccountPushes {
  readonly #account: AccountState;
  readonly #options: PushesOptions;
  #told: TypeStates;
  readonly #firstModseq: number;
  #hasBelongings: boolean;

  constructor(account: AccountState, options: PushesOptions) {
    this.#account = account;
    this.#options = options;
    this.#told = statesOf(options.sources, account, undefined);
    this.#firstModseq = account.modseq;
    this.#hasBelongings = account.belongings !== undefined;
    new AccountLooks(account, {
      look: () => this.#compare(),
      onFailed: (err) => options.log.warn({ err, account: account.id }, 'what changed could not be pushed'),
    });
  }

  async #compare(): Promise<void> {
    const { domain, sources, queue } = this.#options;
    const account = this.#account;
    await loadBelongings(domain, account);
    const now = statesOf(sources, account, undefined);
    // What was taken back is followed by another hint.
    if (!(await isKept(account.unsettled))) return;
    if (!this.#hasBelongings) this.#learnBelongings(now);
    const changed = changedStates(this.#told, now);
    this.#told = now;
    // Whoever has the device is not to be told by it what comes.
    if (isClosed(account.record)) return;
    const nowMs = domain.clock.nowMs();
    const dead: Subscription[] = [];
    for (const one of subscriptionsOf(account)) {
      if (!isAlive(one, account, nowMs)) dead.push(one);
      else if (one.value.isVerified) {
        const wanted = ofTypes(changed, one.value.types);
        if (Object.keys(wanted).length > 0) queue.push(account.id, one.id, wanted);
      }
    }
    if (dead.length > 0) await this.#drop(dead);
  }

  /** States of what was not in memory at first are no change, unless something has changed in it since. */
  #learnBelongings(now: TypeStates): void {
    this.#hasBelongings = true;
    const rows = [...(this.#account.belongings?.values() ?? [])];
    if (rows.some(({ modseq }) => modseq > this.#firstModseq)) return;
    const unknown = Object.entries(this.#told).filter(([, state]) => isStateOfNone(state));
    this.#told = { ...this.#told, ...Object.fromEntries(unknown.map(([type]) => [type, now[type] ?? ''])) };
  }

  async #drop(dead: readonly Subscription[]): Promise<void> {
    const account = this.#account;
    await this.#options.domain.turns.run({
      account,
      run: (change) => {
        for (const { id } of dead)
          if (account.belongings?.get(id)?.value !== undefined) change.belongings.drop(id);
      },
    });
  }
}

function ofTypes(states: TypeStates, types: readonly string[] | undefined): TypeStates {
  if (types === undefined) return states;
  return Object.fromEntries(Object.entries(states).filter(([type]) => types.includes(type)));
}
