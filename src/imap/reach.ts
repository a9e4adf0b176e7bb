/**
 * What one session reaches: the mailboxes of its account, and those that others share with it, as `Other Users/ADDRESS/NAME`
 * (RFC 2342 §5). The one place that finds a mailbox by the name that a client gives.
 *
 * What somebody may not see is not there: no account is opened for a name before it is known that it shares something with this
 * person, and the answer is the same for an account that does not exist, one that shares nothing, and a mailbox that is not shared.
 *
 * Accounts of others that a command has looked at are heard of, as the session's own is, until the next command; those of the open
 * mailbox and of what is watched for longer. A list of whom they are is made anew for each command.
 */

import { canonicalAddress } from '../identity/address.ts';
import type { Sharing } from '../identity/sharing.ts';
import { DELIMITER, OTHER_USERS } from '../mail/mailbox-name.ts';
import type { Accounts } from '../mailbox/accounts.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import type { Right } from '../mailbox/model/rights.ts';
import type { Person } from '../mailbox/model/shares.ts';
import { canonicalName, findMailbox } from '../mailbox/operations/mailboxes.ts';
import { nobodyThere, Place } from '../mailbox/operations/visiting.ts';
import type { AccountListener, AccountState } from '../mailbox/state/account.ts';

export interface ReachOptions {
  readonly account: AccountState;
  readonly accounts: Pick<Accounts, 'open' | 'join'>;
  readonly sharing: Sharing;
  /** Hears of the accounts of others that are reached; their end is the session's when it is there. */
  readonly listener: Pick<AccountListener, 'onApplied' | 'onTakenBack'> & {
    onOwnerGone(account: AccountState): void;
  };
}

/** Whose mailbox a name means, and what he calls it. */
interface Named {
  readonly address: string;
  /** Undefined: what stands above all of his. */
  readonly name: string | undefined;
}

export class Reach {
  readonly #options: ReachOptions;
  readonly #heard = new Map<
    AccountId,
    { readonly account: AccountState; readonly listener: AccountListener }
  >();
  /** Who looks longer than a command. */
  readonly #held = new Map<AccountId, number>();
  #person: Person | undefined;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  get own(): AccountState {
    return this.#options.account;
  }

  /** As it was found out last. */
  get person(): Person {
    return this.#person ?? { id: this.own.id, identities: new Set() };
  }

  /** Who this is now: lists may have other members. */
  async refresh(): Promise<void> {
    this.#person = await this.#options.sharing.personOf(this.own.record);
  }

  /** The mailbox of that name, or undefined when there is none that this person has any right in. */
  async find(name: string): Promise<Place | undefined> {
    const own = findMailbox(this.own, name);
    if (own !== undefined) return new Place(this.own, own);
    const named = namedIn(name);
    if (named?.name === undefined) return undefined;
    const owner = await this.ownerOf(named.address);
    const mailbox = owner && findMailbox(owner, named.name);
    if (owner === undefined || mailbox === undefined) return undefined;
    const place = new Place(owner, mailbox, this);
    return place.rights === '' ? undefined : place;
  }

  /** Throws MailboxError `nonexistent`, also for what is not to be seen, and `NotPermitted`. */
  async mailboxOf(name: string, right: Right): Promise<Place> {
    const place = await this.find(name);
    if (place === undefined) throw nobodyThere(name);
    place.require(right, name);
    return place;
  }

  /** Where mail may be put; undefined when there is no such mailbox, or none to be seen. Throws `NotPermitted`. */
  async targetOf(name: string): Promise<Place | undefined> {
    const place = await this.find(name);
    if (place === undefined || (!place.may('i') && !place.may('l'))) return undefined;
    place.require('i', name);
    return place;
  }

  /** As `targetOf`, from what is in memory: `unknown` of another account that is not. */
  peek(name: string): Place | 'nowhere' | 'unknown' {
    const own = findMailbox(this.own, name);
    if (own !== undefined) return new Place(this.own, own);
    const named = namedIn(name);
    return named === undefined ? 'nowhere' : 'unknown';
  }

  /** Whoever has this address and shares something with this person. */
  async ownerOf(address: string): Promise<AccountState | undefined> {
    const sharers = await this.#sharers();
    const record = sharers.find((one) => one.address === address);
    return record && this.#open(record);
  }

  /** Those of others that are to be seen, owner by owner. */
  async *othersMailboxes(): AsyncGenerator<Place> {
    for (const record of await this.#sharers()) {
      const account = await this.#open(record);
      if (account === undefined) continue;
      for (const mailbox of account.mailboxes.values()) {
        const place = new Place(account, mailbox, this);
        if (place.may('l')) yield place;
      }
    }
  }

  /** Accounts that share something with this person. */
  async owners(): Promise<AccountState[]> {
    const owners: AccountState[] = [];
    for (const record of await this.#sharers()) {
      const account = await this.#open(record);
      if (account !== undefined) owners.push(account);
    }
    return owners;
  }

  /** A mailbox of an account that this person reaches. */
  readonly placeIn = (account: AccountState, mailbox: Place['mailbox']): Place =>
    account === this.own ? new Place(account, mailbox) : new Place(account, mailbox, this);

  /** Resolves when all that was read is durable. */
  get unsettled(): Promise<void> | undefined {
    const all = [this.own, ...[...this.#heard.values()].map(({ account }) => account)];
    const waits = all.flatMap(({ unsettled }) => unsettled ?? []);
    if (waits.length <= 1) return waits[0];
    const settled = Promise.all(waits).then(() => {});
    // Whoever has nothing to tell does not wait for it, and it may fail all the same.
    settled.catch(() => {});
    return settled;
  }

  /** Until `letGo`. Of the own account nothing has to be said. */
  hold(account: AccountState): void {
    if (account !== this.own) this.#held.set(account.id, (this.#held.get(account.id) ?? 0) + 1);
  }

  letGo(account: AccountState): void {
    const left = (this.#held.get(account.id) ?? 0) - 1;
    if (left > 0) this.#held.set(account.id, left);
    else this.#held.delete(account.id);
  }

  /** What was read is told by now: those that nobody holds are not heard of any more. */
  forget(): void {
    for (const [id, { account, listener }] of this.#heard) {
      if (this.#held.has(id)) continue;
      account.listeners.delete(listener);
      this.#heard.delete(id);
    }
  }

  close(): void {
    this.#held.clear();
    this.forget();
  }

  async #sharers(): Promise<AccountRecord[]> {
    await this.refresh();
    return this.#options.sharing.sharersWith(this.person, this.own.record);
  }

  async #open(record: AccountRecord): Promise<AccountState | undefined> {
    const { accounts, listener: session } = this.#options;
    const account = await accounts.open(record.id).catch((error: unknown) => {
      if (error instanceof MailboxError && error.code === 'nonexistent') return undefined;
      throw error;
    });
    if (account === undefined || isClosed(account.record)) return undefined;
    if (this.#heard.get(account.id)?.account === account) return account;
    const listener: AccountListener = {
      onApplied: () => session.onApplied?.(),
      onTakenBack: () => session.onTakenBack?.(),
      onEvicted: () => {
        account.listeners.delete(listener);
        if (this.#heard.get(account.id)?.account === account) this.#heard.delete(account.id);
        session.onOwnerGone(account);
      },
    };
    this.#heard.set(account.id, { account, listener });
    try {
      await accounts.join(account, listener);
    } catch (error) {
      this.#heard.delete(account.id);
      // It was closed just now.
      if (error instanceof MailboxError && error.code === 'bad-credentials') return undefined;
      throw error;
    }
    return account;
  }
}

/** Undefined: no name of somebody else's mailbox. */
export function namedIn(name: string): Named | undefined {
  const prefix = OTHER_USERS + DELIMITER;
  if (!name.startsWith(prefix)) return undefined;
  const rest = name.slice(prefix.length);
  // A local part may have a delimiter in it, a domain has none.
  const end = rest.indexOf(DELIMITER, rest.indexOf('@'));
  if (!rest.includes('@')) return undefined;
  const address = canonicalAddress(end < 0 ? rest : rest.slice(0, end), '');
  if (address === undefined) return undefined;
  return { address, name: end < 0 ? undefined : canonicalName(rest.slice(end + 1)) };
}
