/**
 * The POP3 ports: listeners whose connections become sessions.
 */
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Authenticator } from '../mailbox/login.ts';
import type { ConnectionLimits, Refusal } from '../net/connection-limits.ts';
import { Listener } from '../net/listener.ts';
import type { Roster } from '../net/roster.ts';
import type { StreamOptions } from '../net/stream.ts';
import type { TlsSource } from '../net/tls.ts';
import { MaildropLocks } from './lock.ts';
import { Pop3Session } from './session.ts';
import type { Pop3Settings } from './settings.ts';
import { SizeCounts } from './size-counts.ts';

export interface Pop3Options {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly settings: Pop3Settings;
  readonly roster: Roster;
  readonly tls: TlsSource;
  readonly limits: ConnectionLimits;
  readonly stream: StreamOptions;
  readonly handshakeTimeoutMs: number;
  readonly log: Log;
  /** Where to listen: `pop3` with STLS, `pop3s` with TLS from the first octet. */
  readonly listen: readonly {
    readonly name: 'pop3' | 'pop3s';
    readonly host: string;
    readonly port: number;
  }[];
}

export async function startPop3(options: Pop3Options): Promise<readonly Listener[]> {
  const { domain, authenticator, settings, roster, tls, limits, stream, handshakeTimeoutMs, log } = options;
  const shared = { locks: new MaildropLocks(domain.clock), sizes: new SizeCounts() };
  const services = { domain, authenticator, settings, roster, tls, log, ...shared };
  const listeners: Listener[] = [];
  try {
    for (const { name, host, port } of options.listen) {
      listeners.push(
        await Listener.open({
          name,
          host,
          port,
          ...(name === 'pop3s' ? { tls } : {}),
          limits,
          stream,
          handshakeTimeoutMs,
          log,
          farewell: (refusal: Refusal) => Buffer.from(`-ERR [SYS/TEMP] ${FAREWELLS[refusal]}\r\n`),
          accept: (connection) => new Pop3Session(connection, services),
        }),
      );
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close(0)));
    throw error;
  }
  return listeners;
}

const FAREWELLS: Readonly<Record<Refusal, string>> = Object.freeze({
  'server-full': 'Too many connections; try again later',
  'address-full': 'Too many connections from your address; close some',
});
