/**
 * Domains and aliases as an administrator has them: made, listed and taken away, with words for what cannot be. Changes are
 * durable when a call resolves, and hold for the next recipient. Of keys only what may be known leaves.
 */
import { Semaphore } from '../base/gate.ts';
import { TimeSlice } from '../base/time-slice.ts';
import type { Domain } from '../mailbox/domain.ts';
import {
  type AliasRecord,
  type DomainKey,
  type DomainRecord,
  domainOf,
  type KeyAlgorithm,
} from '../mailbox/model/domains.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import {
  hasTotals,
  type LimitChanges,
  type LimitChoice,
  type LimitChoices,
  NO_TOTALS,
  RESOURCES,
  type Resource,
  type SharedRoom,
  TOTALS,
  type TotalChanges,
  type TotalResource,
  type Totals,
} from '../mailbox/model/quota.ts';
import { canonicalDomain, newDomainName } from './address.ts';
import { newPair } from './key-rotation.ts';
import type { KeyWatch } from './key-watch.ts';
import type { Recipients } from './recipients.ts';
import { aliasAddress, assertNoCircle, foreignAddress, isWholeDomain } from './targets.ts';

export type KeySummary = Omit<DomainKey, 'privateKey'>;

export interface DomainSummary {
  readonly name: string;
  /** Absent: it was never added, and is here because accounts or aliases have addresses in it. */
  readonly createdMs?: number;
  readonly accounts: number;
  readonly aliases: number;
  /** Where mail goes that nobody has the address of: addresses, or one `@domain`. */
  readonly rest?: readonly string[];
  readonly keys: readonly KeySummary[];
  /** What each account in it may have of which nothing is said itself; absent: nothing is said. */
  readonly quota?: LimitChoices;
  /** What all accounts in it may have together, and have; absent: there is no limit. */
  readonly total?: Totals & Pick<SharedRoom, 'usedBytes' | 'usedMessages'>;
}

/** What is not named stays. */
export type TotalWanted = Readonly<Partial<Record<TotalResource, number | 'none'>>>;

export interface AliasSummary extends AliasRecord {
  /** How many accounts receive. */
  readonly accounts: number;
  readonly forwards: number;
}

export interface AliasChanged {
  /** What there is now; absent: it is gone. */
  readonly alias?: AliasSummary;
  readonly isNew: boolean;
  /** What of the targets was not there before, or was. */
  readonly changed: readonly string[];
}

/** What the command line does with domains; in the server, or asked of it. */
export interface DomainOperations {
  listDomains(): Promise<readonly DomainSummary[]>;
  /** Throws `nonexistent` when no mail for it comes here. */
  findDomain(name: string): Promise<DomainSummary>;
  /** `rest` as in its summary. Throws `invalid-name`, `exists`, and what `addToAlias` throws. */
  addDomain(name: string, rest?: readonly string[]): Promise<DomainSummary>;
  /** With its keys and the aliases in it, whose number it gives. Throws `nonexistent`, or `cannot` while accounts are in it. */
  removeDomain(name: string): Promise<number>;
  /** New keys, which wait for the DNS; those that wait already when there are any. Throws `nonexistent`. */
  rotateKeys(name: string): Promise<DomainSummary>;
  /**
   * What is not named stays; `default`: nothing is said any more. Throws `nonexistent`, and `cannot` for a total where several processes may
   * hold the accounts.
   */
  setQuota(
    name: string,
    change: Readonly<Partial<Record<Resource, LimitChoice | 'default'>>>,
    total?: TotalWanted,
  ): Promise<DomainSummary>;
  /** Looks at once whether the DNS shows keys that wait for it. Throws `nonexistent`. */
  lookAtKeys(name: string): Promise<DomainSummary>;
  listAliases(): Promise<readonly AliasSummary[]>;
  /** Makes it, or adds to it. Throws `invalid-name`, `nonexistent`, `exists`, `cannot` or `limit`. */
  addToAlias(address: string, targets: readonly string[]): Promise<AliasChanged>;
  /** Takes targets away, or all of it. Throws `nonexistent`. */
  dropFromAlias(address: string, targets: readonly string[] | 'all'): Promise<AliasChanged>;
}

export interface DomainAdminOptions {
  readonly domain: Pick<Domain, 'store' | 'clock' | 'log' | 'accounts'>;
  readonly recipients: Pick<Recipients, 'resolve'>;
  readonly defaultDomain: string;
  readonly makeKey: (
    algorithm: KeyAlgorithm,
  ) => Promise<{ readonly privateKey: string; readonly record: string }>;
  /** Absent where nothing asks the DNS. */
  readonly keyWatch?: Pick<KeyWatch, 'look'>;
}

/** Of one alias. */
const MAX_TARGETS = 1000;

export class DomainAdmin implements DomainOperations {
  readonly #options: DomainAdminOptions;
  readonly #rotating = new Semaphore(1);
  #lookedAt: (name: string) => void = () => {};

  constructor(options: DomainAdminOptions) {
    this.#options = options;
  }

  async listDomains(): Promise<readonly DomainSummary[]> {
    const uses = await this.#domains.uses();
    return Promise.all(uses.map((use) => this.#summary(use.name, use)));
  }

  async findDomain(name: string): Promise<DomainSummary> {
    // What was added is found and can be removed, also when it could not be added any more.
    const canonical = canonicalDomain(name);
    const use = (await this.#domains.uses()).find((one) => one.name === canonical);
    if (use === undefined) throw noDomain(newDomainName(name));
    return this.#summary(canonical, use);
  }

  async addDomain(raw: string, rest: readonly string[] = []): Promise<DomainSummary> {
    const { domain, makeKey } = this.#options;
    const name = newDomainName(raw);
    if ((await this.#domains.find(name)) !== undefined) throw isThere(name);
    const targets = await this.#targets(`@${name}`, rest);
    const nowMs = domain.clock.nowMs();
    const keys = await newPair([], makeKey, nowMs);
    const outcome = await this.#domains.create({ name, createdMs: nowMs, keys });
    if (outcome === 'exists') throw isThere(name);
    domain.log.info({ domain: name }, 'a domain was added');
    if (targets.length > 0) await this.#change(`@${name}`, { added: targets });
    return this.findDomain(name);
  }

  async removeDomain(raw: string): Promise<number> {
    const { name, accounts, createdMs } = await this.findDomain(raw);
    if (accounts > 0)
      throw new MailboxError(
        'cannot',
        `${accounts === 1 ? 'an account has its address' : `${accounts} accounts have their addresses`} in ${name}, so its mail comes here; remove what is no longer wanted first`,
      );
    if (createdMs === undefined)
      throw new MailboxError('cannot', `${name} was never added; its aliases are all there is of it`);
    const inIt = (await this.#domains.listAliases()).filter(({ address }) => domainOf(address) === name);
    for (const { address } of inIt) await this.#change(address, { dropped: 'all' });
    await this.#domains.remove(name);
    this.#options.domain.log.info({ domain: name, aliases: inIt.length }, 'a domain was removed');
    return inIt.length;
  }

  async rotateKeys(raw: string): Promise<DomainSummary> {
    const { domain, makeKey } = this.#options;
    // Two at once would make keys of the same names, and somebody would publish the wrong ones.
    const name = await this.#rotating.run(async () => {
      const { name, keys } = await this.#added(raw);
      if (keys.some(({ state }) => state === 'waiting')) return name;
      const put = await newPair(keys, makeKey, domain.clock.nowMs());
      await this.#domains.changeKeys(name, { put });
      const selectors = put.map(({ selector }) => selector);
      domain.log.info({ domain: name, selectors }, 'new keys wait for the DNS');
      return name;
    });
    return this.findDomain(name);
  }

  /** Called when somebody wants to know what the DNS says of a domain now: others may have waited for the same. */
  whenLookedAt(listener: (name: string) => void): void {
    this.#lookedAt = listener;
  }

  async lookAtKeys(raw: string): Promise<DomainSummary> {
    const { name } = await this.#added(raw);
    this.#lookedAt(name);
    await this.#options.keyWatch?.look(name);
    return this.findDomain(name);
  }

  async setQuota(
    raw: string,
    change: Readonly<Partial<Record<Resource, LimitChoice | 'default'>>>,
    total: TotalWanted = {},
  ): Promise<DomainSummary> {
    const { domain } = this.#options;
    const { name } = await this.#added(raw);
    if (TOTALS.some((resource) => typeof total[resource] === 'number')) await this.#assertTogether(name);
    const updated = await this.#domains.changeQuota(name, limitChanges(change), totalChanges(total));
    if (updated === undefined) throw noDomain(name);
    await domain.accounts.refreshDomain(name);
    const { quota, total: now } = updated;
    domain.log.info({ domain: name, quota, total: now }, 'the quota of a domain was changed');
    return this.findDomain(name);
  }

  /** One process is to know what all of them use. */
  async #assertTogether(name: string): Promise<void> {
    const records = await this.#options.domain.store.directory.list();
    const shards = new Set(
      records.filter(({ address }) => domainOf(address) === name).map(({ shard }) => shard),
    );
    if (shards.size <= 1) return;
    throw new MailboxError(
      'cannot',
      `the accounts of ${name} live in ${shards.size} shards, and what they have together can be limited where they are in one; stop the server, run "brevduva reshard --together @${name}", and try again`,
    );
  }

  async #added(raw: string): Promise<DomainRecord> {
    const name = canonicalDomain(raw);
    const record = await this.#domains.find(name);
    if (record === undefined) throw noDomain(newDomainName(raw));
    return record;
  }

  async listAliases(): Promise<readonly AliasSummary[]> {
    const slice = new TimeSlice();
    const summaries: AliasSummary[] = [];
    for (const alias of await this.#domains.listAliases()) {
      summaries.push(await this.#aliasSummary(alias));
      await slice.spent();
    }
    return summaries;
  }

  async addToAlias(raw: string, wanted: readonly string[]): Promise<AliasChanged> {
    const address = aliasAddress(raw, this.#options.defaultDomain);
    const domain = domainOf(address);
    if (!(await this.#domains.isLocal(domain))) throw noDomain(domain);
    const before = await this.#domains.findAlias(address);
    const targets = await this.#targets(address, wanted, before);
    const changed = targets.filter((target) => before?.targets.includes(target) !== true);
    const after = await this.#change(address, { added: targets });
    return { ...(after === undefined ? {} : { alias: after }), isNew: before === undefined, changed };
  }

  async dropFromAlias(raw: string, wanted: readonly string[] | 'all'): Promise<AliasChanged> {
    const { defaultDomain } = this.#options;
    const address = aliasAddress(raw, defaultDomain);
    const before = await this.#domains.findAlias(address);
    if (before === undefined) throw new MailboxError('nonexistent', `there is no alias ${address}`);
    const named = (one: string): string => {
      const canonical = aliasAddress(one, defaultDomain);
      const found = before.targets.find((target) => aliasAddress(target, defaultDomain) === canonical);
      if (found !== undefined) return found;
      const others = before.targets.join(', ');
      throw new MailboxError(
        'nonexistent',
        `${address} does not lead to ${canonical}; it leads to ${others}`,
      );
    };
    const dropped = wanted === 'all' ? wanted : wanted.map(named);
    const after = await this.#change(address, { dropped });
    const changed = dropped === 'all' ? before.targets : dropped;
    return { ...(after === undefined ? {} : { alias: after }), isNew: false, changed };
  }

  get #domains() {
    return this.#options.domain.store.directory.domains;
  }

  /** Each as it is kept; throws when one cannot be. */
  async #targets(
    address: string,
    wanted: readonly string[],
    before?: AliasRecord,
  ): Promise<readonly string[]> {
    const targets = await Promise.all(wanted.map((one) => this.#target(one)));
    const all = new Set([...(before?.targets ?? []), ...targets]);
    if (all.size > MAX_TARGETS)
      throw new MailboxError('limit', `an address can lead to at most ${MAX_TARGETS} others`);
    if (targets.includes(address)) throw new MailboxError('cannot', `${address} cannot lead to itself`);
    if ([...all].some(isWholeDomain)) {
      if (!isWholeDomain(address) || all.size > 1)
        throw new MailboxError(
          'cannot',
          'a domain can stand for one other domain, and for nothing beside it; an address leads to addresses',
        );
      await assertNoCircle(address, targets[0] ?? '', (name) => this.#domains.findAlias(name));
    }
    for (const target of targets) await this.#assertLeads(target);
    return targets;
  }

  async #target(raw: string): Promise<string> {
    const canonical = aliasAddress(raw, this.#options.defaultDomain);
    const isHere = isWholeDomain(canonical) || (await this.#domains.isLocal(domainOf(canonical)));
    return isHere ? canonical : foreignAddress(raw, canonical);
  }

  async #assertLeads(target: string): Promise<void> {
    const { recipients } = this.#options;
    const isLocal = await this.#domains.isLocal(domainOf(target));
    if (isWholeDomain(target)) {
      if (!isLocal) throw noDomain(domainOf(target));
    } else if (isLocal && (await recipients.resolve(target)).kind !== 'local')
      throw new MailboxError(
        'nonexistent',
        `nobody here has the address ${target}; add the account or alias first`,
      );
  }

  async #change(
    address: string,
    change: { readonly added?: readonly string[]; readonly dropped?: readonly string[] | 'all' },
  ): Promise<AliasSummary | undefined> {
    const { clock, log } = this.#options.domain;
    const after = await this.#domains.changeAlias(address, { ...change, createdMs: clock.nowMs() });
    if (after === 'account')
      throw new MailboxError(
        'exists',
        `${address} is the address of an account; a rule of its owner can pass mail on`,
      );
    log.info({ alias: address, targets: after?.targets ?? [] }, 'an alias was changed');
    return after && this.#aliasSummary(after);
  }

  async #aliasSummary(alias: AliasRecord): Promise<AliasSummary> {
    const { address, targets } = alias;
    if (targets.some(isWholeDomain)) return { ...alias, accounts: 0, forwards: 0 };
    // Any address that nobody has stands for the rest of a domain.
    const asked = isWholeDomain(address) ? targets : [address];
    const accounts = new Set<number>();
    const forwards = new Set<string>();
    for (const one of asked) {
      const found = await this.#options.recipients.resolve(one);
      if (found.kind === 'foreign' && one !== address) forwards.add(one);
      if (found.kind !== 'local') continue;
      for (const { account } of found.deliveries) accounts.add(account);
      for (const forward of found.forwards) forwards.add(forward);
    }
    return { ...alias, accounts: accounts.size, forwards: forwards.size };
  }

  async #summary(name: string, use: Pick<DomainSummary, 'accounts' | 'aliases'>): Promise<DomainSummary> {
    const record: DomainRecord | undefined = await this.#domains.find(name);
    const rest = await this.#domains.findAlias(`@${name}`);
    const { quota, total = NO_TOTALS } = record ?? {};
    const { usedBytes = 0, usedMessages = 0 } = hasTotals(total)
      ? ((await this.#options.domain.accounts.readSharedRoom(name)) ?? {})
      : {};
    return {
      ...{ name, accounts: use.accounts, aliases: use.aliases - (rest === undefined ? 0 : 1) },
      ...(record === undefined ? {} : { createdMs: record.createdMs }),
      ...(rest === undefined ? {} : { rest: rest.targets }),
      ...(quota === undefined || Object.keys(quota).length === 0 ? {} : { quota }),
      ...(hasTotals(total) && { total: { ...total, usedBytes, usedMessages } }),
      keys: (record?.keys ?? []).map(({ privateKey: _, ...known }) => known),
    };
  }
}

function totalChanges(wanted: TotalWanted): TotalChanges {
  const named = TOTALS.filter((resource) => wanted[resource] !== undefined);
  return Object.fromEntries(
    named.map((resource) => [resource, wanted[resource] === 'none' ? undefined : wanted[resource]]),
  );
}

/** What was asked for as a change: of what is `default`, nothing is said any more. */
export function limitChanges(
  change: Readonly<Partial<Record<Resource, LimitChoice | 'default'>>>,
): LimitChanges {
  const named = RESOURCES.filter((resource) => change[resource] !== undefined);
  const choices = named.map((resource) => [
    resource,
    change[resource] === 'default' ? undefined : change[resource],
  ]);
  return Object.fromEntries(choices) as LimitChanges;
}

function isThere(name: string): MailboxError {
  return new MailboxError(
    'exists',
    `the domain ${name} is here already; "domain check ${name}" looks at its records`,
  );
}

function noDomain(name: string): MailboxError {
  return new MailboxError(
    'nonexistent',
    `mail for ${name} does not come here; "domain add ${name}" makes it one of this server's domains`,
  );
}
