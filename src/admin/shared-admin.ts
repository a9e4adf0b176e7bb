/**
 * Administration of a server of several processes: what is about one account goes to whoever holds it, what is about all is asked
 * of everybody and put together, and accounts are made where they are written.
 */
import { type ActivityEvent, inOrderOfTime } from '../identity/activity.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import type { ForeignUids } from '../mailbox/operations/take-over-uids.ts';
import { type Packing, sumOfReports, sumOfStatus } from '../mailbox/port/packing.ts';
import type { Usage } from '../mailbox/reading/usage.ts';
import type { CheckEvent, CheckVerdict } from '../mailbox/upkeep/check.ts';
import type { ConnectionFacts } from '../net/guest.ts';
import type { MessageToAdd, StoredMessage } from '../transfer/mail-access.ts';
import type { Content } from '../transfer/missing.ts';
import type {
  AccountSummary,
  AccountToAdd,
  Admin,
  AppPassword,
  AppPasswordSummary,
  Credential,
  DomainOperations,
  FeedbackAdmin,
  NewAppPassword,
  QuotaChange,
  Removal,
} from './admin.ts';
import { sharedDomains } from './control-domains.ts';
import { sharedKeeping } from './control-keeping.ts';
import { sharedMigration } from './control-migration.ts';
import { sharedPeople } from './control-people.ts';
import { SharedQueue } from './control-queue.ts';
import { SharedScripts } from './control-scripts.ts';
import { sharedSharing } from './control-sharing.ts';
import { sharedSnapshots } from './control-snapshots.ts';
import type { PeopleAdmin } from './people-admin.ts';

export interface AdminParts {
  /** Of this process, which writes the accounts. */
  readonly local: Admin;
  /** Throws `nonexistent`. */
  accountOf(address: string): Promise<AccountRecord>;
  /** Throws `nonexistent`. */
  recordOf(account: AccountId): Promise<AccountRecord>;
  /** Of whoever holds the account. Throws `unavailable` while that one is gone. */
  holder(account: AccountRecord): Promise<Admin>;
  /** Of all processes, this one first. Throws `unavailable` while one of them is gone. */
  everybody(): Promise<readonly Admin[]>;
  /** Of those that are there. */
  whoIsThere(): Promise<readonly Admin[]>;
}

export class SharedAdmin implements Admin {
  readonly server = undefined;
  readonly scripts = new SharedScripts((address) => this.#holderOf(address));
  readonly queue: SharedQueue;
  readonly people: PeopleAdmin;
  readonly keeping = sharedKeeping((address) => this.#holderOf(address));
  readonly sharing = sharedSharing((address) => this.#holderOf(address));
  readonly migration = sharedMigration((address) => this.#holderOf(address));
  readonly packing: Packing = {
    compact: async () => (await this.#askAll((admin) => admin.packing.compact())).reduce(sumOfReports),
    status: async () => (await this.#askAll((admin) => admin.packing.status())).reduce(sumOfStatus),
  };
  readonly snapshots = sharedSnapshots(() => this.#parts.everybody());
  /** They are where accounts are written. */
  readonly domains: DomainOperations;
  readonly #parts: AdminParts;

  constructor(parts: AdminParts) {
    this.#parts = parts;
    this.domains = sharedDomains(parts.local.domains, () => this.listAccounts());
    this.people = sharedPeople({ ...parts, holderOf: (address) => this.#holderOf(address) });
    this.queue = new SharedQueue({
      everybody: () => parts.everybody(),
      holderOf: (address) => this.#holderOf(address),
      holderOfNumber: async (account) => parts.holder(await parts.recordOf(account)),
    });
  }

  /** All processes write the same. */
  get feedback(): FeedbackAdmin {
    return this.#parts.local.feedback;
  }

  async listAccounts(): Promise<readonly AccountSummary[]> {
    const lists = await this.#askAll((admin) => admin.listAccounts());
    return lists.flat().sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  async findAccount(address: string): Promise<AccountSummary> {
    return (await this.#holderOf(address)).findAccount(address);
  }

  addAccounts(accounts: readonly AccountToAdd[]) {
    return this.#parts.local.addAccounts(accounts);
  }

  async setPassword(address: string, credential: Credential): Promise<void> {
    return (await this.#holderOf(address)).setPassword(address, credential);
  }

  async listAppPasswords(address: string): Promise<readonly AppPasswordSummary[]> {
    return (await this.#holderOf(address)).listAppPasswords(address);
  }

  async addAppPassword(address: string, wanted: NewAppPassword): Promise<AppPassword> {
    return (await this.#holderOf(address)).addAppPassword(address, wanted);
  }

  async revokeAppPassword(address: string, number: number): Promise<void> {
    return (await this.#holderOf(address)).revokeAppPassword(address, number);
  }

  async usageOf(address: string): Promise<Usage> {
    return (await this.#holderOf(address)).usageOf(address);
  }

  async setQuota(address: string, change: QuotaChange): Promise<AccountSummary> {
    return (await this.#holderOf(address)).setQuota(address, change);
  }

  async setSetting(address: string, name: string, value: string | undefined): Promise<AccountSummary> {
    return (await this.#holderOf(address)).setSetting(address, name, value);
  }

  async removeAccount(address: string, removal?: Removal): Promise<void> {
    return (await this.#holderOf(address)).removeAccount(address, removal);
  }

  async listMailboxes(address: string) {
    return (await this.#holderOf(address)).listMailboxes(address);
  }

  async ensureMailbox(address: string, name: string, options: { readonly isSubscribed?: boolean }) {
    return (await this.#holderOf(address)).ensureMailbox(address, name, options);
  }

  async takeOverUids(address: string, mailbox: string, uids: ForeignUids) {
    return (await this.#holderOf(address)).takeOverUids(address, mailbox, uids);
  }

  async whichImported(address: string, mailbox: string, keys: readonly Buffer[]) {
    return (await this.#holderOf(address)).whichImported(address, mailbox, keys);
  }

  async addMessages(
    address: string,
    mailbox: string,
    messages: Iterable<MessageToAdd> | AsyncIterable<MessageToAdd>,
  ) {
    return (await this.#holderOf(address)).addMessages(address, mailbox, messages);
  }

  async *readMessages(address: string, mailbox: string): AsyncGenerator<StoredMessage> {
    yield* (await this.#holderOf(address)).readMessages(address, mailbox);
  }

  async *contentsOf(address: string): AsyncGenerator<Content> {
    yield* (await this.#holderOf(address)).contentsOf(address);
  }

  async readHeader(address: string, mailbox: string, uid: number): Promise<Buffer> {
    return (await this.#holderOf(address)).readHeader(address, mailbox, uid);
  }

  async listConnections(): Promise<readonly ConnectionFacts[]> {
    const there = await this.#parts.whoIsThere();
    const lists = await Promise.all(there.map((admin) => admin.listConnections().catch(() => [])));
    return lists.flat().sort((a, b) => a.sinceMs - b.sinceMs);
  }

  async activityOf(address: string, limit: number): Promise<readonly ActivityEvent[]> {
    const there = await this.#parts.whoIsThere();
    const lists = await Promise.all(there.map((admin) => admin.activityOf(address, limit).catch(() => [])));
    return inOrderOfTime(lists.flat()).slice(-limit);
  }

  async *check(options: { readonly address?: string; readonly repair: boolean }): AsyncGenerator<CheckEvent> {
    if (options.address !== undefined) {
      yield* (await this.#holderOf(options.address)).check(options);
      return;
    }
    let total: CheckVerdict | undefined;
    for (const admin of await this.#parts.everybody()) {
      for await (const event of admin.check(options)) {
        if (event.kind === 'verdict') total = sumOf(total, event);
        else if (event.kind === 'progress' && total !== undefined) yield beyond(total, event);
        else yield event;
      }
    }
    if (total !== undefined) yield total;
  }

  close(): Promise<void> {
    return this.#parts.local.close();
  }

  async #holderOf(address: string): Promise<Admin> {
    return this.#parts.holder(await this.#parts.accountOf(address));
  }

  async #askAll<T>(ask: (admin: Admin) => Promise<T>): Promise<readonly T[]> {
    return Promise.all((await this.#parts.everybody()).map(ask));
  }
}

/** What one process has looked at, behind all that others have. */
function beyond(total: CheckVerdict, event: Extract<CheckEvent, { kind: 'progress' }>): CheckEvent {
  return { ...event, messages: total.messages + event.messages, bytes: total.bytes + event.bytes };
}

function sumOf(total: CheckVerdict | undefined, one: CheckVerdict): CheckVerdict {
  if (total === undefined) return one;
  return {
    kind: 'verdict',
    accounts: total.accounts + one.accounts,
    mailboxes: total.mailboxes + one.mailboxes,
    messages: total.messages + one.messages,
    bytes: total.bytes + one.bytes,
    problems: total.problems + one.problems,
    repaired: total.repaired + one.repaired,
  };
}
