/** Domains and aliases in memory, for every implementation of the directory. */
import { type AliasRecord, type DomainRecord, type DomainUse, domainOf } from '../mailbox/model/domains.ts';
import { type LimitChoices, NO_CHOICES, NO_TOTALS, type Totals } from '../mailbox/model/quota.ts';

export class DomainsInMemory {
  readonly #domains = new Map<string, DomainRecord>();
  readonly #aliases = new Map<string, AliasRecord>();
  readonly #inUse = new CountedNames();
  #sorted: readonly AliasRecord[] | undefined;

  find(name: string): DomainRecord | undefined {
    return this.#domains.get(name);
  }

  quotaOf(name: string): LimitChoices {
    return this.#domains.get(name)?.quota ?? NO_CHOICES;
  }

  totalOf(name: string): Totals {
    return this.#domains.get(name)?.total ?? NO_TOTALS;
  }

  findAlias(address: string): AliasRecord | undefined {
    return this.#aliases.get(address);
  }

  /** It has a row, or an alias is in it. */
  has(name: string): boolean {
    return this.#domains.has(name) || this.#inUse.has(name);
  }

  get domains(): readonly DomainRecord[] {
    return [...this.#domains.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Of all that are here; `accounts`: how many addresses of accounts each has. */
  uses(accounts: CountedNames): readonly DomainUse[] {
    const names = new Set([...this.#domains.keys(), ...accounts.names, ...this.#inUse.names]);
    return [...names]
      .sort()
      .map((name) => ({ name, accounts: accounts.of(name), aliases: this.#inUse.of(name) }));
  }

  /** By address; the same array as long as nothing has changed. */
  get aliases(): readonly AliasRecord[] {
    this.#sorted ??= [...this.#aliases.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
    return this.#sorted;
  }

  /** Undefined takes it away. */
  put(name: string, record: DomainRecord | undefined): void {
    if (record === undefined) this.#domains.delete(name);
    else this.#domains.set(name, record);
  }

  putAlias(address: string, record: AliasRecord | undefined): void {
    this.#sorted = undefined;
    const wasThere = this.#aliases.has(address);
    if (record === undefined) this.#aliases.delete(address);
    else this.#aliases.set(address, record);
    if (wasThere !== (record !== undefined)) this.#inUse.count(domainOf(address), wasThere ? -1 : 1);
  }
}

/** How many addresses each domain has. */
export class CountedNames {
  readonly #counts = new Map<string, number>();

  has(name: string): boolean {
    return this.#counts.has(name);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  get names(): Iterable<string> {
    return this.#counts.keys();
  }

  count(name: string, by: 1 | -1): void {
    const count = (this.#counts.get(name) ?? 0) + by;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }

  clear(): void {
    this.#counts.clear();
  }
}
