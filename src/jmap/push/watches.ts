/**
 * Whoever wants to hear of changes on one connection: of his account, and of those that others share with him, as far as he may see them. Who
 * begins to share with him is heard of with the notice of it, or within half a minute. A connection ends with the account that it is of.
 */
import type { Visits } from '../../identity/visits.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import { loadEverything } from '../../mailbox/query/email-rows.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { accountObjectId } from '../core/account-id.ts';
import { belongingStateOf } from '../core/belonging-state.ts';
import { AccountWatch, type WatchOptions } from './account-watch.ts';
import { SHARED_STATES, type TypeStates } from './type-states.ts';

export interface WatchesOptions extends Pick<WatchOptions, 'sources' | 'types' | 'credential'> {
  readonly domain: Domain;
  readonly visits: Visits;
  readonly record: AccountRecord;
}

/** By the ids of accounts. */
export type ChangedStates = Readonly<Record<string, TypeStates>>;

const OTHERS_MS = 30_000;

export class Watches {
  readonly #options: WatchesOptions;
  readonly #account: AccountState;
  readonly #others = new Map<AccountId, AccountWatch>();
  #own!: AccountWatch;
  #notices = '';
  #lookedMs = 0;
  #isRung = false;
  #wake: (() => void) | undefined;

  private constructor(account: AccountState, options: WatchesOptions) {
    this.#account = account;
    this.#options = options;
  }

  /** Throws MailboxError when what was signed in with is gone. The watcher knows the states of now, and has to `stop` it. */
  static async begin(account: AccountState, options: WatchesOptions): Promise<Watches> {
    const watches = new Watches(account, options);
    const ring = (): void => watches.#ring();
    watches.#own = await AccountWatch.begin(account, { ...options, ring });
    try {
      await watches.#lookForOthers();
      return watches;
    } catch (error) {
      watches.stop();
      throw error;
    }
  }

  get isOver(): boolean {
    return this.#own.isOver;
  }

  /** As the watcher knows it: `Email` of his own account, `a5/Email` of another one. */
  get told(): TypeStates {
    const others = [...this.#others].flatMap(([id, { told }]) =>
      Object.entries(told).map(([type, state]) => [`${accountObjectId(id)}/${type}`, state] as const),
    );
    return { ...this.#own.told, ...Object.fromEntries(others) };
  }

  /** Goes back to what the watcher knew when it was here last. */
  wasTold(states: TypeStates): void {
    const parts = Map.groupBy(Object.entries(states), ([name]) => name.split('/', 1)[0] as string);
    const own = Object.entries(states).filter(([name]) => !name.includes('/'));
    this.#own.wasTold(Object.fromEntries(own));
    for (const [id, watch] of this.#others) {
      const part = parts.get(accountObjectId(id)) ?? [];
      const known = part.map(([name, state]) => [name.slice(name.indexOf('/') + 1), state] as const);
      if (known.length > 0) watch.wasTold(Object.fromEntries(known));
    }
  }

  /** What has changed; undefined when nothing has within this time, or it is over. */
  async next(mostMs: number): Promise<ChangedStates | undefined> {
    const endMs = performance.now() + mostMs;
    while (!this.isOver) {
      this.#isRung = false;
      const changed = await this.#look();
      if (changed !== undefined) return changed;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return undefined;
      if (!this.#isRung && !this.isOver) await this.#sleep(Math.min(leftMs, OTHERS_MS));
    }
    return undefined;
  }

  stop(): void {
    this.#own.stop();
    for (const watch of this.#others.values()) watch.stop();
    this.#others.clear();
    this.#ring();
  }

  async #look(): Promise<ChangedStates | undefined> {
    const changed: Record<string, TypeStates> = {};
    const own = await this.#own.changed();
    if (own !== undefined) changed[accountObjectId(this.#account.id)] = own;
    const isNoticed = belongingStateOf(this.#account, 'share') !== this.#notices;
    if (isNoticed || performance.now() - this.#lookedMs >= OTHERS_MS) await this.#lookForOthers();
    for (const [id, watch] of this.#others) {
      const other = await watch.changed();
      if (watch.isOver) this.#others.delete(id);
      else if (other !== undefined) changed[accountObjectId(id)] = other;
    }
    return Object.keys(changed).length > 0 ? changed : undefined;
  }

  /** Those who share by now, beside the ones that are watched already. */
  async #lookForOthers(): Promise<void> {
    const { domain, types, visits, record } = this.#options;
    this.#notices = belongingStateOf(this.#account, 'share');
    this.#lookedMs = performance.now();
    for (const { id, owner } of await visits.all(record)) {
      if (this.#others.has(id)) continue;
      const shown = async (): Promise<AccountState | undefined> => {
        const visited = await visits.open(record, id);
        if (visited !== undefined) await loadEverything(domain, visited);
        return visited;
      };
      const watch = await AccountWatch.begin(owner, {
        ...{ domain, types, shown, sources: SHARED_STATES, credential: undefined },
        ring: () => this.#ring(),
      });
      if (this.isOver) watch.stop();
      else this.#others.set(id, watch);
    }
  }

  #ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
