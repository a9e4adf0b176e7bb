/**
 * What the domain asks of a store about domains and the addresses in them; part of the directory (`store.ts`), asked at every
 * recipient, so implementations have it in memory. What throws in the directory throws here: `unreadable` when it cannot be
 * known whether there is such a row.
 */
import type { AliasChange, AliasRecord, DomainRecord, DomainUse, KeyChange } from '../model/domains.ts';
import type { LimitChanges, LimitChoices, TotalChanges, Totals } from '../model/quota.ts';

export interface Domains {
  find(name: string): Promise<DomainRecord | undefined>;
  /** Ordered by name. */
  list(): Promise<readonly DomainRecord[]>;
  /** It has a row, or accounts or aliases have addresses in it. */
  isLocal(name: string): Promise<boolean>;
  /** Of all that are here, ordered by name. */
  uses(): Promise<readonly DomainUse[]>;
  /** Durable when it resolves, as every change. */
  create(record: DomainRecord): Promise<DomainRecord | 'exists'>;
  /** Undefined: there is no such domain. */
  changeKeys(name: string, change: KeyChange): Promise<DomainRecord | undefined>;
  /** Undefined: there is no such domain. */
  changeQuota(name: string, change: LimitChanges, total?: TotalChanges): Promise<DomainRecord | undefined>;
  /** What is said of the accounts of a domain; asked in every change of one of them. Of what cannot be read, nothing. */
  quotaOf(name: string): LimitChoices;
  /** What all of them may have together; asked as often. Accounts of a domain of which anything is said live in one part of the store. */
  totalOf(name: string): Totals;
  /** The row and its keys; aliases in it stay. */
  remove(name: string): Promise<void>;

  findAlias(address: string): Promise<AliasRecord | undefined>;
  /** Ordered by address. */
  listAliases(): Promise<readonly AliasRecord[]>;
  /** What there is afterwards. `account`: there is an account of that name, and nothing has changed. */
  changeAlias(address: string, change: AliasChange): Promise<AliasRecord | 'account' | undefined>;
}

/** Those that change something. */
export const DOMAIN_CHANGES = ['create', 'changeKeys', 'changeQuota', 'remove', 'changeAlias'] as const;
export type DomainChanges = Pick<Domains, (typeof DOMAIN_CHANGES)[number]>;
