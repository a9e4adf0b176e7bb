/** What all IMAP connections share. */
import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Sharing } from '../identity/sharing.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Relay } from '../net/relay.ts';
import type { Roster } from '../net/roster.ts';
import type { SendMemory } from '../net/send-memory.ts';
import type { TlsSource } from '../net/tls.ts';
import type { Registry } from './registry.ts';
import type { ImapSettings } from './settings.ts';
import type { UrlAuthority } from './url/authority.ts';

export interface ImapServices {
  readonly domain: Domain;
  readonly sharing: Sharing;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly registry: Registry;
  readonly uploads: UploadBudget;
  readonly sendMemory: SendMemory;
  /** Of this data folder. */
  readonly urls: UrlAuthority;
  readonly settings: ImapSettings;
  readonly roster: Roster;
  readonly relay: Relay;
  readonly tls: TlsSource;
  readonly log: Log;
}
