/**
 * Mail that waits until its recipient's mailbox has room is tried at once when room is made, and not when its time comes: what came from
 * elsewhere stands in the account itself; which mail of others waits for it is remembered here, for as long as the process lives. What is
 * forgotten comes by its time.
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
  readonly #running = new Set<Promise<void>>();
  readonly #hear = (account: AccountState): void => this.#wake(account);

  constructor(domain: Domain) {
    this.#domain = domain;
    domain.turns.onRoomMade.add(this.#hear);
  }

  /** A message finds no room there. */
  note(account: AccountId, id: OutgoingId): void {
    const ids = this.#waiting.get(account) ?? new Set();
    if (ids.size < MOST_EACH) ids.add(id);
    this.#waiting.set(account, ids);
  }

  async stop(): Promise<void> {
    this.#domain.turns.onRoomMade.delete(this.#hear);
    await Promise.all(this.#running);
  }

  #wake({ id }: AccountState): void {
    const noted = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    const running = this.#retry(id, [...noted])
      .catch((err: unknown) =>
        this.#domain.log.warn({ err, account: id }, 'mail that waits for room is tried when its time comes'),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #retry(account: AccountId, noted: readonly OutgoingId[]): Promise<void> {
    const { outgoing } = this.#domain.store;
    for (let at = 0; at < noted.length; at += PAGE) {
      const found = await outgoing.load(noted.slice(at, at + PAGE));
      await this.#try(found.filter((one) => one !== undefined));
    }
    for (let after = 0; ; ) {
      const page = await outgoing.list(after, PAGE, account);
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
