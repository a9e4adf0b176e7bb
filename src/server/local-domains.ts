/** The domains whose mail is here: of all accounts, and the one that completes bare names. */
import type { Directory } from '../mailbox/port/store.ts';

/** Accounts may be many, and who asks is anybody. */
const KEPT_MS = 60_000;

export class LocalDomains {
  readonly #directory: Pick<Directory, 'list'>;
  readonly #defaultDomain: string;
  #known: Promise<ReadonlySet<string>> | undefined;
  #untilMs = 0;

  constructor(directory: Pick<Directory, 'list'>, defaultDomain: string) {
    this.#directory = directory;
    this.#defaultDomain = defaultDomain;
  }

  async has(domain: string): Promise<boolean> {
    return (await this.#all()).has(domain.toLowerCase());
  }

  async names(): Promise<readonly string[]> {
    return [...(await this.#all())].sort();
  }

  #all(): Promise<ReadonlySet<string>> {
    const nowMs = performance.now();
    if (this.#known !== undefined && nowMs < this.#untilMs) return this.#known;
    this.#untilMs = nowMs + KEPT_MS;
    const known = this.#look();
    this.#known = known;
    known.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return known;
  }

  async #look(): Promise<ReadonlySet<string>> {
    const accounts = await this.#directory.list();
    const domains = accounts.map(({ address }) => address.slice(address.lastIndexOf('@') + 1).toLowerCase());
    return new Set([this.#defaultDomain.toLowerCase(), ...domains]);
  }
}
