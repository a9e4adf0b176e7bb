import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Identities } from '../identity/identities.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Relay } from '../net/relay.ts';
import type { Roster } from '../net/roster.ts';
import type { TlsSource } from '../net/tls.ts';
import type { NamedOctets } from '../smtp/role.ts';
import type { Allowances } from './allowance.ts';
import type { Notices } from './notice.ts';
import type { SubmissionSettings } from './settings.ts';

/** What people have in mailboxes, by URLs that say who may have it. */
export interface UrlSource {
  /** What this account may send by it; undefined: nothing. */
  open(account: AccountState, url: string): Promise<NamedOctets | undefined>;
}

/** What all sessions share. */
export interface SubmissionServices {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly recipients: Pick<Recipients, 'resolve'>;
  readonly identities: Pick<Identities, 'maySendAs' | 'addressesOf'>;
  readonly settings: SubmissionSettings;
  readonly allowances: Allowances;
  readonly notices: Pick<Notices, 'tell'>;
  readonly uploads: UploadBudget;
  /** Absent: BURL is not offered. */
  readonly urls?: UrlSource;
  readonly roster: Roster;
  readonly relay: Relay;
  readonly tls: TlsSource;
  readonly log: Log;
}
