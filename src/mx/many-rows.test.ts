/** A message whose sender names many addresses, each with a wish of its own: what is kept of it for the queue has a bound. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { record, startDns, type TestDns } from '../../test/kit/dns.ts';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { mxHello, openTestMx } from '../../test/kit/mx.ts';
import { Resolver } from '../dns/resolver.ts';
import { NOTIFY } from '../mailbox/model/outgoing.ts';
import type { Listener } from '../net/listener.ts';

const MANY = 60;
const SENDER = 'bo@good.example';

let kit: TestDomain;
let dns: TestDns;
let server: Listener;

before(async () => {
  kit = await openTestDomain();
  await kit.addAccount('admin@example.com', 'secret');
  await kit.addAccount('anna@example.com', 'secret');
  const { domains } = kit.store.directory;
  await domains.changeAlias('out@example.com', { added: ['carl@elsewhere.example'], createdMs: 0 });
  const added = Array.from({ length: MANY }, (_, i) => `x${i}@elsewhere.example`);
  for (const alias of ['one@example.com', 'other@example.com'])
    await domains.changeAlias(alias, { added: [...added, `${alias}.elsewhere.example`], createdMs: 0 });
  dns = await startDns({ zone: [record('good.example', 'TXT', ['v=spf1 ip4:127.0.0.1 -all'])] });
  const resolver = new Resolver({ servers: [dns], timeoutMs: 1000, tryMs: 300 });
  const limits = { ...kit.domain.limits, outgoingPerAccount: 2 * MANY };
  server = await openTestMx({ domain: { ...kit.domain, limits }, dns: resolver });
});

after(async () => {
  await server.close(0);
  await dns.close();
  await kit.close();
});

const waiting = () => kit.store.outgoing.list(0, 1000);
const tags = (name: string): string[] => Array.from({ length: MANY }, (_, i) => `${name}+${i}@example.com`);

async function send(recipients: readonly string[], headerBytes = 100, wish = ''): Promise<string> {
  const client = await mxHello(server);
  const commands = recipients.map((to) => `RCPT TO:<${to}>${wish}\r\n`);
  client.send(`MAIL FROM:<${SENDER}>\r\n`, ...commands, 'DATA\r\n');
  assert.equal((await client.codes(recipients.length + 2)).at(-1), '354');
  const filler = `X-Filler: ${'y'.repeat(80)}\r\n`.repeat(headerBytes / 90);
  client.send(`From: ${SENDER}\r\n${filler}Subject: x\r\n\r\nhi\r\n.\r\n`);
  const [code = ''] = await client.codes(1);
  client.socket.destroy();
  return code;
}

test('all addresses of an account that ask for a report are one row with one header', async () => {
  assert.equal(await send(tags('anna'), 50_000, ' NOTIFY=SUCCESS'), '250 2.0.0');
  const rows = await waiting();
  assert.equal(rows.length, 1);
  const [{ recipients = [] } = {}] = rows;
  assert.deepEqual(
    recipients.map(({ address, notify, orcpt }) => [address, notify, orcpt]),
    tags('anna').map((address) => [address, NOTIFY.Success, undefined]),
  );
});

test('whose header is larger than reports are worth is delivered without one', async () => {
  const before = [(await waiting()).length, (await kit.messagesOf('anna@example.com')).length];
  assert.equal(await send(['anna@example.com'], 100_000, ' NOTIFY=SUCCESS'), '250 2.0.0');
  const after = [(await waiting()).length, (await kit.messagesOf('anna@example.com')).length];
  assert.deepEqual(after, [before[0], (before[1] ?? 0) + 1]);
});

test('more accounts than reports are written for have it without one', async () => {
  const people = Array.from({ length: 51 }, (_, i) => `person${i}@example.com`);
  for (const person of people) await kit.addAccount(person, 'secret');
  const before = (await waiting()).length;
  assert.equal(await send(people, 100, ' NOTIFY=SUCCESS'), '250 2.0.0');
  assert.equal((await waiting()).length, before);
  for (const person of people) assert.equal((await kit.messagesOf(person)).length, 1, person);
  assert.equal(await send(people.slice(1), 100, ' NOTIFY=SUCCESS'), '250 2.0.0');
  assert.equal((await waiting()).length, before + 50);
});

test('an address that leads elsewhere leads there once, however it is written', async () => {
  const before = (await waiting()).length;
  assert.equal(await send(tags('out')), '250 2.0.0');
  const rows = await waiting();
  assert.equal(rows.length, before + 1);
  const row = rows.find((one) => one.row.kind === 'forward');
  assert.deepEqual(
    row?.recipients.map(({ address }) => address),
    ['carl@elsewhere.example'],
  );
  for (const tag of tags('out')) assert.ok(String(row?.row.header).includes(`Delivered-To: ${tag}\r\n`));
});

test('room is asked for all of it before anything is written', async () => {
  const before = (await waiting()).length;
  assert.equal(await send(['one@example.com', 'other@example.com']), '451 4.3.1');
  assert.equal((await waiting()).length, before);
});
