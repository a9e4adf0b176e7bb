/**
 * The IMAP ports: listeners whose connections become sessions.
 */
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Authenticator } from '../mailbox/login.ts';
import type { ConnectionLimits, Refusal } from '../net/connection-limits.ts';
import { Listener } from '../net/listener.ts';
import type { Roster } from '../net/roster.ts';
import type { StreamOptions } from '../net/stream.ts';
import type { TlsSource } from '../net/tls.ts';
import { makeRegistry } from './extensions.ts';
import { ImapSession } from './session.ts';
import type { ImapSettings } from './settings.ts';

export interface ImapOptions {
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly settings: ImapSettings;
  readonly roster: Roster;
  readonly tls: TlsSource;
  readonly limits: ConnectionLimits;
  readonly stream: StreamOptions;
  readonly handshakeTimeoutMs: number;
  readonly log: Log;
  /** Where to listen: `imap` with STARTTLS, `imaps` with TLS from the first octet. */
  readonly listen: readonly {
    readonly name: 'imap' | 'imaps';
    readonly host: string;
    readonly port: number;
  }[];
}

export async function startImap(options: ImapOptions): Promise<readonly Listener[]> {
  const { domain, authenticator, settings, roster, tls, limits, stream, handshakeTimeoutMs, log } = options;
  const registry = makeRegistry();
  const services = { domain, authenticator, registry, settings, roster, tls, log };
  const listeners: Listener[] = [];
  try {
    for (const { name, host, port } of options.listen) {
      listeners.push(
        await Listener.open({
          name,
          host,
          port,
          ...(name === 'imaps' ? { tls } : {}),
          limits,
          stream,
          handshakeTimeoutMs,
          log,
          farewell: (refusal: Refusal) => Buffer.from(`* BYE [UNAVAILABLE] ${FAREWELLS[refusal]}\r\n`),
          accept: (connection) => new ImapSession(connection, services),
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
