/** What an administrator can do about people: find one among very many, let one in who has lost the password, see who came in, send one away. */
import type { ActivityEvent } from '../identity/activity.ts';
import type { Resource } from '../mailbox/model/quota.ts';

export const STANDINGS = ['admin', 'closed'] as const;
export const MOST_A_PAGE = 200;

export interface AccountSummary {
  readonly address: string;
  readonly createdMs: number;
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly usedMailboxes: number;
  /** What it may have; absent: there is no limit. */
  readonly quotaBytes?: number;
  readonly quotaMessages?: number;
  readonly quotaMailboxes?: number;
  /** Who has said so, where anybody has said something. */
  readonly quotaFrom: Readonly<Partial<Record<Resource, 'account' | 'domain' | 'default'>>>;
  /** The password alone does not let anybody in. */
  readonly hasSecondStep: boolean;
  /** Only those that are set. */
  readonly settings: Readonly<Record<string, string>>;
}

/** All that is named has to fit. */
export interface AccountsWanted {
  /** Anywhere in the address, in any case. */
  readonly search?: string;
  readonly standing?: (typeof STANDINGS)[number];
  /** Behind this address. */
  readonly after?: string;
  /** At most `MOST_A_PAGE`. */
  readonly limit: number;
}

export interface AccountsPage {
  /** In the order of their addresses. */
  readonly accounts: readonly AccountSummary[];
  /** That fit, those before and behind this page among them. */
  readonly total: number;
}

export interface PeopleAdmin {
  page(wanted: AccountsWanted): Promise<AccountsPage>;
  /** A token that signs in to the webmail once, within an hour, and may then set a password. Throws `nonexistent`, or `cannot` where the account is closed. */
  makeLink(address: string): Promise<string>;
  /** The password alone is enough from now on; whoever is signed in to the webmail is signed out. False: it was. Throws `nonexistent`. */
  resetSecondStep(address: string): Promise<boolean>;
  /** Of all accounts, the newest last; also those that were refused. Read from the end of the journal, as far as that is quick. */
  signIns(limit: number): Promise<readonly ActivityEvent[]>;
  /** Ends the connection of this id. False: there is none. */
  disconnect(id: string): Promise<boolean>;
}
