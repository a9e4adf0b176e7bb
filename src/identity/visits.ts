/**
 * Accounts of others as somebody sees them with whom they share mailboxes. What shares nothing with him is not opened for his asking, so
 * neither the answer nor the time tells it from what does not exist.
 */
import type { Clock } from '../base/clock.ts';
import type { Accounts } from '../mailbox/accounts.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import type { Person } from '../mailbox/model/shares.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { VisitedAccount } from '../mailbox/state/visited-account.ts';
import type { Sharing } from './sharing.ts';

/** What others share may be told so much later where it is only told that something is other. */
const LATELY_MS = 1000;

export interface VisitsOptions {
  readonly accounts: Pick<Accounts, 'open' | 'peek'>;
  readonly clock: Clock;
}

export class Visits {
  readonly #sharing: Sharing;
  readonly #accounts: Pick<Accounts, 'open' | 'peek'>;
  /** While they say what is true they are kept: lists that were made for them are found again. */
  readonly #kept = new WeakMap<AccountState, Map<AccountId, VisitedAccount>>();

  /** The oldest first. */
  readonly #lately = new Map<
    AccountId,
    { readonly atMs: number; readonly visited: readonly VisitedAccount[] }
  >();
  readonly #clock: Clock;

  constructor(sharing: Sharing, { accounts, clock }: VisitsOptions) {
    this.#sharing = sharing;
    this.#accounts = accounts;
    this.#clock = clock;
  }

  /** All that he may see something of, by address. */
  async all(visitor: AccountRecord): Promise<readonly VisitedAccount[]> {
    const person = await this.#sharing.personOf(visitor);
    const visited: VisitedAccount[] = [];
    for (const record of await this.#sharing.sharersWith(person, visitor)) {
      const one = await this.#open(person, record);
      if (one !== undefined) visited.push(one);
    }
    this.#lately.delete(visitor.id);
    this.#lately.set(visitor.id, { atMs: this.#clock.nowMs(), visited });
    return visited;
  }

  /** As `all`, of a moment ago at most: for what is said with every answer. */
  async lately(visitor: AccountRecord): Promise<readonly VisitedAccount[]> {
    const nowMs = this.#clock.nowMs();
    const known = this.#lately.get(visitor.id);
    if (known !== undefined && nowMs - known.atMs < LATELY_MS) return known.visited;
    for (const [id, { atMs }] of this.#lately) {
      if (nowMs - atMs < LATELY_MS) break;
      this.#lately.delete(id);
    }
    return this.all(visitor);
  }

  /** Undefined when there is no such account, or nothing of it is for him. */
  async open(visitor: AccountRecord, owner: AccountId): Promise<VisitedAccount | undefined> {
    const person = await this.#sharing.personOf(visitor);
    const sharers = await this.#sharing.sharersWith(person, visitor);
    const record = sharers.find(({ id }) => id === owner);
    return record && this.#open(person, record);
  }

  /** Whether all that was seen of these may still be seen; of others than `VisitedAccount` that is no question. */
  async areStillTrue(visitor: AccountRecord, accounts: readonly AccountState[]): Promise<boolean> {
    const all = accounts.filter((one) => one instanceof VisitedAccount);
    if (all.length === 0) return true;
    const person = await this.#sharing.personOf(visitor);
    return all.every(
      (one) =>
        this.#accounts.peek(one.id) === one.owner && !isClosed(one.owner.record) && one.isStillTrue(person),
    );
  }

  async #open(person: Person, record: AccountRecord): Promise<VisitedAccount | undefined> {
    // His own says what he is subscribed to.
    await this.#accounts.open(person.id);
    const owner = await this.#accounts.open(record.id).catch((error: unknown) => {
      if (error instanceof MailboxError && error.code === 'nonexistent') return undefined;
      throw error;
    });
    if (owner === undefined || isClosed(owner.record)) return undefined;
    const ofOwner = this.#kept.get(owner) ?? new Map<AccountId, VisitedAccount>();
    this.#kept.set(owner, ofOwner);
    const kept = ofOwner.get(person.id);
    const subscribed = (): readonly string[] => this.#accounts.peek(person.id)?.orphanSubscriptions ?? [];
    const visited = kept?.isOf(person) === true ? kept : new VisitedAccount(owner, person, subscribed);
    if (visited.mailboxes.size === 0) {
      ofOwner.delete(person.id);
      return undefined;
    }
    ofOwner.set(person.id, visited);
    return visited;
  }
}
