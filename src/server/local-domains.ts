/**
 * The domains whose mail is here, as the DNS and HTTP write them: in ASCII. Those of accounts and aliases, those that were made by
 * themselves, and the one that completes bare names.
 */
import { domainToASCII } from 'node:url';
import { canonicalDomain } from '../identity/address.ts';
import type { Domains } from '../mailbox/port/domains.ts';

export class LocalDomains {
  readonly #domains: Pick<Domains, 'isLocal' | 'uses'>;
  readonly #defaultDomain: string;

  constructor(domains: Pick<Domains, 'isLocal' | 'uses'>, defaultDomain: string) {
    this.#domains = domains;
    this.#defaultDomain = canonicalDomain(defaultDomain);
  }

  /** In either form, in any case. */
  async has(domain: string): Promise<boolean> {
    const name = canonicalDomain(domain);
    return name === this.#defaultDomain || this.#domains.isLocal(name);
  }

  async names(): Promise<readonly string[]> {
    const uses = await this.#domains.uses();
    const names = [this.#defaultDomain, ...uses.map(({ name }) => name)].map(domainToASCII);
    return [...new Set(names)].filter((name) => name !== '').sort();
  }
}
