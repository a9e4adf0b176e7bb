/**
 * Two workers in one process: a door that never holds the account, and a holder behind the relay's socket. What a client
 * sees must be what it sees without.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Receive } from '../../src/identity/handing-over.ts';
import type { Domain } from '../../src/mailbox/domain.ts';
import type { Connections } from '../../src/net/connections.ts';
import type { Relay } from '../../src/net/relay.ts';
import { RelayClient } from '../../src/net/relay-client.ts';
import { RelayServer } from '../../src/net/relay-server.ts';
import type { StreamOptions } from '../../src/net/stream.ts';
import { receiveArrivals } from '../../src/server/workers/arrivals.ts';
import type { TestDomain } from './domain.ts';

/** `BREVDUVA_TEST_WORKERS=3`: tests that can, go through workers. */
export const TEST_WORKERS = Number(process.env.BREVDUVA_TEST_WORKERS ?? 0);

export interface TestRelay {
  /** Of a door. */
  readonly domain: Domain;
  readonly relay: Relay;
  receive(
    receivers: Readonly<Record<string, Receive>>,
    connections: Connections,
    stream: StreamOptions,
  ): void;
  close(graceMs: number): Promise<void>;
}

export async function openTestRelay({ domain, activity }: TestDomain): Promise<TestRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'brevduva-relay-'));
  const path = join(folder, 'holder.sock');
  const server = await RelayServer.open(path, domain.log);
  let sessions: ReturnType<typeof receiveArrivals> | undefined;
  return {
    domain: { ...domain, placement: { locate: () => ({ kind: 'elsewhere', holder: 'holder' }) } },
    relay: new RelayClient(() => path),
    receive(receivers, connections, stream) {
      const deliveries = (): never => {
        throw new Error('no deliveries here');
      };
      const { log } = domain;
      sessions = receiveArrivals(server, {
        domain,
        activity,
        connections,
        stream,
        receivers,
        deliveries,
        log,
      });
    },
    async close(graceMs) {
      server.close();
      await sessions?.close(graceMs);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
