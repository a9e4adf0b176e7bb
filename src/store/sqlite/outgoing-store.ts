/** Mail that is to leave, of all shards that are here: calls go to the shard of the account, answers come in one order. */
import type { AccountId } from '../../mailbox/model/model.ts';
import { type OutgoingId, outgoingAccount, type RecipientChange } from '../../mailbox/model/outgoing.ts';
import type { DuePlace, DueRecipient, OutgoingCounts, OutgoingStore } from '../../mailbox/port/outgoing.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import { Claims } from '../claims.ts';
import type { Has, OutgoingRows } from './outgoing.ts';

export interface ShardRouting {
  /** Those that are here, with a test whether an account belongs to one: an interrupted move leaves rows behind. */
  shards(): Iterable<{ readonly rows: OutgoingRows; readonly has: Has }>;
  /** Throws `fenced` for an account that is not here, `closed` behind the end. */
  of(account: AccountId): OutgoingRows;
}

export class SqliteOutgoing implements OutgoingStore {
  readonly #routing: ShardRouting;
  readonly #claims = new Claims();

  constructor(routing: ShardRouting) {
    this.#routing = routing;
  }

  async loadDue(untilMs: number, limit: number, after?: DuePlace) {
    const found: DueRecipient[] = [];
    for (const { rows, has } of this.#routing.shards()) {
      for (const one of await rows.due(untilMs, limit, after, has)) found.push(one);
    }
    found.sort((a, b) => a.nextMs - b.nextMs || a.outgoing - b.outgoing || a.n - b.n);
    return found.slice(0, limit);
  }

  async load(ids: readonly OutgoingId[]) {
    return ids.map((id) => this.#routing.of(outgoingAccount(id)).load(id));
  }

  async list(after: number, limit: number, account?: AccountId) {
    if (account !== undefined) {
      const rows = this.#routing.of(account);
      return present(rows.list(after, limit, account).map((id) => rows.load(id)));
    }
    const ids: OutgoingId[] = [];
    for (const { rows, has } of this.#routing.shards())
      for (const id of await rows.listAll(after, limit, has)) ids.push(id);
    ids.sort((a, b) => a - b);
    return present(await this.load(ids.slice(0, limit)));
  }

  async countRecipients(account: AccountId, atMost: number) {
    return this.#routing.of(account).countRecipients(account, atMost);
  }

  async countOctets(account: AccountId) {
    return this.#routing.of(account).countOctets(account);
  }

  async measure(nowMs: number) {
    const all = [...this.#routing.shards()].map(({ rows }) => rows.measure(nowMs));
    return all.reduce(sum, { messages: 0, due: 0, held: 0, oldestMs: undefined });
  }

  async claim(ids: readonly OutgoingId[], owner: string, untilMs: number) {
    return this.#claims.take(ids, owner, untilMs);
  }

  giveBack(ids: readonly OutgoingId[], owner: string) {
    this.#claims.giveBack(ids, owner);
  }

  async settle(changes: readonly RecipientChange[]) {
    const outcomes = new Array<boolean | StoreError>(changes.length).fill(false);
    const shards = changes.map(({ outgoing }) => this.#shardOf(outgoingAccount(outgoing)));
    const byShard = Map.groupBy(changes.keys(), (i) => shards[i] as OutgoingRows | StoreError);
    const settled = [...byShard].map(async ([rows, indexes]) => {
      if (rows instanceof StoreError) {
        for (const i of indexes) outcomes[i] = rows;
        return;
      }
      const some = await rows.settle(indexes.map((i) => changes[i] as RecipientChange));
      indexes.forEach((i, at) => {
        outcomes[i] = some[at] as boolean | StoreError;
      });
    });
    await Promise.all(settled);
    return outcomes;
  }

  /** An account that is not here is its own changes' trouble and nobody else's. */
  #shardOf(account: AccountId): OutgoingRows | StoreError {
    try {
      return this.#routing.of(account);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'fenced') return error;
      throw error;
    }
  }

  async loadLog(outgoing: OutgoingId, limit: number) {
    return this.#routing.of(outgoingAccount(outgoing)).log(outgoing, limit);
  }

  async pruneLog(beforeMs: number, limit: number) {
    let pruned = 0;
    for (const { rows } of this.#routing.shards())
      if (pruned < limit) pruned += await rows.pruneLog(beforeMs, limit - pruned);
    return pruned;
  }
}

function present<T>(found: readonly (T | undefined)[]): readonly T[] {
  return found.filter((one) => one !== undefined);
}

function sum(a: OutgoingCounts, b: OutgoingCounts): OutgoingCounts {
  const oldest = [a.oldestMs, b.oldestMs].filter((ms) => ms !== undefined);
  return {
    messages: a.messages + b.messages,
    due: a.due + b.due,
    held: a.held + b.held,
    oldestMs: oldest.length === 0 ? undefined : Math.min(...oldest),
  };
}
