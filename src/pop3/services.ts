/** What all POP3 connections share. */
import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Relay } from '../net/relay.ts';
import type { Roster } from '../net/roster.ts';
import type { TlsSource } from '../net/tls.ts';
import type { MaildropLocks } from './lock.ts';
import type { Pop3Settings } from './settings.ts';
import type { SizeCounts } from './size-counts.ts';

export interface Pop3Services {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly settings: Pop3Settings;
  readonly roster: Roster;
  readonly locks: MaildropLocks;
  readonly sizes: SizeCounts;
  readonly relay: Relay;
  readonly tls: TlsSource;
  readonly log: Log;
}
