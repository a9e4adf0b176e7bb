/**
 * The domains whose mail comes here, the addresses that lead to others, and the keys that sign what leaves. Rows of the
 * directory; who receives and who may send is `identity/`'s matter.
 *
 * All names are canonical (`identity/address.ts`): lower case, NFC, domains in Unicode.
 */
import type { LimitChoices, Totals } from './quota.ts';

/** What a key signs with (RFC 6376 §3.3, RFC 8463). */
export const KEY_ALGORITHMS = ['rsa', 'ed25519'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/**
 * `waiting`: signs nothing before the DNS shows it. `active`: signs. `retiring`: signs no more, and what it has signed may
 * still be on its way. `retired`: its record can go.
 */
export const KEY_STATES = ['waiting', 'active', 'retiring', 'retired'] as const;
export type KeyState = (typeof KEY_STATES)[number];

export interface DomainKey {
  /** The label before `._domainkey` (RFC 6376 §3.1): `b202611r`. */
  readonly selector: string;
  readonly algorithm: KeyAlgorithm;
  /** PKCS #8, PEM. Never logged, never listed; empty when it is retired. */
  readonly privateKey: string;
  /** The text of the TXT record at `SELECTOR._domainkey.DOMAIN` that publishes it. */
  readonly record: string;
  readonly state: KeyState;
  /** Since when it is in that state. */
  readonly sinceMs: number;
  /** Of a waiting one: when the DNS was first seen to show it, and has at every look since. */
  readonly seenMs?: number;
}

export interface DomainRecord {
  readonly name: string;
  readonly createdMs: number;
  /** In the order of their selectors. */
  readonly keys: readonly DomainKey[];
  /** What each account in it may have of which nothing is said itself. */
  readonly quota?: LimitChoices;
  /** What all accounts in it may have together. */
  readonly total?: Totals;
}

/** A key takes the place of the one of its selector. */
export interface KeyChange {
  readonly put?: readonly DomainKey[];
  /** Selectors. */
  readonly dropped?: readonly string[];
}

/** An address that leads to others. `@example.com` stands for all of a domain that lead nowhere else. */
export interface AliasRecord {
  readonly address: string;
  /** Addresses, at least one; or one domain (`@example.org`), where the same local parts are looked for. */
  readonly targets: readonly string[];
  readonly createdMs: number;
}

/** How many addresses are in a domain that is here. */
export interface DomainUse {
  readonly name: string;
  readonly accounts: number;
  readonly aliases: number;
}

/** What comes and goes. Somebody else may add to the same alias at the same time, so it is never written as a whole. */
export interface AliasChange {
  readonly added?: readonly string[];
  /** `all`: the alias. */
  readonly dropped?: readonly string[] | 'all';
  /** When this makes it. */
  readonly createdMs: number;
}

export function changedKeys(
  keys: readonly DomainKey[],
  { put = [], dropped = [] }: KeyChange,
): readonly DomainKey[] {
  const changed = new Map(keys.map((key) => [key.selector, key]));
  for (const selector of dropped) changed.delete(selector);
  for (const key of put) changed.set(key.selector, key);
  return [...changed.values()].sort((a, b) => (a.selector < b.selector ? -1 : 1));
}

/** Undefined when nothing is left of it. */
export function changedAlias(
  address: string,
  before: AliasRecord | undefined,
  { added = [], dropped = [], createdMs }: AliasChange,
): AliasRecord | undefined {
  const left = dropped === 'all' ? [] : (before?.targets ?? []).filter((one) => !dropped.includes(one));
  const targets = [...new Set([...left, ...added])];
  return targets.length === 0 ? undefined : { createdMs, ...before, address, targets };
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
