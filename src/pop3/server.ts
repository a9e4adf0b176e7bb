/**
 * The POP3 ports: listeners whose connections become sessions.
 */

import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { noteSignedOut } from '../identity/presence.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Listener } from '../net/listener.ts';
import { openPorts, type Port, type SharedOptions } from '../net/ports.ts';
import type { Roster } from '../net/roster.ts';
import type { TlsSource } from '../net/tls.ts';
import { MaildropLocks } from './lock.ts';
import { Pop3Session } from './session.ts';
import type { Pop3Settings } from './settings.ts';
import { SizeCounts } from './size-counts.ts';

export interface Pop3Options extends SharedOptions {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly settings: Pop3Settings;
  readonly roster: Roster;
  readonly tls: TlsSource;
  /** Where to listen: `pop3` with STLS, `pop3s` with TLS from the first octet. */
  readonly listen: readonly Port<'pop3' | 'pop3s'>[];
}

export async function startPop3(options: Pop3Options): Promise<readonly Listener[]> {
  const { domain, authenticator, activity, settings, roster, tls, log, listen } = options;
  const shared = { locks: new MaildropLocks(domain.clock), sizes: new SizeCounts() };
  const services = { domain, authenticator, activity, settings, roster, tls, log, ...shared };
  return openPorts({
    listen,
    service: 'pop3',
    secureName: 'pop3s',
    tls,
    shared: options,
    farewell: '-ERR [SYS/TEMP]',
    accept: (stream, connection) => new Pop3Session(stream, connection, services),
    onLeft: (connection) => noteSignedOut(activity, connection),
  });
}
