/**
 * The domains whose mail is here, as the DNS and HTTP write them: in ASCII. Those of accounts and aliases, those that were made by
 * themselves, and the one that completes bare names.
 */
import { domainToASCII, domainToUnicode } from 'node:url';
import { domainOf } from '../mailbox/model/domains.ts';
import type { Directory } from '../mailbox/port/store.ts';

export class LocalDomains {
  readonly #directory: Pick<Directory, 'list' | 'domains'>;
  readonly #defaultDomain: string;

  constructor(directory: Pick<Directory, 'list' | 'domains'>, defaultDomain: string) {
    this.#directory = directory;
    this.#defaultDomain = defaultDomain;
  }

  /** In either form, in any case. */
  async has(domain: string): Promise<boolean> {
    const name = domainToUnicode(domainToASCII(domain));
    if (name === '') return false;
    return name === domainToUnicode(this.#defaultDomain) || this.#directory.domains.isLocal(name);
  }

  /** Looks at all accounts; for what is asked now and then. */
  async names(): Promise<readonly string[]> {
    const { domains } = this.#directory;
    const [accounts, aliases, made] = await Promise.all([
      this.#directory.list(),
      domains.listAliases(),
      domains.list(),
    ]);
    const names = [
      ...[this.#defaultDomain, ...made.map(({ name }) => name)],
      ...[...accounts, ...aliases].map(({ address }) => domainOf(address)),
    ];
    return [...new Set(names.map(domainToASCII))].filter((name) => name !== '').sort();
  }
}
