/** The port for mail that is to leave, on the rows of all accounts. */
import type { AccountId } from '../../mailbox/model/model.ts';
import { type OutgoingId, outgoingAccount, type RecipientChange } from '../../mailbox/model/outgoing.ts';
import type { DuePlace, DueRecipient, OutgoingStore } from '../../mailbox/port/outgoing.ts';
import { Claims } from '../claims.ts';
import type { AccountRows } from './account-rows.ts';

export interface MemoryAccounts {
  /** Throws `closed` behind the end. */
  of(account: AccountId): AccountRows;
  all(): Iterable<AccountRows>;
}

export class MemoryOutgoing implements OutgoingStore {
  readonly #accounts: MemoryAccounts;
  readonly #claims = new Claims();

  constructor(accounts: MemoryAccounts) {
    this.#accounts = accounts;
  }

  async loadDue(untilMs: number, limit: number, after?: DuePlace) {
    const due: DueRecipient[] = [];
    for (const { row, recipients } of this.#all())
      for (const { n, nextMs, state, route, address } of recipients)
        if (nextMs !== undefined && nextMs <= untilMs)
          due.push({ outgoing: row.id, n, nextMs, state, route, address, priority: row.priority ?? 0 });
    due.sort(inOrder);
    const from = after === undefined ? 0 : due.findIndex((one) => inOrder(one, after) > 0);
    return from < 0 ? [] : due.slice(from, from + limit);
  }

  async load(ids: readonly OutgoingId[]) {
    return ids.map((id) => this.#accounts.of(outgoingAccount(id)).outgoing.get(id));
  }

  async list(after: number, limit: number, account?: AccountId) {
    const all = account === undefined ? this.#all() : this.#accounts.of(account).outgoing.all();
    return all.filter(({ row }) => row.id > after).slice(0, limit);
  }

  async countRecipients(account: AccountId, atMost: number) {
    const all = this.#accounts.of(account).outgoing.all();
    return Math.min(
      atMost,
      all.reduce((sum, { recipients }) => sum + recipients.length, 0),
    );
  }

  async countOctets(account: AccountId) {
    const { outgoing, emails } = this.#accounts.of(account);
    return outgoing.all().reduce((sum, { row }) => sum + (emails.get(row.email)?.sizeBytes ?? 0), 0);
  }

  async measure(nowMs: number) {
    const all = this.#all();
    const recipients = all.flatMap((one) => one.recipients);
    return {
      messages: all.length,
      due: recipients.filter(({ nextMs }) => nextMs !== undefined && nextMs <= nowMs).length,
      held: recipients.filter(({ nextMs }) => nextMs === undefined).length,
      oldestMs: all.length === 0 ? undefined : Math.min(...all.map(({ row }) => row.createdMs)),
    };
  }

  async claim(ids: readonly OutgoingId[], owner: string, untilMs: number) {
    return this.#claims.take(ids, owner, untilMs);
  }

  giveBack(ids: readonly OutgoingId[], owner: string) {
    this.#claims.giveBack(ids, owner);
  }

  async settle(changes: readonly RecipientChange[]) {
    return changes.map((change) => this.#accounts.of(outgoingAccount(change.outgoing)).settle(change));
  }

  async loadLog(outgoing: OutgoingId, limit: number) {
    const { log } = this.#accounts.of(outgoingAccount(outgoing)).outgoing;
    return log.filter((entry) => entry.outgoing === outgoing).slice(-limit);
  }

  async pruneLog(beforeMs: number, limit: number) {
    let pruned = 0;
    for (const { outgoing } of this.#accounts.all()) {
      while (pruned < limit && (outgoing.log[0]?.atMs ?? beforeMs) < beforeMs) {
        outgoing.log.shift();
        pruned++;
      }
    }
    return pruned;
  }

  #all() {
    const all = [...this.#accounts.all()].flatMap(({ outgoing }) => outgoing.all());
    return all.sort((a, b) => a.row.id - b.row.id);
  }
}

function inOrder(a: DuePlace, b: DuePlace): number {
  return a.nextMs - b.nextMs || a.outgoing - b.outgoing || a.n - b.n;
}
