/** Strangers who would have us ask the DNS about all the world: they keep nobody else from an answer, and get nothing by it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { record, startDns, type TestDns } from '../../test/kit/dns.ts';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { LineClient } from '../../test/kit/line-client.ts';
import { mxHello, openTestMx } from '../../test/kit/mx.ts';
import { Resolver } from '../dns/resolver.ts';
import type { Listener } from '../net/listener.ts';

const ALICE = 'alice@example.com';
const FORGED = 'From: boss@bank.example\r\nSubject: x\r\n\r\npay\r\n.\r\n';
/** Of a network: more than it may ask at once. */
const SILENT = 24;

let kit: TestDomain;
let dns: TestDns;
let server: Listener;

before(async () => {
  kit = await openTestDomain();
  await kit.addAccount(ALICE, 'secret');
  dns = await startDns({
    zone: [
      record('bank.example', 'TXT', ['v=spf1 -all']),
      record('_dmarc.bank.example', 'TXT', ['v=DMARC1; p=reject']),
    ],
    behaviour: ({ name }) => (name.endsWith('silent.example') ? 'silence' : undefined),
  });
  server = await openTestMx({
    ...{ domain: kit.domain, checkTimeoutMs: 9000 },
    dns: new Resolver({ servers: [dns], timeoutMs: 10_000, tryMs: 5000 }),
  });
});

after(async () => {
  await server.close(0);
  await dns.close();
  await kit.close();
});

test('who only names senders and recipients has nobody asked, and comes to an end', async () => {
  const before = dns.queries.length;
  const client = await mxHello(server);
  const one = (i: number): string => `MAIL FROM:<x@n${i}.example>\r\nRCPT TO:<${ALICE}>\r\nRSET\r\n`;
  client.send(Array.from({ length: 1500 }, (_, i) => one(i)).join(''));
  const counts = new Map<string, number>();
  for (let reply = await client.reply(); reply !== ''; reply = await client.reply())
    counts.set(reply.slice(0, 9), (counts.get(reply.slice(0, 9)) ?? 0) + 1);
  assert.deepEqual(Object.fromEntries(counts), {
    '250 2.1.0': 1000,
    '250 2.1.5': 1000,
    '250 2.0.0': 1000,
    '421 4.4.2': 1,
  });
  assert.equal(dns.queries.length, before);
});

test('what could not be asked since a network asks too much comes again; others have their answer', async () => {
  const flood = await Promise.all(
    Array.from({ length: SILENT }, async (_, i) => {
      const client = await mxHello(server);
      client.send(`MAIL FROM:<x@n${i}.silent.example>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`);
      await client.codes(3);
      return client;
    }),
  );
  const forged = async (client: LineClient): Promise<string> => {
    client.send(`MAIL FROM:<boss@bank.example>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`);
    assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '354']);
    client.send(FORGED);
    const reply = await client.reply();
    client.socket.destroy();
    return reply;
  };
  const same = forged(await mxHello(server));
  const elsewhere = LineClient.over(
    connect({ host: '127.0.0.1', port: server.port, localAddress: '127.0.9.1' }),
  );
  await elsewhere.reply();
  elsewhere.send('EHLO client.example.org\r\n');
  await elsewhere.reply();
  const startMs = performance.now();
  assert.match(await forged(elsewhere), /^550 5\.7\.26 /);
  assert.ok(performance.now() - startMs < 2000, 'nobody else waits');
  assert.match(await same, /^451 4\.7\.0 it could not be checked now/);
  assert.deepEqual(await kit.messagesOf(ALICE), []);
  for (const client of flood) client.socket.destroy();
});
