/** `SharingAdmin` of accounts that this process holds. */
import type { Activity } from '../identity/activity.ts';
import { Sharing } from '../identity/sharing.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { NO_RIGHTS } from '../mailbox/model/rights.ts';
import { accountOfIdentity, type Identity, NEGATIVE, rightsIn } from '../mailbox/model/shares.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { changeShares, sharesOf } from '../mailbox/operations/shares.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { ChangedShare, RightsChange, Share, SharingAdmin } from './sharing-admin.ts';

export class LocalSharing implements SharingAdmin {
  readonly #domain: Domain;
  readonly #sharing: Sharing;
  readonly #activity: Pick<Activity, 'record'>;
  readonly #open: (address: string) => Promise<AccountState>;

  constructor(
    { domain, activity }: { readonly domain: Domain; readonly activity: Pick<Activity, 'record'> },
    open: (address: string) => Promise<AccountState>,
  ) {
    this.#domain = domain;
    this.#sharing = new Sharing(domain);
    this.#activity = activity;
    this.#open = open;
  }

  async sharesOf(address: string): Promise<readonly Share[]> {
    const account = await this.#open(address);
    const found: Share[] = [];
    const mailboxes = [...account.mailboxes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const mailbox of mailboxes)
      for (const [identity, rights] of sharesOf(account, mailbox)) {
        const name = await this.#sharing.nameOf(identity);
        if (name !== undefined) found.push({ mailbox: mailbox.name, with: name, rights });
      }
    return found;
  }

  async share(address: string, name: string, who: string, change: RightsChange): Promise<ChangedShare> {
    const account = await this.#open(address);
    const mailbox = mailboxOf(account, name);
    const identity = await this.#sharing.identityToChange(account.record, who, change);
    if (identity === undefined) throw new MailboxError('nonexistent', 'there is nobody of that name');
    const before = sharesOf(account, mailbox).get(identity) ?? NO_RIGHTS;
    const rights = await changeShares(this.#domain, account, mailbox, identity, change);
    const named = (await this.#sharing.nameOf(identity)) ?? who;
    if (rights !== before)
      this.#activity.record(account.record.address, 'rights changed', {
        ...{ mailbox: mailbox.name, who: named, rights },
      });
    return { with: named, before, rights, byOthers: await this.#byOthers(account, mailbox, identity) };
  }

  /** What an account may do in a mailbox beside what it is given itself. */
  async #byOthers(
    account: AccountState,
    mailbox: MailboxState,
    identity: Identity,
  ): Promise<ChangedShare['byOthers']> {
    const id = accountOfIdentity(identity);
    const record = id === undefined ? undefined : await this.#domain.store.directory.get(id);
    if (record === undefined) return [];
    const person = await this.#sharing.personOf(record);
    const all = [...sharesOf(account, mailbox)];
    const taken = all.filter(([one]) => one.startsWith(NEGATIVE));
    const found: { with: string; rights: string }[] = [];
    for (const given of all) {
      const rights = given[0] === identity ? '' : rightsIn(new Map([given, ...taken]), person);
      if (rights !== '') found.push({ with: given[0], rights });
    }
    return found;
  }
}
