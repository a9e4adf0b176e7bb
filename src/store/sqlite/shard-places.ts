/**
 * Where new accounts are to live. In the shard with the fewest, so that all workers have their share; but where two or more of a domain live
 * in one shard and no other of it elsewhere, the next one goes there, because they may share mailboxes (`brevduva reshard
 * --together`). A domain whose accounts have a limit together (`mailbox/domain-rooms.ts`) has all of them in one, however many they are.
 */
import { domainOf } from '../../mailbox/model/domains.ts';
import type { AccountRecord } from '../../mailbox/model/model.ts';

/** Of a domain; so many are a load of their own, and are spread. */
const MOST_TOGETHER = 2000;

interface DomainPlace {
  /** Undefined: several. */
  shard: number | undefined;
  accounts: number;
}

export class ShardPlaces {
  readonly #fillings: number[];
  readonly #hasTotal: (domain: string) => boolean;
  readonly #domains = new Map<string, DomainPlace>();

  /** `hasTotal`: the accounts of a domain have a limit together, so one process is to hold them. */
  constructor(
    shards: number,
    accounts: Iterable<Pick<AccountRecord, 'address' | 'shard'>>,
    hasTotal: (domain: string) => boolean = () => false,
  ) {
    this.#hasTotal = hasTotal;
    this.#fillings = new Array<number>(shards).fill(0);
    for (const { address, shard } of accounts) this.#note(address, shard);
  }

  /** For one more account, which is counted from here on. */
  take(address: string): number {
    const domain = this.#domains.get(domainOf(address));
    const together = domain !== undefined && this.#isTogether(address, domain) ? domain.shard : undefined;
    const shard = together ?? this.#fillings.indexOf(Math.min(...this.#fillings));
    this.#note(address, shard);
    return shard;
  }

  #isTogether(address: string, { accounts }: DomainPlace): boolean {
    if (this.#hasTotal(domainOf(address))) return true;
    return accounts >= 2 && accounts < MOST_TOGETHER;
  }

  #note(address: string, shard: number): void {
    this.#fillings[shard] = (this.#fillings[shard] ?? 0) + 1;
    const name = domainOf(address);
    const domain = this.#domains.get(name) ?? { shard, accounts: 0 };
    domain.accounts++;
    if (domain.shard !== shard) domain.shard = undefined;
    this.#domains.set(name, domain);
  }
}
