/**
 * Where whoever sends mail hears that there is some. A hint: what is to leave is in the store, and is found there after a crash. And of which
 * messages something became, for whoever tells their senders; and about how many messages there are, which is counted now and then.
 */
import type { Clock } from '../../base/clock.ts';
import type { AccountId } from '../model/model.ts';
import { type OutgoingId, outgoingAccount } from '../model/outgoing.ts';
import type { OutgoingStore } from '../port/outgoing.ts';

/** Counting takes as long as there is mail. */
const COUNT_MS = 60_000;
/** Where there may soon be too many. */
const SHORT_COUNT_MS = 5000;

export class Outbox {
  #hear: (ids: readonly OutgoingId[]) => void = () => {};
  #hearEnds: (ids: readonly OutgoingId[]) => void = () => {};
  #hearRoom: (account: AccountId) => void = () => {};
  /** Messages of which something became since somebody looked, with the number of the time that it was said. */
  readonly #news = new Map<AccountId, Map<OutgoingId, number>>();
  #newsTold = 0;
  #counted = 0;
  #countedMs = Number.NEGATIVE_INFINITY;
  /** Since then. */
  #told = 0;

  /** There is one who listens. */
  listen(hear: (ids: readonly OutgoingId[]) => void): void {
    this.#hear = hear;
  }

  /** And one who keeps what is said of them. */
  listenForEnds(hear: (ids: readonly OutgoingId[]) => void): void {
    this.#hearEnds = hear;
  }

  /** And one who knows which mail waits for room in which account. */
  listenForRoom(hear: (account: AccountId) => void): void {
    this.#hearRoom = hear;
  }

  /** There is room again in an account that another process holds. */
  noteRoom(account: AccountId): void {
    this.#hearRoom(account);
  }

  /** These were ended by somebody, not by an attempt. */
  noteEnded(ids: readonly OutgoingId[]): void {
    this.#hearEnds(ids);
  }

  /** Something became of it, and that is durable. */
  noteNews(id: OutgoingId): void {
    const account = outgoingAccount(id);
    const news = this.#news.get(account) ?? new Map<OutgoingId, number>();
    this.#news.set(account, news.set(id, ++this.#newsTold));
  }

  newsOf(account: AccountId): ReadonlyMap<OutgoingId, number> {
    return new Map(this.#news.get(account));
  }

  /** They were looked at; what was said of them since stays. */
  forgetNews(account: AccountId, looked: ReadonlyMap<OutgoingId, number>): void {
    const news = this.#news.get(account);
    if (news === undefined) return;
    for (const [id, told] of looked) if (news.get(id) === told) news.delete(id);
    if (news.size === 0) this.#news.delete(account);
  }

  /** These came, or are to be looked at anew; they are durable. */
  tell(ids: readonly OutgoingId[]): void {
    this.#told += ids.length;
    if (ids.length > 0) this.#hear(ids);
  }

  /** Whether so many messages wait, as far as was seen in the last minute, or seconds where it is near. */
  async hasReached(
    most: number,
    {
      store,
      clock,
    }: { readonly store: { readonly outgoing: Pick<OutgoingStore, 'measure'> }; readonly clock: Clock },
  ): Promise<boolean> {
    const nowMs = clock.nowMs();
    const isNear = this.#counted + this.#told > most / 2;
    const isOld = Math.abs(nowMs - this.#countedMs) > (isNear ? SHORT_COUNT_MS : COUNT_MS);
    if (isOld) {
      this.#countedMs = nowMs;
      this.#told = 0;
      this.#counted = (await store.outgoing.measure(nowMs)).messages;
    }
    return this.#counted + this.#told >= most;
  }
}
