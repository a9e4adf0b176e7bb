/**
 * The POP3 ports, and the sessions of connections that came to another process's.
 */

import type { Receive } from '../identity/handing-over.ts';
import { noteSignedOut } from '../identity/presence.ts';
import type { Listener } from '../net/listener.ts';
import { openPorts, type Port, type SharedOptions } from '../net/ports.ts';
import { MaildropLocks } from './lock.ts';
import type { Pop3Services } from './services.ts';
import { Pop3Session } from './session.ts';
import { SizeCounts } from './size-counts.ts';

export interface Pop3Ports extends SharedOptions {
  /** Where to listen: `pop3` with STLS, `pop3s` with TLS from the first octet. */
  readonly listen: readonly Port<'pop3' | 'pop3s'>[];
}

/** For all ports: a maildrop has one session, wherever that came in. */
export function pop3Services(parts: Omit<Pop3Services, 'locks' | 'sizes'>): Pop3Services {
  return { ...parts, locks: new MaildropLocks(parts.domain.clock), sizes: new SizeCounts() };
}

export async function startPop3(services: Pop3Services, ports: Pop3Ports): Promise<readonly Listener[]> {
  return openPorts({
    listen: ports.listen,
    service: 'pop3',
    secureName: 'pop3s',
    tls: services.tls,
    shared: ports,
    farewell: '-ERR [SYS/TEMP]',
    accept: (connection, guest) => new Pop3Session(connection, guest, services),
    onLeft: (guest) => noteSignedOut(services.activity, guest),
  });
}

export function receivePop3(services: Pop3Services): Receive {
  return async (arriving) => {
    const session = new Pop3Session(arriving.connection, arriving.guest, services);
    await session.arrive(arriving);
    return session;
  };
}
