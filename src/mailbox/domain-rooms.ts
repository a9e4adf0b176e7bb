/**
 * How much the accounts of a domain use together, where that has a limit. All of them live in one part of the store (`port/domains.ts`), so the
 * process that holds one holds all, and the sum is computed from their rows as they are in memory: what an operation has changed
 * counts for the next one of the same turn, and what is taken back counts no more.
 *
 * Rows are read from the store once, before the first account of the domain is in anybody's hands. A row that was in memory stays the one
 * that counts when its account is dropped from there: nobody changes it before the account is loaded anew.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { domainOf } from './model/domains.ts';
import type { AccountId, AccountRow } from './model/model.ts';
import { hasTotals, type SharedRoom } from './model/quota.ts';
import type { TranslatedStore } from './port/translated-store.ts';

type Used = Pick<AccountRow, 'usedBytes' | 'usedMessages'>;
type Rows = Map<AccountId, Used>;

const NOTHING: Used = Object.freeze({ usedBytes: 0, usedMessages: 0 });
/** Accounts between two breaths. */
const READ_AT_ONCE = 20;

export class DomainRooms {
  readonly #store: Pick<TranslatedStore, 'directory' | 'loadAccount' | 'owns'>;
  /** Of domains that have a limit, those that were read. */
  readonly #rows = new Map<string, Rows>();
  readonly #reading = new Map<string, Promise<void>>();

  constructor(store: Pick<TranslatedStore, 'directory' | 'loadAccount' | 'owns'>) {
    this.#store = store;
  }

  /** Undefined where there is no limit. */
  of(address: string): SharedRoom | undefined {
    const domain = domainOf(address);
    const limits = this.#store.directory.domains.totalOf(domain);
    if (!hasTotals(limits)) return undefined;
    const rows = this.#rows.get(domain);
    if (rows === undefined) return undefined;
    const sum = { usedBytes: 0, usedMessages: 0 };
    for (const { usedBytes, usedMessages } of rows.values()) {
      sum.usedBytes += usedBytes;
      sum.usedMessages += usedMessages;
    }
    return { domain, ...sum, limits };
  }

  /** From then on `of` knows the domain. `inMemory`: its accounts there, as they are when all others are read. Throws `unavailable`. */
  async know(domain: string, inMemory: () => Iterable<readonly [AccountId, Used]>): Promise<void> {
    if (!hasTotals(this.#store.directory.domains.totalOf(domain))) {
      this.#rows.delete(domain);
      return;
    }
    if (this.#rows.has(domain)) return;
    const reading = this.#reading.get(domain) ?? this.#read(domain, inMemory);
    this.#reading.set(domain, reading);
    await reading;
  }

  /** The account is in memory from now on, and its row is this one. */
  note(address: string, id: AccountId, row: Used): void {
    this.#rows.get(domainOf(address))?.set(id, row);
  }

  /** It is removed. */
  forget(id: AccountId): void {
    for (const rows of this.#rows.values()) rows.delete(id);
  }

  async #read(domain: string, inMemory: () => Iterable<readonly [AccountId, Used]>): Promise<void> {
    try {
      const rows: Rows = new Map();
      const records = await this.#store.directory.list();
      for (const { id, address } of records) {
        if (domainOf(address) !== domain || !this.#store.owns(id)) continue;
        const { usedBytes, usedMessages } = (await this.#store.loadAccount(id))?.row ?? NOTHING;
        rows.set(id, { usedBytes, usedMessages });
        if (rows.size % READ_AT_ONCE === 0) await nextTurn();
      }
      const there = new Set((await this.#store.directory.list()).map(({ id }) => id));
      for (const id of [...rows.keys()]) if (!there.has(id)) rows.delete(id);
      for (const [id, row] of inMemory()) rows.set(id, row);
      this.#rows.set(domain, rows);
    } finally {
      this.#reading.delete(domain);
    }
  }
}
