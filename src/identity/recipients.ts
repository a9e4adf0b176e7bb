/**
 * Who receives for an address. In this order: an account or an alias of that name; the same without its tag (RFC 5233:
 * `anna+news@example.com` is anna's); the same local part in the domain that this one stands for; whoever takes all mail of
 * the domain that nobody else has. `postmaster` is somebody in every domain that is here (RFC 5321 §4.5.1).
 *
 * An alias leads to one address or many, here or elsewhere, and to other aliases. Everybody gets one copy, whatever the ways
 * that lead there; ways that lead back end. A tag goes along to accounts, where it can sort.
 */
import { localParts } from '../mail/subaddress.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import type { Domains } from '../mailbox/port/domains.ts';
import type { Directory } from '../mailbox/port/store.ts';
import { type Halves, splitAddress } from './address.ts';

export interface ResolvedDelivery {
  readonly account: AccountId;
  /** The account's own address. */
  readonly name: string;
  /** What stood behind the separator. */
  readonly detail?: string;
  /** The address that led to the account, the last one where there were several. */
  readonly via: string;
}

/** At least one of the two is not empty. */
export interface LocalResolution {
  readonly kind: 'local';
  readonly deliveries: readonly ResolvedDelivery[];
  readonly forwards: readonly string[];
}

export type Resolution =
  | LocalResolution
  /** The domain is here, and nobody has the address. */
  | { readonly kind: 'unknown' }
  /** The domain is not here. */
  | { readonly kind: 'foreign' };

export interface RecipientsOptions {
  readonly directory: Pick<Directory, 'find' | 'eldest'> & {
    readonly domains: Pick<Domains, 'findAlias' | 'isLocal'>;
  };
  readonly defaultDomain: string;
  /** Any of these characters begins a tag. */
  readonly separators: string;
  /** An address; the account that was made first, when it is empty or leads nowhere. */
  readonly postmaster: string;
  /** Whom a bounce is for that comes back to an address under which we have passed mail on; undefined: that is none, or none any more. */
  readonly wayBack?: (address: string) => string | undefined;
}

/** Aliases that lead to aliases. */
const MAX_DEPTH = 10;
/** Of a domain, so many of its names are looked up. */
const MAX_LABELS = 10;
/** Of one address, all told. */
const MAX_RECIPIENTS = 1000;
/** Addresses that are looked up for one, whether or not they lead anywhere. */
const MAX_VISITS = 5000;

const POSTMASTER = 'postmaster';

export class Recipients {
  readonly #options: RecipientsOptions;

  constructor(options: RecipientsOptions) {
    this.#options = options;
  }

  /**
   * A bare name gets the default domain. Throws MailboxError `limit` when it leads to too many, and what the directory throws
   * when it cannot know. `sender`: of the mail; only what comes from nobody goes the way back of what was passed on.
   */
  async resolve(address: string, sender?: string): Promise<Resolution> {
    const { directory, defaultDomain, wayBack } = this.#options;
    const back = sender === '' ? wayBack?.(address) : undefined;
    if (back !== undefined) return { kind: 'local', deliveries: [], forwards: [back] };
    const halves = splitAddress(address, defaultDomain);
    if (halves === undefined) return { kind: 'unknown' };
    const { local, domain } = halves;
    const isPostmaster = local === POSTMASTER;
    const isLocal = await directory.domains.isLocal(domain);
    if (!isLocal && !(isPostmaster && domain === defaultDomain)) return { kind: 'foreign' };
    const walk = new Walk(this.#options);
    await walk.visit(halves, { depth: 0 });
    if (isPostmaster && walk.isEmpty) {
      const eldest = await directory.eldest();
      if (eldest !== undefined) walk.deliver(eldest.id, eldest.address, { via: `${local}@${domain}` });
    }
    return walk.isEmpty ? { kind: 'unknown' } : walk.resolution;
  }

  /** Whose it is to deliver mail for the address: ours too where nobody has it, for that is ours to say. Throws as `resolve`. */
  async routeOf(address: string): Promise<'local' | 'remote'> {
    return (await this.resolve(address)).kind === 'foreign' ? 'remote' : 'local';
  }

  /**
   * Whether it is a domain of ours, or one above or below ours: for DMARC what proves the one proves the other (RFC 9989, relaxed
   * alignment). Throws what the directory throws.
   */
  async isOurs(domain: string): Promise<boolean> {
    const { directory, defaultDomain } = this.#options;
    const name = splitAddress(`a@${domain}`, defaultDomain)?.domain;
    if (name === undefined) return false;
    if (defaultDomain === name || (name.includes('.') && defaultDomain.endsWith(`.${name}`))) return true;
    if (await directory.domains.isLocal(name)) return true;
    const labels = name.split('.').slice(-MAX_LABELS);
    for (let from = labels.length - 2; from >= 0; from--)
      if (await directory.domains.isLocal(labels.slice(from).join('.'))) return true;
    return false;
  }

  /** In whose hands mail is that nobody here receives: the postmaster's of the domain, else those of the account that was made first. */
  async caretakerOf(domain: string): Promise<ResolvedDelivery | undefined> {
    const found = await this.resolve(`${POSTMASTER}@${domain}`);
    const [first] = found.kind === 'local' ? found.deliveries : [];
    if (first !== undefined) return first;
    const eldest = await this.#options.directory.eldest();
    return eldest && { account: eldest.id, name: eldest.address, via: eldest.address };
  }
}

/** How an address was come to. */
interface Way {
  readonly depth: number;
  /** Of the address that the sender wrote. */
  readonly detail?: string;
}

class Walk {
  readonly #options: RecipientsOptions;
  readonly #deliveries = new Map<AccountId, ResolvedDelivery>();
  readonly #forwards = new Set<string>();
  readonly #visited = new Set<string>();

  constructor(options: RecipientsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#deliveries.size === 0 && this.#forwards.size === 0;
  }

  get resolution(): Resolution {
    return { kind: 'local', deliveries: [...this.#deliveries.values()], forwards: [...this.#forwards] };
  }

  deliver(account: AccountId, name: string, { via, detail }: Pick<ResolvedDelivery, 'via' | 'detail'>): void {
    if (this.#deliveries.has(account)) return;
    this.#deliveries.set(account, { account, name, via, ...(detail === undefined ? {} : { detail }) });
    this.#assertBounded();
  }

  /** True: somebody has the address, whether or not it leads anywhere. */
  async visit({ local, domain }: Halves, way: Way): Promise<boolean> {
    const address = `${local}@${domain}`;
    if (this.#visited.has(address)) return true;
    this.#visited.add(address);
    if (way.depth > MAX_DEPTH) return true;
    if (await this.#ofName(address, address, way)) return true;
    const { user, detail } = localParts(local, this.#options.separators);
    if (detail !== undefined && (await this.#ofName(`${user}@${domain}`, address, { ...way, detail })))
      return true;
    return this.#ofDomain({ local, domain }, way);
  }

  /** An account or an alias of this name. `via`: with the tag, if there is one. */
  async #ofName(name: string, via: string, way: Way): Promise<boolean> {
    const { directory } = this.#options;
    const account = await directory.find(name);
    if (account !== undefined) {
      this.deliver(account.id, account.address, { ...way, via });
      return true;
    }
    const alias = await directory.domains.findAlias(name);
    if (alias === undefined) return false;
    await this.#follow(alias.targets, way);
    return true;
  }

  async #ofDomain({ local, domain }: Halves, way: Way): Promise<boolean> {
    const { directory, postmaster } = this.#options;
    const whole = await directory.domains.findAlias(`@${domain}`);
    const [other] = whole?.targets ?? [];
    if (other?.startsWith('@'))
      return this.visit({ local, domain: other.slice(1) }, { ...way, depth: way.depth + 1 });
    if (local === POSTMASTER && postmaster !== '') await this.#follow([postmaster], way);
    if (whole === undefined || (local === POSTMASTER && !this.isEmpty)) return !this.isEmpty;
    await this.#follow(whole.targets, { depth: way.depth });
    return true;
  }

  async #follow(targets: readonly string[], { depth, detail }: Way): Promise<void> {
    const way = { depth: depth + 1, ...(detail === undefined ? {} : { detail }) };
    for (const target of targets) {
      const halves = splitAddress(target, this.#options.defaultDomain);
      if (halves === undefined) continue;
      if (await this.#options.directory.domains.isLocal(halves.domain)) await this.visit(halves, way);
      else this.#forwards.add(target);
      this.#assertBounded();
    }
  }

  #assertBounded(): void {
    if (this.#deliveries.size + this.#forwards.size > MAX_RECIPIENTS || this.#visited.size > MAX_VISITS)
      throw new MailboxError('limit', `the address leads to more than ${MAX_RECIPIENTS} others`);
  }
}
