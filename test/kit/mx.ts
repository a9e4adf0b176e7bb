/**
 * A real SMTP server for mail from the world, for a test, on a free port of 127.0.0.1, and a client of it up to where the
 * message begins.
 */
import assert from 'node:assert/strict';
import { silentLog } from '../../src/base/log.ts';
import { Activity } from '../../src/identity/activity.ts';
import { type MxOptions, type MxPort, mxServices, startMx } from '../../src/mx/server.ts';
import { Connections } from '../../src/net/connections.ts';
import type { Listener } from '../../src/net/listener.ts';
import { Sweep } from '../../src/net/sweep.ts';
import { recipientsOf } from './domain.ts';
import { LineClient } from './line-client.ts';

export function openTestMx(
  options: Pick<MxOptions, 'domain'> & Partial<MxOptions & MxPort>,
): Promise<Listener> {
  const { domain, log = silentLog } = options;
  const all = {
    activity: new Activity({ log, clock: domain.clock }),
    recipients: recipientsOf(domain, options.defaultDomain),
    giveUpMs: 5 * 86_400_000,
    host: '127.0.0.1',
    port: 0,
    hostname: 'mx.example.com',
    defaultDomain: 'example.com',
    maxMessageBytes: domain.limits.messageBytes,
    uploadBytes: 1024 ** 3,
    overQuota: 'tempfail' as const,
    greetingDelayMs: 0,
    connectionsPerMinute: 60,
    checkTimeoutMs: 5000,
    trustedSealers: [],
    connections: new Connections({ total: 100, perAddress: 100 }),
    stream: { sweep: new Sweep(20), writeTimeoutMs: 10_000 },
    handshakeTimeoutMs: 10_000,
    log,
    ...options,
  };
  return startMx(mxServices(all), all);
}

export async function mxHello(server: { readonly port: number }): Promise<LineClient> {
  const client = await LineClient.connect(server.port);
  assert.deepEqual(await client.codes(1), ['220']);
  client.send('EHLO client.example.org\r\n');
  assert.deepEqual(await client.codes(1), ['250']);
  return client;
}

/** Up to and with DATA; the reply to it was 354. */
export async function mxStartData(
  server: { readonly port: number },
  recipients: readonly string[],
): Promise<LineClient> {
  const client = await mxHello(server);
  client.send(
    'MAIL FROM:<sender@example.org>\r\n',
    ...recipients.map((to) => `RCPT TO:<${to}>\r\n`),
    'DATA\r\n',
  );
  const codes = await client.codes(recipients.length + 2);
  assert.deepEqual(codes, ['250 2.1.0', ...recipients.map(() => '250 2.1.5'), '354']);
  return client;
}
