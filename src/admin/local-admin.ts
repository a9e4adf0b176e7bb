/**
 * Administration of the mail that this process has open: in the server behind the control socket, or in a command that
 * runs while no server does.
 */
import type { AccountAdmin, Credential, Removal } from '../identity/account-admin.ts';
import type { Activity, ActivityEvent } from '../identity/activity.ts';
import type { ActivityFiles } from '../identity/activity-files.ts';
import { type DomainOperations, limitChanges } from '../identity/domain-admin.ts';
import type { SecondSteps } from '../identity/second-steps.ts';
import type { WebSessions } from '../identity/web-sessions.ts';
import { FIRST_MAILBOXES } from '../mailbox/accounts.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import type { Author } from '../mailbox/model/author.ts';
import { hasSecondStep } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import { asOwnChanges, asOwnLimits } from '../mailbox/model/quota.ts';
import { createMailbox, setSubscribed } from '../mailbox/operations/folders.ts';
import { findMailbox, mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { setQuota } from '../mailbox/operations/quota.ts';
import { type ForeignUids, type TakenOver, takeOverUids } from '../mailbox/operations/take-over-uids.ts';
import type { Packing } from '../mailbox/port/packing.ts';
import type { Snapshots } from '../mailbox/port/snapshots.ts';
import { type Usage, usageOf } from '../mailbox/reading/usage.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { checkMail } from '../mailbox/upkeep/check.ts';
import type { Connections } from '../net/connections.ts';
import type { ConnectionFacts } from '../net/guest.ts';
import type { Editing } from '../rules/editing.ts';
import type { Rehearsing } from '../rules/rehearsal.ts';
import type { AddedMessage, MailboxSummary, MessageToAdd, StoredMessage } from '../transfer/mail-access.ts';
import type { Content } from '../transfer/missing.ts';
import type { MigrationAccess } from '../transfer/network/migration-access.ts';
import { Adding, refusal } from './adding.ts';
import type {
  AccountSummary,
  AccountToAdd,
  AddedAccount,
  Admin,
  AppPassword,
  AppPasswordSummary,
  FeedbackAdmin,
  NewAppPassword,
  QuotaChange,
} from './admin.ts';
import { contentsOf } from './contents.ts';
import type { KeepingAdmin } from './keeping-admin.ts';
import { limitsSummary } from './limits-summary.ts';
import { LocalKeeping } from './local-keeping.ts';
import { LocalMigration } from './local-migration.ts';
import { LocalPeople } from './local-people.ts';
import { LocalQueue } from './local-queue.ts';
import { LocalScripts } from './local-scripts.ts';
import { LocalSharing } from './local-sharing.ts';
import type { PeopleAdmin } from './people-admin.ts';
import { readHeader } from './read-header.ts';
import { readMailbox } from './read-mailbox.ts';
import type { ScriptAdmin } from './script-admin.ts';
import type { SharingAdmin } from './sharing-admin.ts';

export interface LocalAdminOptions {
  readonly domain: Domain;
  readonly accounts: AccountAdmin;
  readonly domains: DomainOperations;
  readonly feedback: FeedbackAdmin;
  readonly activity: Activity;
  readonly journal: Pick<ActivityFiles, 'read' | 'recent'>;
  readonly connections: Pick<Connections, 'list' | 'disconnect'>;
  readonly webSessions: Pick<WebSessions, 'makeLink'>;
  readonly secondSteps: Pick<SecondSteps, 'reset'>;
  readonly editing: Editing & Rehearsing;
  /** Called by `close`; the server keeps its store and passes none. */
  readonly onClose?: () => Promise<void>;
}

/** Whoever has the command line or the control socket. */
const ADMINISTRATOR: Author = Object.freeze({ service: 'control', id: '', client: undefined });

export class LocalAdmin implements Admin {
  readonly server = undefined;
  readonly scripts: ScriptAdmin;
  readonly domains: DomainOperations;
  readonly feedback: FeedbackAdmin;
  readonly queue: LocalQueue;
  readonly keeping: KeepingAdmin;
  readonly sharing: SharingAdmin;
  readonly migration: MigrationAccess;
  readonly people: PeopleAdmin;
  readonly packing: Packing;
  readonly snapshots: Snapshots;
  readonly #domain: Domain;
  readonly #accounts: AccountAdmin;
  readonly #options: LocalAdminOptions;

  constructor(options: LocalAdminOptions) {
    this.#domain = actingAs(options.domain, ADMINISTRATOR);
    this.#accounts = options.accounts;
    this.domains = options.domains;
    this.feedback = options.feedback;
    this.#options = options;
    this.queue = new LocalQueue(this.#domain);
    const open = (address: string) => this.#open(address);
    const parts = { domain: this.#domain, activity: options.activity };
    this.keeping = new LocalKeeping(parts, open);
    this.sharing = new LocalSharing(parts, open);
    this.migration = new LocalMigration(this.#domain, (address) => this.#open(address));
    this.people = new LocalPeople({
      ...{ ...options, domain: this.#domain },
      accountOf: (address) => options.accounts.accountOf(address),
      summaryOf: (record) => this.#summary(record),
    });
    this.packing = this.#domain.store.packing;
    this.snapshots = this.#domain.store.snapshots;
    this.scripts = new LocalScripts({ ...options, domain: this.#domain });
  }

  async listAccounts(): Promise<readonly AccountSummary[]> {
    // Of accounts that another process holds, that one knows how much they use.
    const all = await this.#domain.store.directory.list();
    const records = all.filter(({ id }) => this.#domain.store.owns(id));
    return Promise.all(records.map((record) => this.#summary(record)));
  }

  async findAccount(address: string): Promise<AccountSummary> {
    return this.#summary(await this.#accounts.accountOf(address));
  }

  async addAccounts(accounts: readonly AccountToAdd[]): Promise<readonly AddedAccount[]> {
    const outcomes = await this.#accounts.addAccounts(accounts);
    return outcomes.map((outcome) =>
      outcome instanceof MailboxError ? refusal(outcome) : { address: outcome.address },
    );
  }

  async setPassword(address: string, credential: Credential): Promise<void> {
    const record = await this.#accounts.accountOf(address);
    await this.#accounts.setPassword(record.id, credential);
  }

  async listAppPasswords(address: string): Promise<readonly AppPasswordSummary[]> {
    const { credentials } = await this.#accounts.accountOf(address);
    return credentials
      .filter(({ kind }) => kind === 'app-password')
      .map(({ id: number, kind: _, secret: __, proofKeys: ___, ...rest }) => ({ number, ...rest }));
  }

  async addAppPassword(address: string, wanted: NewAppPassword): Promise<AppPassword> {
    const record = await this.#accounts.accountOf(address);
    return this.#accounts.addAppPassword(record.id, wanted);
  }

  async revokeAppPassword(address: string, number: number): Promise<void> {
    const record = await this.#accounts.accountOf(address);
    await this.#accounts.revokeAppPassword(record.id, number);
  }

  async usageOf(address: string): Promise<Usage> {
    return usageOf(this.#domain, await this.#open(address));
  }

  async setQuota(address: string, change: QuotaChange): Promise<AccountSummary> {
    const record = await this.#accounts.accountOf(address);
    const updated = await setQuota(this.#domain, record, asOwnChanges(limitChanges(change)));
    const {
      quotaBytes = 'none',
      quotaMessages = 'none',
      quotaMailboxes = 'none',
    } = asOwnLimits(this.#domain.accounts.limitsOf(updated));
    const limits = { quotaBytes, quotaMessages, quotaMailboxes };
    this.#options.activity.record(updated.address, 'quota changed', limits);
    return this.#summary(updated);
  }

  async setSetting(address: string, name: string, value: string | undefined): Promise<AccountSummary> {
    const record = await this.#accounts.accountOf(address);
    return this.#summary(await this.#accounts.setSetting(record.id, name, value));
  }

  async removeAccount(address: string, removal?: Removal): Promise<void> {
    const record = await this.#accounts.accountOf(address);
    await this.#accounts.removeAccount(record.id, removal);
  }

  async listMailboxes(address: string): Promise<readonly MailboxSummary[]> {
    const account = await this.#open(address);
    const mailboxes = [...account.mailboxes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return mailboxes.map(({ name, role, exists, bytes, subscribed }) => ({
      name,
      ...(role === undefined ? {} : { role }),
      exists,
      bytes,
      isSubscribed: subscribed,
    }));
  }

  async ensureMailbox(address: string, name: string, { isSubscribed }: { readonly isSubscribed?: boolean }) {
    const account = await this.#open(address);
    const known = findMailbox(account, name);
    const mailbox = known ?? (await createMailbox(this.#domain, account, name));
    // An import adds subscriptions; it takes none away from a mailbox that was there before.
    const isWrong = isSubscribed !== undefined && mailbox.subscribed !== isSubscribed;
    if (isWrong && (isSubscribed || known === undefined)) {
      await setSubscribed(this.#domain, account, mailbox.name, isSubscribed);
    }
    return { name: mailbox.name, isNew: known === undefined };
  }

  async takeOverUids(address: string, mailbox: string, uids: ForeignUids): Promise<TakenOver> {
    const account = await this.#open(address);
    return takeOverUids(this.#domain, account, mailboxOf(account, mailbox), uids);
  }

  async whichImported(address: string, mailbox: string, keys: readonly Buffer[]) {
    const account = await this.#open(address);
    return this.#domain.store.whichImported(account.id, mailboxOf(account, mailbox).id, keys);
  }

  async addMessages(
    address: string,
    mailbox: string,
    messages: Iterable<MessageToAdd> | AsyncIterable<MessageToAdd>,
  ): Promise<readonly AddedMessage[]> {
    const account = await this.#open(address);
    const { name } = mailboxOf(account, mailbox);
    // Anew for each change: they may come so slowly that the account is not in memory any more.
    const adding = new Adding(this.#domain, () => this.#open(address), { account: account.id, mailbox });
    const outcomes = await adding.all(messages);
    const added = outcomes.filter((one) => 'uid' in one).length;
    if (added > 0) {
      this.#options.activity.note(account.record.address, 'messages imported', {
        mailbox: name,
        messages: added,
      });
    }
    return outcomes;
  }

  async *readMessages(address: string, mailbox: string): AsyncGenerator<StoredMessage> {
    const account = await this.#open(address);
    this.#options.activity.note(account.record.address, 'mailbox exported', { mailbox });
    yield* readMailbox(this.#domain, account, mailbox);
  }

  async *contentsOf(address: string): AsyncGenerator<Content> {
    const account = await this.#open(address);
    this.#options.activity.note(account.record.address, 'mail compared with a backup', {});
    yield* contentsOf(this.#domain, account);
  }

  async readHeader(address: string, mailbox: string, uid: number): Promise<Buffer> {
    return readHeader(this.#domain, await this.#open(address), mailbox, uid);
  }

  async listConnections(): Promise<readonly ConnectionFacts[]> {
    return this.#options.connections.list();
  }

  async activityOf(address: string, limit: number): Promise<readonly ActivityEvent[]> {
    return this.#options.journal.read(this.#accounts.nameOf(address), limit);
  }

  async *check({ address, repair }: { readonly address?: string; readonly repair: boolean }) {
    const accounts = address === undefined ? {} : { accounts: [await this.#accounts.accountOf(address)] };
    yield* checkMail(this.#domain, { ...accounts, repair });
  }

  async close(): Promise<void> {
    await this.#options.onClose?.();
  }

  async #open(address: string): Promise<AccountState> {
    return this.#domain.accounts.open((await this.#accounts.accountOf(address)).id);
  }

  async #summary(record: AccountRecord): Promise<AccountSummary> {
    const { address, createdMs, settings, credentials } = record;
    const used = await this.#usedBy(record.id);
    const said = { address, createdMs, settings, hasSecondStep: hasSecondStep(credentials) };
    return { ...said, ...used, ...limitsSummary(this.#domain, record) };
  }

  async #usedBy(id: AccountId) {
    const account = this.#domain.accounts.peek(id);
    const stored = account === undefined ? await this.#domain.store.loadAccount(id) : undefined;
    const { usedBytes = 0, usedMessages = 0 } = account ?? stored?.row ?? {};
    return {
      usedBytes,
      usedMessages,
      usedMailboxes: (account?.mailboxes.size ?? stored?.mailboxes.length) || FIRST_MAILBOXES.length,
    };
  }
}
