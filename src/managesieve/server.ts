/** The ManageSieve port, and the sessions of connections that came to another process's. */
import type { Receive } from '../identity/handing-over.ts';
import { noteSignedOut } from '../identity/presence.ts';
import type { Listener } from '../net/listener.ts';
import { openPorts, type Port, type SharedOptions } from '../net/ports.ts';
import type { ManageSieveServices } from './services.ts';
import { ManageSieveSession } from './session.ts';

/** What app passwords, the log and the counts of connections call it. */
export const SERVICE = 'sieve';

export interface ManageSievePorts extends SharedOptions {
  /** TLS begins with STARTTLS: the protocol has no port on which it comes first. */
  readonly listen: readonly Port<'managesieve'>[];
}

export async function startManageSieve(
  services: ManageSieveServices,
  ports: ManageSievePorts,
): Promise<readonly Listener[]> {
  return openPorts<string>({
    listen: ports.listen,
    service: SERVICE,
    secureName: 'none',
    tls: services.tls,
    shared: ports,
    farewell: (reason) => `BYE (TRYLATER) "${reason}"`,
    accept: (connection, guest) => new ManageSieveSession(connection, guest, services),
    onLeft: (guest) => noteSignedOut(services.activity, guest),
  });
}

export function receiveManageSieve(services: ManageSieveServices): Receive {
  return async (arriving) => {
    const session = new ManageSieveSession(arriving.connection, arriving.guest, services);
    await session.arrive(arriving);
    return session;
  };
}
