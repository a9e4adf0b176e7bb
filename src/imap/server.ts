/**
 * The IMAP ports: listeners whose connections become sessions.
 */

import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { noteSignedOut } from '../identity/presence.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Listener } from '../net/listener.ts';
import { openPorts, type Port, type SharedOptions } from '../net/ports.ts';
import type { Roster } from '../net/roster.ts';
import type { TlsSource } from '../net/tls.ts';
import { makeRegistry } from './extensions.ts';
import { ImapSession } from './session.ts';
import type { ImapSettings } from './settings.ts';

export interface ImapOptions extends SharedOptions {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly settings: ImapSettings;
  readonly roster: Roster;
  readonly uploads: UploadBudget;
  readonly tls: TlsSource;
  /** Where to listen: `imap` with STARTTLS, `imaps` with TLS from the first octet. */
  readonly listen: readonly Port<'imap' | 'imaps'>[];
}

export async function startImap(options: ImapOptions): Promise<readonly Listener[]> {
  const { domain, authenticator, activity, settings, roster, uploads, tls, log, listen } = options;
  const registry = makeRegistry();
  const services = { domain, authenticator, activity, registry, settings, roster, uploads, tls, log };
  return openPorts({
    listen,
    service: 'imap',
    secureName: 'imaps',
    tls,
    shared: options,
    farewell: '* BYE [UNAVAILABLE]',
    accept: (stream, connection) => new ImapSession(stream, connection, services),
    onLeft: (connection) => noteSignedOut(activity, connection),
  });
}
