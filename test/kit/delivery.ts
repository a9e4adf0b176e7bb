/** What servers that take mail are made of in tests, on a free port of 127.0.0.1; and a server that is a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { silentLog } from '../../src/base/log.ts';
import type { DeliveryOptions, DeliveryPort } from '../../src/delivery/services.ts';
import { Activity } from '../../src/identity/activity.ts';
import { Connections } from '../../src/net/connections.ts';
import { Sweep } from '../../src/net/sweep.ts';
import { recipientsOf } from './domain.ts';
import { entry } from './entry.ts';

export type TestDelivery = Pick<DeliveryOptions, 'domain'> & Partial<DeliveryOptions & DeliveryPort>;

export function deliveryOptions(options: TestDelivery): DeliveryOptions & DeliveryPort {
  const { domain, log = silentLog } = options;
  return {
    activity: new Activity({ log, clock: domain.clock }),
    recipients: recipientsOf(domain, options.defaultDomain),
    giveUpMs: 5 * 86_400_000,
    host: '127.0.0.1',
    port: 0,
    hostname: 'mail.example.com',
    defaultDomain: 'example.com',
    maxMessageBytes: domain.limits.messageBytes,
    uploadBytes: 1024 ** 3,
    overQuota: 'tempfail',
    connections: new Connections({ total: 100, perAddress: 100 }),
    stream: { sweep: new Sweep(20), writeTimeoutMs: 10_000 },
    handshakeTimeoutMs: 10_000,
    log,
    ...options,
  };
}

/** `program`: of this folder; it prints its port when it listens. */
export async function startProcess(
  program: string,
  data: string,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, [entry(`test/kit/${program}`), data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, port: Number(line) };
}
