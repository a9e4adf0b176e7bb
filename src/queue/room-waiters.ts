/**
 * Mail that waits until its recipient's mailbox has room is tried at once when room is made, and not when its time comes: what came from
 * elsewhere stands in the account itself; which mail of others waits for it is remembered here, for as long as the process lives. Of an
 * account that another process holds that one says so. What is forgotten, and what nobody was told of, comes by its time.
 */
import { LruMap } from '../base/lru.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import type { Outgoing, OutgoingId, RecipientChange } from '../mailbox/model/outgoing.ts';
import type { AccountState } from '../mailbox/state/account.ts';

const MOST_ACCOUNTS = 10_000;
const MOST_EACH = 1000;
const PAGE = 100;

export class RoomWaiters {
  readonly #domain: Domain;
  readonly #waiting = new LruMap<AccountId, Set<OutgoingId>>(MOST_ACCOUNTS);
  /** Those of which it is not written down yet that they wait; true once there is room. */
  readonly #unsettled = new Map<OutgoingId, boolean>();
  readonly #running = new Set<Promise<void>>();
  readonly #hear = ({ id }: AccountState): void => this.#wake(id);

  constructor(domain: Domain) {
    this.#domain = domain;
    domain.turns.onRoomMade.add(this.#hear);
    domain.turns.outbox.listenForRoom((account) => this.#wake(account));
  }

  /** A message finds no room there. `settled` is to be called when what becomes of it is durable. */
  note(account: AccountId, id: OutgoingId): void {
    const ids = this.#waiting.get(account) ?? new Set();
    if (ids.size < MOST_EACH) ids.add(id);
    this.#waiting.set(account, ids);
    if (!this.#unsettled.has(id)) this.#unsettled.set(id, false);
  }

  /** Whose time of the next try is written down by now, if there is one. */
  settled(id: OutgoingId): void {
    const hasRoom = this.#unsettled.get(id);
    this.#unsettled.delete(id);
    if (hasRoom === true) this.#run(id, () => this.#retry([id]));
  }

  async stop(): Promise<void> {
    this.#domain.turns.onRoomMade.delete(this.#hear);
    this.#domain.turns.outbox.listenForRoom(() => {});
    await Promise.all(this.#running);
  }

  #wake(account: AccountId): void {
    const noted = [...(this.#waiting.get(account) ?? [])];
    this.#waiting.delete(account);
    // What an attempt that is under way writes down would take the time back that is given here.
    for (const id of noted) if (this.#unsettled.has(id)) this.#unsettled.set(id, true);
    const isHere = this.#domain.placement.locate(account).kind === 'here';
    if (noted.length === 0 && !isHere) return;
    this.#run(account, async () => {
      await this.#retry(noted);
      if (isHere) await this.#retryOwn(account);
    });
  }

  #run(about: AccountId | OutgoingId, act: () => Promise<void>): void {
    const running = act()
      .catch((err: unknown) =>
        this.#domain.log.warn({ err, about }, 'mail that waits for room is tried when its time comes'),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #retry(noted: readonly OutgoingId[]): Promise<void> {
    const { outgoing } = this.#domain.store;
    for (let at = 0; at < noted.length; at += PAGE) {
      const found = await outgoing.load(noted.slice(at, at + PAGE));
      await this.#try(found.filter((one) => one !== undefined));
    }
  }

  async #retryOwn(account: AccountId): Promise<void> {
    for (let after = 0; ; ) {
      const page = await this.#domain.store.outgoing.list(after, PAGE, account);
      await this.#try(page);
      after = page.at(-1)?.row.id ?? 0;
      if (page.length < PAGE) return;
    }
  }

  /** What goes elsewhere waits for something else. */
  async #try(messages: readonly Outgoing[]): Promise<void> {
    const { store, turns, clock } = this.#domain;
    const nowMs = clock.nowMs();
    const changes = messages.flatMap(({ row, recipients }): RecipientChange[] =>
      recipients
        .filter(({ route, state, attempts }) => route !== 'remote' && state === 'waiting' && attempts > 0)
        .map(({ n }) => ({ outgoing: row.id, n, when: ['waiting'], become: { nextMs: nowMs } })),
    );
    if (changes.length === 0) return;
    await store.outgoing.settle(changes);
    turns.outbox.tell([...new Set(changes.map(({ outgoing }) => outgoing))]);
  }
}
