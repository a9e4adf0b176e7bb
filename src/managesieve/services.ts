/** What all ManageSieve connections share. */
import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Relay } from '../net/relay.ts';
import type { Roster } from '../net/roster.ts';
import type { TlsSource } from '../net/tls.ts';
import type { Editing } from '../rules/editing.ts';
import type { ManageSieveSettings } from './settings.ts';

export interface ManageSieveServices {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly editing: Editing;
  readonly settings: ManageSieveSettings;
  readonly roster: Roster;
  readonly relay: Relay;
  readonly tls: TlsSource;
  readonly log: Log;
}
