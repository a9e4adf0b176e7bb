/** `KeepingAdmin` of accounts that this process holds. */
import type { Activity } from '../identity/activity.ts';
import type { Domain } from '../mailbox/domain.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { recoverMail } from '../mailbox/operations/recover.ts';
import { retentionOf, setRetention } from '../mailbox/operations/retention.ts';
import { listDeleted } from '../mailbox/reading/deleted-mail.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type {
  DeletedFilter,
  DeletedMail,
  DeletedPage,
  KeepingAdmin,
  MailboxRetention,
  Recovered,
  RecoverRequest,
  RetentionRule,
} from './keeping-admin.ts';

export class LocalKeeping implements KeepingAdmin {
  readonly #domain: Domain;
  readonly #activity: Pick<Activity, 'record'>;
  readonly #open: (address: string) => Promise<AccountState>;

  constructor(
    { domain, activity }: { readonly domain: Domain; readonly activity: Pick<Activity, 'record'> },
    open: (address: string) => Promise<AccountState>,
  ) {
    this.#domain = domain;
    this.#activity = activity;
    this.#open = open;
  }

  async retentionOf(address: string): Promise<readonly MailboxRetention[]> {
    const account = await this.#open(address);
    const found: MailboxRetention[] = [];
    const mailboxes = [...account.mailboxes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const mailbox of mailboxes) {
      const { ms, by } = await retentionOf(this.#domain, account, mailbox);
      const { name, role } = mailbox;
      found.push({ mailbox: name, by, ...(role && { role }), ...(ms !== undefined && { ms }) });
    }
    return found;
  }

  async setRetention(address: string, mailbox: string, rule: RetentionRule | null): Promise<void> {
    const account = await this.#open(address);
    await setRetention(this.#domain, account, mailboxOf(account, mailbox), rule ?? undefined);
  }

  async listDeleted(address: string, filter: DeletedFilter, page: DeletedPage): Promise<DeletedMail> {
    return listDeleted(this.#domain, await this.#open(address), filter, page);
  }

  async recover(address: string, { ids, ...filter }: RecoverRequest): Promise<Recovered> {
    const chosen = ids === undefined ? {} : { ids: new Set(ids) };
    const account = await this.#open(address);
    const done = await recoverMail(this.#domain, account, { ...filter, ...chosen });
    if (done.messages + done.mailboxes > 0)
      this.#activity.record(account.record.address, 'deleted mail brought back', { messages: done.messages });
    return done;
  }
}
