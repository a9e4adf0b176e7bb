/**
 * What an administrator can do, as one interface with two implementations: `LocalAdmin` works on the mail of this
 * process, `ControlClient` asks the running server through its control socket. A command is written once and does not
 * know which of the two it has.
 */
import type { DomainOverview } from '../feedback/overview.ts';
import type { AppPassword, Credential, NewAccount, Removal } from '../identity/account-admin.ts';
import type { ActivityEvent } from '../identity/activity.ts';
import type { NewAppPassword } from '../identity/app-password.ts';
import type {
  AliasChanged,
  AliasSummary,
  DomainOperations,
  DomainSummary,
  KeySummary,
} from '../identity/domain-admin.ts';
import type { StoredCredential } from '../mailbox/model/credential.ts';
import type { LimitChoice, Resource } from '../mailbox/model/quota.ts';
import type { Packing } from '../mailbox/port/packing.ts';
import type { Snapshots } from '../mailbox/port/snapshots.ts';
import type { Usage } from '../mailbox/reading/usage.ts';
import type { CheckEvent } from '../mailbox/upkeep/check.ts';
import type { ConnectionFacts } from '../net/guest.ts';
import type { MailAccess, Refusal } from '../transfer/mail-access.ts';
import type { ContentAccess } from '../transfer/missing.ts';
import type { MigrationAccess } from '../transfer/network/migration-access.ts';
import type { Standstill } from './event-loop.ts';
import type { KeepingAdmin } from './keeping-admin.ts';
import type { AccountSummary, PeopleAdmin } from './people-admin.ts';
import type { QueueAdmin } from './queue-admin.ts';
import type { ScriptAdmin } from './script-admin.ts';
import type { SharingAdmin } from './sharing-admin.ts';

export interface Admin extends MailAccess, ContentAccess {
  /** Of the running server, undefined when the store was opened by this process. */
  readonly server: ServerFacts | undefined;
  readonly scripts: ScriptAdmin;
  /** Domains, their keys, and aliases. */
  readonly domains: DomainOperations;
  readonly feedback: FeedbackAdmin;
  /** Mail on its way out. */
  readonly queue: QueueAdmin;
  /** How long mail stays, and what was deleted. */
  readonly keeping: KeepingAdmin;
  /** With whom mailboxes are shared. */
  readonly sharing: SharingAdmin;
  readonly people: PeopleAdmin;
  /** Mail that is brought from another server. */
  readonly migration: MigrationAccess;
  /** Older mail in less room. */
  readonly packing: Packing;
  /** For whoever makes a backup. */
  readonly snapshots: Snapshots;

  listAccounts(): Promise<readonly AccountSummary[]>;
  /** Throws `nonexistent`. */
  findAccount(address: string): Promise<AccountSummary>;
  /** Each is created or refused by itself, in the order given. */
  addAccounts(accounts: readonly AccountToAdd[]): Promise<readonly AddedAccount[]>;
  setPassword(address: string, credential: Credential): Promise<void>;
  listAppPasswords(address: string): Promise<readonly AppPasswordSummary[]>;
  /** Shown once. Throws `cannot`, `exists` or `limit`. */
  addAppPassword(address: string, wanted: NewAppPassword): Promise<AppPassword>;
  /** Throws `nonexistent`. */
  revokeAppPassword(address: string, number: number): Promise<void>;
  /** What fills it. */
  usageOf(address: string): Promise<Usage>;
  setQuota(address: string, change: QuotaChange): Promise<AccountSummary>;
  /** Undefined takes it away. Throws `cannot` for an unknown name or a value that it cannot have. */
  setSetting(address: string, name: string, value: string | undefined): Promise<AccountSummary>;
  /** The account and all its mail. Throws `cannot` while mail waits to leave it, unless that is to be dropped. */
  removeAccount(address: string, removal?: Removal): Promise<void>;

  /** Of one message, at most 64 KiB, what was put in front included. Throws `nonexistent`. */
  readHeader(address: string, mailbox: string, uid: number): Promise<Buffer>;

  /** Who is connected to this process, in the order they came. */
  listConnections(): Promise<readonly ConnectionFacts[]>;
  /** What happened to the account, the oldest of at most `limit` events first; also of one that is gone. */
  activityOf(address: string, limit: number): Promise<readonly ActivityEvent[]>;

  check(options: { readonly address?: string; readonly repair: boolean }): AsyncIterable<CheckEvent>;
  close(): Promise<void>;
}

/** What others have reported of domains here. */
export interface FeedbackAdmin {
  /** Of the last so many days. Throws `nonexistent` for a domain whose mail does not come here. */
  overviewOf(domain: string, days: number): Promise<DomainOverview>;
}

export interface ServerFacts {
  readonly pid: number;
  readonly version: string;
  readonly startedMs: number;
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What only a running server can say of itself. */
export interface Watch {
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  health(): Promise<HealthReport>;
  /** The longest standstill of an event loop of other processes, since it was last asked; absent where there are none. */
  standstillElsewhere?(): Promise<Standstill>;
  /** The numbers of this process alone, for whoever adds them up. */
  samples(): Promise<Samples>;
  /** None before all of them accept. */
  listeners(): readonly ListenerFacts[];
}

export interface ListenerFacts {
  /** As the configuration calls it: `imaps`. */
  readonly name: string;
  /** As bound: `127.0.0.1:1993`, `[::]:993`. */
  readonly address: string;
}

/** As the library for metrics has them. */
export type Samples = readonly object[];

export type HealthState = 'ok' | 'warning' | 'failing';

export interface HealthCheck {
  readonly name: string;
  readonly state: HealthState;
  readonly detail: string;
}

export interface HealthReport {
  /** The worst of all. */
  readonly state: HealthState;
  readonly checks: readonly HealthCheck[];
}

/** Nothing of what it could be made from. */
export type AppPasswordSummary = Omit<StoredCredential, 'id' | 'kind' | 'secret' | 'proofKeys'> & {
  readonly number: number;
};

export type AccountToAdd = NewAccount;
export type {
  AccountSummary,
  AliasChanged,
  AliasSummary,
  AppPassword,
  Credential,
  DomainOperations,
  DomainSummary,
  KeySummary,
  NewAppPassword,
  Removal,
};

export type AddedAccount = { readonly address: string } | Refusal;

/** Absent: stays as it is. `none`: no limit. `default`: nothing is said here, so the domain or the configuration counts. */
export type QuotaChange = Readonly<Partial<Record<Resource, LimitChoice | 'default'>>>;
