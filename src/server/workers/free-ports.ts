/**
 * Whether the ports are free. Workers share theirs, and so could another program of the same user: it would get a part of the
 * connections, and nobody would notice. So they are looked at once, before any worker has them.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../../config/options.ts';
import { explain, hostPort } from '../../net/listener.ts';

/** Throws as a listener would that cannot be opened. */
export async function assertPortsAreFree({ listen }: Config): Promise<void> {
  for (const [name, address] of Object.entries(listen)) {
    if (address === undefined || address.port === 0) continue;
    const server = createServer();
    try {
      server.listen({ host: address.host, port: address.port });
      await once(server, 'listening');
    } catch (cause) {
      const where = hostPort(address.host, address.port);
      const reason = explain(cause as NodeJS.ErrnoException);
      throw new Error(`listen.${name}: cannot listen on ${where}: ${reason}`, { cause });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }
}
