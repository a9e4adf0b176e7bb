/**
 * Who is who where mailboxes are shared: the names by which people give rights (RFC 4314 §2), what a person answers to, and whose mailboxes
 * he may hear of. A name is an account's address, that of an alias or a list, whose members are meant, or `anyone` with an account here.
 *
 * One process serves a session and all that it reaches, so accounts that share are kept in one part of the data. A grant that leads
 * elsewhere is refused and says how they are brought together.
 */

import type { Accounts } from '../mailbox/accounts.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { type AliasRecord, domainOf } from '../mailbox/model/domains.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import { NO_RIGHTS, type RightsChange } from '../mailbox/model/rights.ts';
import {
  ANYONE,
  accountIdentity,
  accountOfIdentity,
  type Identity,
  NEGATIVE,
  type Person,
  SHARE_LIMITS,
} from '../mailbox/model/shares.ts';
import { mayPostFor } from '../mailbox/operations/shares.ts';
import type { TranslatedStore } from '../mailbox/port/translated-store.ts';
import { canonicalAddress } from './address.ts';
import { isWholeDomain } from './targets.ts';

/** Lists in lists. */
const MAX_DEPTH = 10;
/** Members of a list who are looked at when it is given rights. */
const MAX_MEMBERS = 5000;

/** Addresses of the lists that lead to an address, one step. */
type Lists = ReadonlyMap<string, readonly string[]>;

export interface SharingOptions {
  readonly store: Pick<TranslatedStore, 'directory' | 'loadSharers'>;
  readonly accounts: Pick<Accounts, 'open'>;
}

export class Sharing {
  readonly #store: SharingOptions['store'];
  readonly #accounts: SharingOptions['accounts'];
  #lists: { readonly of: readonly AliasRecord[]; readonly byTarget: Lists } | undefined;

  constructor({ store, accounts }: SharingOptions) {
    this.#store = store;
    this.#accounts = accounts;
  }

  /** Himself, everybody, and the lists that lead to him. */
  async personOf({ id, address }: Pick<AccountRecord, 'id' | 'address'>): Promise<Person> {
    const lists = await this.#listsByTarget();
    const names = new Set([address]);
    let last: readonly string[] = [address];
    for (let depth = 0; depth < MAX_DEPTH && last.length > 0; depth++) {
      const next = new Set(last.flatMap((name) => lists.get(name) ?? [])).difference(names);
      for (const name of next) names.add(name);
      last = [...next];
    }
    names.delete(address);
    return { id, identities: new Set([accountIdentity(id), ANYONE, ...names]) };
  }

  /** Who shares something with this person and is not closed, by address; no more than a program can list. */
  async sharersWith(
    { id, identities }: Person,
    { shard }: Pick<AccountRecord, 'shard'>,
  ): Promise<AccountRecord[]> {
    const ids = await this.#store.loadSharers([...identities], SHARE_LIMITS.perIdentity);
    const sharers: AccountRecord[] = [];
    for (const sharer of new Set(ids)) {
      const record = sharer === id ? undefined : await this.#store.directory.get(sharer);
      if (record !== undefined && record.shard === shard && !isClosed(record)) sharers.push(record);
    }
    return sharers.sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** Whether the owner lets this account write as him. */
  async mayPostFor(who: Pick<AccountRecord, 'id' | 'address' | 'shard'>, owner: AccountId): Promise<boolean> {
    const person = await this.personOf(who);
    const sharers = await this.sharersWith(person, who);
    if (!sharers.some(({ id }) => id === owner)) return false;
    return mayPostFor(await this.#accounts.open(owner), person);
  }

  /**
   * What `name` means when the owner gives rights; a name without a domain is one of his. Throws MailboxError `nonexistent`, `cannot` (kept elsewhere), `limit`.
   */
  async identityFor(owner: AccountRecord, name: string): Promise<Identity> {
    if (name.startsWith(NEGATIVE)) return NEGATIVE + (await this.#identityOf(owner, name.slice(1)));
    const identity = await this.#identityOf(owner, name);
    await this.#requireRoom(owner, identity);
    return identity;
  }

  /** As `identityFor`, of rights that are there: also of an account that was moved elsewhere since. Undefined: there is nobody of that name. */
  async knownIdentity(owner: AccountRecord, name: string): Promise<Identity | undefined> {
    if (name.startsWith(NEGATIVE)) {
      const plain = await this.knownIdentity(owner, name.slice(1));
      return plain === undefined ? undefined : NEGATIVE + plain;
    }
    if (name.toLowerCase() === ANYONE) return ANYONE;
    const address = canonicalAddress(name, domainOf(owner.address));
    if (address === undefined) return undefined;
    const account = await this.#store.directory.find(address);
    return account === undefined ? address : accountIdentity(account.id);
  }

  /**
   * Who is meant by a change of rights: who takes some may name whoever has them; who gives some is told whom they cannot be given, as by
   * `identityFor`.
   */
  identityToChange(owner: AccountRecord, name: string, change: RightsChange): Promise<Identity | undefined> {
    const takes = change.mode === 'remove' || (change.mode === 'replace' && change.rights === NO_RIGHTS);
    return takes ? this.knownIdentity(owner, name) : this.identityFor(owner, name);
  }

  /** Who has an address, or `anyone`. Undefined when there is neither an account nor a list of that name. */
  async kindOf(name: string): Promise<'account' | 'group' | undefined> {
    if (name === ANYONE) return 'group';
    if (canonicalAddress(name, '') !== name) return undefined;
    const { directory } = this.#store;
    if ((await directory.find(name)) !== undefined) return 'account';
    return (await directory.domains.findAlias(name)) === undefined ? undefined : 'group';
  }

  /** As people write it; undefined of an account that is gone. */
  async nameOf(identity: Identity): Promise<string | undefined> {
    const plain = identity.startsWith(NEGATIVE) ? identity.slice(1) : identity;
    const id = accountOfIdentity(plain);
    const name = id === undefined ? plain : (await this.#store.directory.get(id))?.address;
    return name === undefined ? undefined : identity.slice(0, identity.length - plain.length) + name;
  }

  /** Made when an alias has changed: it is asked for by every command that can mean others, of however many lists. */
  async #listsByTarget(): Promise<Lists> {
    const aliases = await this.#store.directory.domains.listAliases();
    if (this.#lists?.of !== aliases) this.#lists = { of: aliases, byTarget: listsByTarget(aliases) };
    return this.#lists.byTarget;
  }

  async #identityOf(owner: AccountRecord, name: string): Promise<Identity> {
    const { directory } = this.#store;
    if (name.toLowerCase() === ANYONE) {
      const other = (await directory.list()).find(({ shard }) => shard !== owner.shard);
      if (other !== undefined) throw keptElsewhere(owner, other);
      return ANYONE;
    }
    const address = canonicalAddress(name, domainOf(owner.address));
    const account = address === undefined ? undefined : await directory.find(address);
    if (account !== undefined) {
      if (account.shard !== owner.shard) throw keptElsewhere(owner, account);
      return accountIdentity(account.id);
    }
    if (address === undefined || (await directory.domains.findAlias(address)) === undefined)
      throw new MailboxError('nonexistent', 'there is neither an account nor a list of that name');
    for (const member of await this.#membersOf(address))
      if (member.shard !== owner.shard) throw keptElsewhere(owner, member);
    return address;
  }

  async #membersOf(address: string): Promise<AccountRecord[]> {
    const { directory } = this.#store;
    const visited = new Set<string>();
    const members: AccountRecord[] = [];
    let next = [address];
    for (let depth = 0; depth <= MAX_DEPTH && next.length > 0; depth++) {
      const targets: string[] = [];
      for (const one of next) {
        if (visited.has(one)) continue;
        visited.add(one);
        if (visited.size > MAX_MEMBERS)
          throw new MailboxError(
            'limit',
            `a list that is given rights can have at most ${MAX_MEMBERS} members`,
          );
        const account = await directory.find(one);
        if (account !== undefined) members.push(account);
        else targets.push(...((await directory.domains.findAlias(one))?.targets ?? []));
      }
      next = targets;
    }
    return members;
  }

  async #requireRoom({ id }: AccountRecord, identity: Identity): Promise<void> {
    const { perIdentity } = SHARE_LIMITS;
    const sharers = await this.#store.loadSharers([identity], perIdentity);
    if (sharers.length >= perIdentity && !sharers.includes(id))
      throw new MailboxError(
        'limit',
        `${perIdentity} accounts share something with them already; that is the most`,
      );
  }
}

function listsByTarget(aliases: readonly AliasRecord[]): Lists {
  const lists = new Map<string, string[]>();
  for (const { address, targets } of aliases) {
    if (isWholeDomain(address)) continue;
    for (const target of targets) {
      const leading = lists.get(target);
      if (leading === undefined) lists.set(target, [address]);
      else leading.push(address);
    }
  }
  return lists;
}

function keptElsewhere(owner: AccountRecord, other: AccountRecord): MailboxError {
  return new MailboxError(
    'cannot',
    `${other.address} is kept in another part of the data than ${owner.address}, and what is shared has to be in one; the administrator brings them together: brevduva reshard --together ${owner.address} ${other.address}`,
  );
}
