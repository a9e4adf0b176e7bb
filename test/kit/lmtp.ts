/**
 * A real LMTP server for a test, on a free port of 127.0.0.1, and a client of it up to where the message begins.
 */
import assert from 'node:assert/strict';
import { silentLog } from '../../src/base/log.ts';
import { Activity } from '../../src/identity/activity.ts';
import { type LmtpOptions, type LmtpPort, lmtpServices, startLmtp } from '../../src/lmtp/server.ts';
import { Connections } from '../../src/net/connections.ts';
import type { Listener } from '../../src/net/listener.ts';
import { Sweep } from '../../src/net/sweep.ts';
import { recipientsOf } from './domain.ts';
import { LineClient } from './line-client.ts';

export function openTestLmtp(
  options: Pick<LmtpOptions, 'domain'> & Partial<LmtpOptions & LmtpPort>,
): Promise<Listener> {
  const { domain, log = silentLog } = options;
  const all = {
    activity: new Activity({ log, clock: domain.clock }),
    recipients: recipientsOf(domain, options.defaultDomain),
    giveUpMs: 5 * 86_400_000,
    host: '127.0.0.1',
    port: 0,
    hostname: 'mail.example.com',
    defaultDomain: 'example.com',
    maxMessageBytes: domain.limits.messageBytes,
    uploadBytes: 1024 ** 3,
    overQuota: 'tempfail' as const,
    connections: new Connections({ total: 100, perAddress: 100 }),
    stream: { sweep: new Sweep(20), writeTimeoutMs: 10_000 },
    handshakeTimeoutMs: 10_000,
    log,
    ...options,
  };
  return startLmtp(lmtpServices(all), all);
}

export async function lmtpHello(server: { readonly port: number }): Promise<LineClient> {
  const client = await LineClient.connect(server.port);
  client.send('LHLO client.example.org\r\n');
  assert.deepEqual(await client.codes(2), ['220', '250']);
  return client;
}

/** Up to and with DATA; the reply to it was 354. */
export async function lmtpStartData(
  server: { readonly port: number },
  recipients: readonly string[],
): Promise<LineClient> {
  const client = await lmtpHello(server);
  client.send(
    'MAIL FROM:<sender@example.org>\r\n',
    ...recipients.map((to) => `RCPT TO:<${to}>\r\n`),
    'DATA\r\n',
  );
  const codes = await client.codes(recipients.length + 2);
  assert.deepEqual(codes, ['250 2.1.0', ...recipients.map(() => '250 2.1.5'), '354']);
  return client;
}

/** A message as it is kept, octets one per character, without the trace field that tells how it came. */
export function withoutReceived(message: Buffer): string {
  return message.toString('latin1').replace(/^((?:.*\r\n){2})Received: .*\r\n(?:\t.*\r\n)+/, '$1');
}
