/**
 * A whole domain for a test: the embedded store in a folder of its own, accounts with known passwords, and a clock.
 * `close()` checks that everything stored adds up, closes the store and removes the folder.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalAdmin } from '../../src/admin/local-admin.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Log } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { overviewOf } from '../../src/feedback/overview.ts';
import { AccountAdmin } from '../../src/identity/account-admin.ts';
import { Activity } from '../../src/identity/activity.ts';
import { Authenticator, type AuthenticatorOptions } from '../../src/identity/authenticator.ts';
import { DomainAdmin, type DomainAdminOptions } from '../../src/identity/domain-admin.ts';
import { Passwords } from '../../src/identity/password.ts';
import { ProofKeyMaker } from '../../src/identity/proof-keys.ts';
import { Recipients } from '../../src/identity/recipients.ts';
import { Accounts } from '../../src/mailbox/accounts.ts';
import { Turns } from '../../src/mailbox/change/turns.ts';
import { ALL_IN_INBOX, type Dispositions } from '../../src/mailbox/disposition.ts';
import type { Domain, DomainLimits } from '../../src/mailbox/domain.ts';
import { KEEPS_ALL, type Keeping } from '../../src/mailbox/keeping.ts';
import { type MailboxEvents, NO_EVENTS } from '../../src/mailbox/mailbox-events.ts';
import { type AccountRecord, emailId } from '../../src/mailbox/model/model.ts';
import { mailboxOf } from '../../src/mailbox/operations/mailboxes.ts';
import { NO_INDEX_FILES } from '../../src/mailbox/port/index-files.ts';
import { EVERYTHING_HERE } from '../../src/mailbox/port/placement.ts';
import type { MailStore } from '../../src/mailbox/port/store.ts';
import { TranslatedStore } from '../../src/mailbox/port/translated-store.ts';
import { Alarms } from '../../src/mailbox/state/alarms.ts';
import { loadList } from '../../src/mailbox/state/load.ts';
import { SentCopies } from '../../src/mailbox/state/sent-copies.ts';
import { TextIndex } from '../../src/mailbox/text-index/text-index.ts';
import { type CheckProblem, checkMail } from '../../src/mailbox/upkeep/check.ts';
import { Compiler } from '../../src/rules/compiler.ts';
import type { Editing } from '../../src/rules/editing.ts';
import { GlobalLists } from '../../src/rules/global-lists.ts';
import { GlobalScripts } from '../../src/rules/global-scripts.ts';
import { Rules } from '../../src/rules/rules.ts';
import { annotationRoomOf } from '../../src/server/annotation-room.ts';
import { LIMITS } from '../../src/sieve/run/limits.ts';
import { FolderIndexFiles } from '../../src/store/index-files.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { bugLog } from './bug-log.ts';

/** As cheap as Argon2 gets: tests sign in often. */
const TEST_COST = Object.freeze({ memoryKiB: 64, passes: 1, lanes: 1 });

const TEST_LIMITS: DomainLimits = Object.freeze({
  keywordsPerMailbox: 500,
  keywordsPerMessage: 100,
  mailboxesPerAccount: 10_000,
  messageBytes: 128 * 1024 * 1024,
  annotationBytes: annotationRoomOf({ quota: { annotations: 4 * 1024 * 1024 } }),
  outgoingPerAccount: 10_000,
  outgoingBytesPerAccount: 1024 ** 3,
  outgoing: 1_000_000,
  roomGraceMs: 3 * 86_400_000,
});

export interface TestDomainOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly limits?: Partial<DomainLimits>;
  /** An existing data folder, which `close` then leaves where it is. */
  readonly data?: string;
  readonly shards?: number;
  readonly flags?: 'synced' | 'delayed';
  /** As for `check --repair` without a server. */
  readonly mends?: boolean;
  /** The disk failed: the server would end here. */
  readonly onFatal?: (error: Error) => void;
  /** The test has damaged the folder: closing does not insist that everything adds up. */
  readonly mayBeDamaged?: boolean;
  /** The delay of refused sign-ins before it doubles; 0 when absent. */
  readonly failDelayMs?: number;
  /** Instead of waiting for that long. */
  readonly sleep?: (ms: number) => Promise<unknown>;
  readonly issuer?: AuthenticatorOptions['issuer'];
  readonly rules?: Partial<AuthenticatorOptions['rules']>;
  /** Whom deliveries ask; nobody when absent. */
  readonly dispositions?: Dispositions;
  readonly learns?: boolean;
  readonly keeping?: Partial<Keeping>;
  readonly events?: MailboxEvents;
  readonly serverAnnotations?: ReadonlyMap<string, string>;
  /** An index of texts in the data folder; whoever asks for it starts `startIndexing`. */
  readonly hasIndex?: boolean;
  /** For stores that fail. */
  readonly wrapStore?: (store: MailStore) => MailStore;
}

export interface TestDomain {
  readonly domain: Domain;
  readonly store: MailStore;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly admin: AccountAdmin;
  readonly data: string;
  addAccount(
    address: string,
    password: string,
    quota?: { readonly bytes?: number; readonly messages?: number; readonly mailboxes?: number },
  ): Promise<AccountRecord>;
  /** The bytes of all messages of a mailbox, in the order of their UIDs. */
  messagesOf(address: string, mailbox?: string): Promise<Buffer[]>;
  close(): Promise<void>;
}

export async function openTestDomain(options: TestDomainOptions = {}): Promise<TestDomain> {
  const { clock = systemClock, log = bugLog } = options;
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'brevduva-test-')));
  const opened = await openSqliteStore({
    directory: data,
    shards: options.shards ?? 1,
    flags: options.flags ?? 'synced',
    mends: options.mends ?? false,
    ...(options.onFatal === undefined ? {} : { onFatal: options.onFatal }),
    log,
  });
  const store = options.wrapStore?.(opened) ?? opened;
  const translated = new TranslatedStore(store);
  const turns = new Turns(translated, clock, log);
  const accounts = new Accounts(translated, turns, clock);
  const limits = { ...TEST_LIMITS, ...options.limits };
  const domain: Domain = {
    ...{ store: translated, accounts, turns, clock, log, limits },
    placement: EVERYTHING_HERE,
    sentCopies: new SentCopies(),
    alarms: new Alarms(),
    learns: options.learns ?? false,
    events: options.events ?? NO_EVENTS,
    serverAnnotations: options.serverAnnotations ?? new Map(),
    textIndex: new TextIndex({
      files: options.hasIndex === true ? new FolderIndexFiles(data) : NO_INDEX_FILES,
      maxBytes: 64 * 1024 * 1024,
      log,
    }),
    keeping: { ...KEEPS_ALL(clock), ...options.keeping },
    dispositions: options.dispositions ?? ALL_IN_INBOX,
  };
  const passwords = new Passwords(TEST_COST);
  const proofKeys = new ProofKeyMaker({ saltKey: 'a test', areKept: true, iterations: 64 });
  const activity = new Activity({ log, clock });
  const authenticator = new Authenticator({
    activity,
    directory: store.directory,
    ...{ passwords, proofKeys },
    rules: { mainPassword: 'everywhere', scram: 'auto', ...options.rules },
    issuer: options.issuer,
    clock,
    log,
    defaultDomain: 'example.com',
    failDelayMs: options.failDelayMs ?? 0,
    ...(options.sleep === undefined ? {} : { sleep: options.sleep }),
  });
  const admin = new AccountAdmin({
    ...{ domain, passwords, proofKeys },
    defaultDomain: 'example.com',
    authenticator,
    activity,
  });
  return {
    domain,
    store,
    authenticator,
    activity,
    admin,
    data,
    async addAccount(address, password, quota = {}) {
      const [outcome] = await admin.addAccounts([
        {
          address,
          password: new Secret(password),
          ...(quota.bytes === undefined ? {} : { quotaBytes: quota.bytes }),
          ...(quota.messages === undefined ? {} : { quotaMessages: quota.messages }),
          ...(quota.mailboxes === undefined ? {} : { quotaMailboxes: quota.mailboxes }),
        },
      ]);
      if (outcome === undefined || outcome instanceof Error) throw outcome ?? new Error('no outcome');
      return outcome;
    },
    messagesOf: (address, mailbox = 'INBOX') => readMessages(domain, address, mailbox),
    async close() {
      const problems: CheckProblem[] = [];
      if (options.mayBeDamaged !== true) {
        for await (const event of checkMail(
          { ...domain, store: new TranslatedStore(opened) },
          { repair: false },
        )) {
          if (event.kind === 'problem') problems.push(event);
        }
      }
      await store.close();
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
      assert.deepEqual(problems, []);
    },
  };
}

export const TEST_EDITING: Editing = {
  compiler: new Compiler({ canSend: false }),
  limits: { scripts: 100, scriptBytes: 1024 * 1024, accountBytes: 10 * 1024 * 1024 },
  runLimits: LIMITS,
};

/** Of accounts whose lists are empty; nothing is sent. */
export function plainRules({ store, clock, log, serverAnnotations }: Domain): Rules {
  const { compiler } = TEST_EDITING;
  return new Rules({
    ...{ store, clock, log, compiler, hostname: 'mail.example.com', separators: '+', version: '1' },
    globals: new GlobalScripts({ folder: undefined, compiler, clock, log }),
    serverAnnotations,
    lists: {
      domain: { store },
      globals: new GlobalLists({ folder: undefined, clock, log }),
      owns: async ({ record }, address) => record.address === address.toLowerCase(),
    },
  });
}

/** Administration of the domain in this process. */
export function localAdminOf({ domain, admin: accounts, activity }: TestDomain): LocalAdmin {
  const journal = { read: async () => [], recent: async () => [] };
  const domains = domainAdminOf(domain);
  return new LocalAdmin({
    domain,
    accounts,
    domains,
    feedback: { overviewOf: async (name, days) => overviewOf(name, days, []) },
    activity,
    journal,
    editing: { ...TEST_EDITING, dispositions: plainRules(domain) },
    connections: { list: () => [], disconnect: () => false },
    webSessions: { makeLink: async () => '1.none' },
    secondSteps: { reset: async () => false },
  });
}

/** Its keys are none that could sign. */
export function domainAdminOf(domain: Domain, rest: Partial<DomainAdminOptions> = {}): DomainAdmin {
  const recipients = recipientsOf(domain);
  const makeKey = async (algorithm: string) => ({
    ...{ privateKey: `secret ${algorithm}`, record: `v=DKIM1; k=${algorithm}; p=AAAA` },
  });
  return new DomainAdmin({
    ...{ domain, recipients, defaultDomain: 'example.com', makeKey, ...rest },
  });
}

/** Who receives for an address in the domain. */
export function recipientsOf({ store }: Domain, defaultDomain = 'example.com'): Recipients {
  const { directory } = store;
  return new Recipients({ directory, defaultDomain, separators: '+', postmaster: '' });
}

async function readMessages(domain: Domain, address: string, name: string): Promise<Buffer[]> {
  const record = await domain.store.directory.find(address);
  if (record === undefined) throw new Error(`no account ${address}`);
  const account = await domain.accounts.open(record.id);
  const list = await loadList(domain, account, mailboxOf(account, name));
  const messages: Buffer[] = [];
  for (const email of list.columns.email.subarray(0, list.count)) {
    const range = { email: emailId(account.id, email), start: 0, end: Number.MAX_SAFE_INTEGER };
    const slices: Buffer[] = [];
    for await (const slice of domain.store.readStream(range)) slices.push(slice);
    messages.push(Buffer.concat(slices));
  }
  return messages;
}
