/**
 * A real SMTP server for mail from the world, for a test, on a free port of 127.0.0.1, and a client of it up to where the
 * message begins.
 */
import assert from 'node:assert/strict';
import type { DeliveryOptions } from '../../src/delivery/services.ts';
import { type MxOptions, mxServices, startMx } from '../../src/mx/server.ts';
import type { Listener } from '../../src/net/listener.ts';
import { deliveryOptions, type TestDelivery } from './delivery.ts';
import { LineClient } from './line-client.ts';

export function openTestMx(
  options: TestDelivery & Partial<Omit<MxOptions, keyof DeliveryOptions>>,
): Promise<Listener> {
  const all = {
    ...deliveryOptions({ hostname: 'mx.example.com', ...options }),
    greetingDelayMs: 0,
    connectionsPerMinute: 60,
    checkTimeoutMs: 5000,
    trustedSealers: [],
    ...options,
  };
  return startMx(mxServices(all), all);
}

/** `from`: whose connection a proxy says that it is. */
export async function mxHello(server: { readonly port: number }, from?: string): Promise<LineClient> {
  const client = await LineClient.connect(server.port);
  if (from !== undefined) client.send(`PROXY TCP4 ${from} 192.0.2.1 4444 25\r\n`);
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
