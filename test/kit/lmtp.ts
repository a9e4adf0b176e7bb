/**
 * A real LMTP server for a test, on a free port of 127.0.0.1, and a client of it up to where the message begins.
 */
import assert from 'node:assert/strict';
import { deliveryServices } from '../../src/delivery/services.ts';
import { startLmtp } from '../../src/lmtp/server.ts';
import type { Listener } from '../../src/net/listener.ts';
import { deliveryOptions, type TestDelivery } from './delivery.ts';
import { LineClient } from './line-client.ts';

export function openTestLmtp(options: TestDelivery): Promise<Listener> {
  const all = deliveryOptions(options);
  return startLmtp(deliveryServices(all), all);
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
