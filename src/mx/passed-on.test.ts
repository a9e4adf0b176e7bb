/** Addresses here that lead elsewhere: who is here gets a copy, the queue gets the rest, and nobody passes on what is not to be believed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Answer } from 'dns-packet';
import { record, startDns, type TestDns } from '../../test/kit/dns.ts';
import { openTestDomain, recipientsOf, type TestDomain } from '../../test/kit/domain.ts';
import { mxHello, mxStartData, openTestMx } from '../../test/kit/mx.ts';
import { Secret } from '../base/secret.ts';
import { Resolver } from '../dns/resolver.ts';
import { Recipients } from '../identity/recipients.ts';
import { NOTIFY, NOTIFY_DEFAULT } from '../mailbox/model/outgoing.ts';
import { makeKey } from '../message-auth/keys.ts';
import { MessageSigner, signingKey } from '../message-auth/sign.ts';
import { srsForward, srsReverse } from '../message-auth/srs.ts';
import type { Listener } from '../net/listener.ts';

const key = await makeKey('ed25519');
const ZONE: readonly Answer[] = [
  record('s._domainkey.signer.example', 'TXT', [key.record]),
  record('good.example', 'TXT', ['v=spf1 ip4:127.0.0.1 -all']),
  record('_dmarc.careful.example', 'TXT', ['v=DMARC1; p=quarantine']),
];

let kit: TestDomain;
let dns: TestDns;
let server: Listener;

before(async () => {
  kit = await openTestDomain({
    dispositions: {
      of: ({ address }) =>
        address.startsWith('picky') ? Promise.resolve({ copies: [], refusal: 'not today' }) : undefined,
    },
  });
  await kit.addAccount('admin@example.com', 'secret');
  await kit.addAccount('picky@example.com', 'secret');
  await kit.addAccount('anna@example.com', 'secret');
  const aliases: Readonly<Record<string, readonly string[]>> = {
    'team@example.com': ['anna@example.com', 'carl@elsewhere.example', 'dora@elsewhere.example'],
    'out@example.com': ['carl@elsewhere.example'],
  };
  for (const [address, added] of Object.entries(aliases))
    await kit.store.directory.domains.changeAlias(address, { added, createdMs: 0 });
  dns = await startDns({ zone: ZONE });
  const resolver = new Resolver({ servers: [dns], timeoutMs: 1000, tryMs: 300 });
  server = await openTestMx({ domain: kit.domain, dns: resolver });
});

after(async () => {
  await server.close(0);
  await dns.close();
  await kit.close();
});

async function send(sender: string, from: string, to: string, port = server): Promise<string> {
  const client = await mxHello(port);
  client.send(`MAIL FROM:<${sender}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`);
  assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '354']);
  client.send(`From: ${from}\r\nSubject: x\r\n\r\nhi\r\n.\r\n`);
  const [code = ''] = await client.codes(1);
  client.socket.destroy();
  return code;
}

const waiting = () => kit.store.outgoing.list(0, 100);
const count = async (address: string): Promise<number> => (await kit.messagesOf(address)).length;

test('a list of people here and elsewhere', async () => {
  assert.equal(await send('bo@good.example', 'bo@good.example', 'team@example.com'), '250 2.0.0');
  assert.equal(await count('anna@example.com'), 1);
  const [one] = await waiting();
  assert.equal(one?.row.kind, 'forward');
  assert.equal(one?.row.sender, 'bo@good.example');
  assert.match(
    String(one?.row.header),
    /^Delivered-To: team@example\.com\r\nAuthentication-Results: mx\.example\.com;[\s\S]*\r\nReceived: [\s\S]*\r\nFrom: bo@/,
  );
  const recipients = one?.recipients.map(({ address, notify }) => [address, notify]);
  assert.deepEqual(recipients, [
    ['carl@elsewhere.example', NOTIFY_DEFAULT],
    ['dora@elsewhere.example', NOTIFY_DEFAULT],
  ]);
});

test('an address that leads only elsewhere', async () => {
  assert.equal(await send('x@unknown.example', 'x@unknown.example', 'out@example.com'), '250 2.0.0');
  const one = (await waiting()).find(({ recipients }) => recipients.length === 1);
  // Nobody proves whose it is, so nobody is told that it failed.
  assert.deepEqual(
    one?.recipients.map(({ address, notify }) => [address, notify]),
    [['carl@elsewhere.example', 0]],
  );
});

test('who signs with a domain of his own has no reports sent to somebody else', async () => {
  const header = 'From: news@signer.example\r\nSubject: x\r\n\r\n';
  const signer = new MessageSigner(Buffer.from(header));
  signer.update(Buffer.from('hi\r\n'));
  const field = await signer.finish([signingKey('signer.example', 's', key.privateKey)], Date.now());
  for (const [sender, notify] of [
    ['victim@unknown.example', NOTIFY.Never],
    ['victim@signer.example.unknown.example', NOTIFY.Never],
    ['news@signer.example', NOTIFY_DEFAULT],
    ['news@bounces.signer.example', NOTIFY_DEFAULT],
  ] as const) {
    const client = await mxHello(server);
    client.send(`MAIL FROM:<${sender}>\r\nRCPT TO:<out@example.com>\r\nDATA\r\n`);
    await client.codes(3);
    client.send(`${field}${header}hi\r\n.\r\n`);
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
    client.socket.destroy();
    const one = (await waiting()).find(({ row }) => row.sender === sender);
    assert.deepEqual([one?.recipients.map((to) => to.notify), sender], [[notify], sender]);
  }
});

test('what its domain asks to set apart is not passed on; who is here has it in Junk', async () => {
  const before = (await waiting()).length;
  assert.equal(await send('x@unknown.example', 'y@careful.example', 'out@example.com'), '550 5.7.1');
  assert.equal(await send('x@unknown.example', 'y@careful.example', 'team@example.com'), '250 2.0.0');
  assert.equal((await kit.messagesOf('anna@example.com', 'Junk')).length, 1);
  assert.equal((await waiting()).length, before);
});

test('what is in our name and is not proved to be from us is not passed on; who is here has it', async () => {
  const before = (await waiting()).length;
  const inbox = await count('anna@example.com');
  for (const from of [
    'boss@example.com',
    'The Boss <boss@EXAMPLE.com>',
    'bo@good.example, boss@example.com',
    'boss@sub.example.com',
    `${'a:;'.repeat(300)}, boss@example.com`,
  ])
    assert.equal(await send('bo@good.example', from, 'out@example.com'), '550 5.7.1', from);
  assert.equal(await send('bo@good.example', 'boss@example.com', 'team@example.com'), '250 2.0.0');
  assert.equal(await count('anna@example.com'), inbox + 1);
  assert.equal((await waiting()).length, before);
});

test('what is proved to be from us is passed on', async () => {
  const before = (await waiting()).length;
  const recipients = recipientsOf(kit.domain, 'good.example');
  assert.equal(await recipients.isOurs('good.example'), true);
  const resolver = new Resolver({ servers: [dns], timeoutMs: 1000, tryMs: 300 });
  const port = await openTestMx({ domain: kit.domain, dns: resolver, recipients });
  assert.equal(await send('bo@good.example', 'bo@good.example', 'out@example.com', port), '250 2.0.0');
  assert.equal(await send('x@unknown.example', 'bo@good.example', 'out@example.com', port), '550 5.7.1');
  await port.close(0);
  assert.equal((await waiting()).length, before + 1);
});

test('what comes back is not passed on once more; who is here has it', async () => {
  const before = (await waiting()).length;
  for (const [to, code] of [
    ['out@example.com', '550 5.7.1'],
    ['team@example.com', '250 2.0.0'],
  ] as const) {
    const client = await mxStartData(server, [to]);
    client.send(
      `Received: from there\r\nDELIVERED-TO: ${to.toUpperCase()}\r\nFrom: bo@good.example\r\n\r\nhi\r\n.\r\n`,
    );
    assert.deepEqual(await client.codes(1), [code]);
    client.socket.destroy();
  }
  assert.equal((await waiting()).length, before);
});

test('who does not want it: alone the reply says so; among others the sender is told, if it is his', async () => {
  const before = (await waiting()).length;
  for (const [sender, to, code, rows] of [
    ['bo@good.example', ['picky'], '550 5.7.1', 0],
    ['x@unknown.example', ['picky', 'anna'], '250 2.0.0', 0],
    ['bo@good.example', ['picky', 'anna'], '250 2.0.0', 1],
  ] as const) {
    const client = await mxHello(server);
    const recipients = to.map((name) => `RCPT TO:<${name}@example.com>\r\n`);
    client.send(`MAIL FROM:<${sender}>\r\n`, ...recipients, 'DATA\r\n');
    assert.equal((await client.codes(2 + to.length)).at(-1), '354');
    client.send(`From: ${sender}\r\nSubject: picky\r\n\r\nhi\r\n.\r\n`);
    assert.deepEqual(await client.codes(1), [code]);
    client.socket.destroy();
    assert.equal((await waiting()).length, before + rows);
  }
  const last = (await waiting()).find(({ recipients }) => recipients[0]?.address === 'picky@example.com');
  assert.equal(last?.recipients[0]?.notify, NOTIFY_DEFAULT);
});

test('strangers do not say who passes on, and RSET passes on nothing', async () => {
  const before = (await waiting()).length;
  const client = await mxHello(server);
  client.send(
    'MAIL FROM:<x@unknown.example>\r\nRCPT TO:<out@example.com> XFORWARD\r\nRCPT TO:<out@example.com>\r\nRSET\r\n',
  );
  assert.deepEqual(await client.codes(4), ['250 2.1.0', '555 5.5.4', '250 2.1.5', '250 2.0.0']);
  client.socket.destroy();
  const second = await mxStartData(server, ['out@example.com']);
  second.send('half\r\n');
  second.socket.end();
  await second.ended();
  assert.equal((await waiting()).length, before);
});

test('what the sender wants to be told, and wants of the way, goes along (RFC 3461)', async () => {
  const client = await mxHello(server);
  client.send('MAIL FROM:<bo@good.example> RET=HDRS ENVID=QQ+2B1\r\n');
  client.send('RCPT TO:<out@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o+2Bt@example.com\r\n');
  client.send(
    'RCPT TO:<anna@example.com> NOTIFY=SUCCESS\r\nRCPT TO:<admin@example.com> NOTIFY=NEVER\r\nDATA\r\n',
  );
  assert.deepEqual(await client.codes(5), ['250 2.1.0', '250 2.1.5', '250 2.1.5', '250 2.1.5', '354']);
  const before = [await count('anna@example.com'), await count('admin@example.com')];
  client.send('From: bo@good.example\r\nSubject: wishes\r\n\r\nhi\r\n.\r\n');
  assert.deepEqual(await client.codes(1), ['250 2.0.0']);
  client.socket.destroy();
  const rows = (await waiting()).filter(({ row }) => row.envid === 'QQ+1');
  assert.ok(rows.every(({ row }) => row.ret === 'headers'));
  const shown = rows.flatMap(({ row, recipients }) =>
    recipients.map(({ address, notify, orcpt }) => `${row.kind} ${address} ${notify} ${orcpt}`),
  );
  assert.deepEqual(shown.sort(), [
    `forward carl@elsewhere.example ${NOTIFY.Delay} rfc822;o+t@example.com`,
    // That it went on is all that its sender is told of it.
    `retry anna@example.com ${NOTIFY.Success} undefined`,
    `retry out@example.com ${NOTIFY.Success} rfc822;o+t@example.com`,
  ]);
  assert.deepEqual(rows.flatMap(({ recipients }) => recipients.map(({ state }) => state)).sort(), [
    'relayed',
    'waiting',
    'waiting',
  ]);
  const after = [await count('anna@example.com'), await count('admin@example.com')];
  assert.deepEqual(after, [before[0], (before[1] ?? 0) + 1]);
});

test('who asks whether it has arrived at an address of several people is told once (RFC 3461 §5.2.7.3)', async () => {
  const [before, inbox] = [(await waiting()).length, await count('anna@example.com')];
  const client = await mxHello(server);
  client.send('MAIL FROM:<bo@good.example> ENVID=several\r\n');
  client.send('RCPT TO:<team@example.com> NOTIFY=SUCCESS\r\nDATA\r\n');
  await client.codes(3);
  client.send('From: bo@good.example\r\nTLS-Required: No\r\n\r\nhi\r\n.\r\n');
  assert.deepEqual(await client.codes(1), ['250 2.0.0']);
  client.socket.destroy();
  assert.equal(await count('anna@example.com'), inbox + 1);
  const rows = (await waiting()).filter(({ row }) => row.envid === 'several');
  assert.equal((await waiting()).length, before + 2);
  const shown = rows.flatMap(({ row, recipients }) =>
    recipients.map(({ address, notify, state }) => [row.kind, row.isTlsOptional, address, notify, state]),
  );
  assert.deepEqual(shown.sort(), [
    ['forward', true, 'carl@elsewhere.example', NOTIFY.Never, 'waiting'],
    ['forward', true, 'dora@elsewhere.example', NOTIFY.Never, 'waiting'],
    ['retry', true, 'team@example.com', NOTIFY.Success, 'expanded'],
  ]);
});

test('a bounce to an address under which mail was passed on goes back to who sent that, and nothing else does (SRS)', async () => {
  const settings = { secret: new Secret('of ours'), domain: 'example.com' };
  const nowMs = kit.domain.clock.nowMs();
  const { directory } = kit.store;
  const recipients = new Recipients({
    ...{ directory, defaultDomain: 'example.com', separators: '+', postmaster: '' },
    wayBack(address) {
      const back = srsReverse(address, settings, nowMs);
      return back.kind === 'address' ? back.address : undefined;
    },
  });
  const port = await openTestMx({ domain: kit.domain, recipients });
  const address = srsForward('bo@good.example', settings, nowMs) as string;
  const rcpt = async (sender: string, to: string): Promise<string> => {
    const client = await mxHello(port);
    client.send(`MAIL FROM:<${sender}>\r\nRCPT TO:<${to}>\r\n`);
    const [, code = ''] = await client.codes(2);
    client.socket.destroy();
    return code;
  };
  assert.equal(await rcpt('', address), '250 2.1.5');
  assert.equal(await rcpt('x@unknown.example', address), '550 5.1.1', 'nobody is written to by it');
  assert.equal(await rcpt('', address.replace('bo@', 'ba@').replace('=bo', '=ba')), '550 5.1.1', 'forged');
  const client = await mxHello(port);
  client.send(`MAIL FROM:<>\r\nRCPT TO:<${address.toLowerCase()}>\r\nDATA\r\n`);
  await client.codes(3);
  client.send('From: mailer-daemon@elsewhere.example\r\nSubject: failed\r\n\r\nsorry\r\n.\r\n');
  assert.deepEqual(await client.codes(1), ['250 2.0.0']);
  const one = (await waiting()).find(({ row }) => row.sender === '');
  assert.equal(one?.row.kind, 'forward');
  assert.deepEqual(
    one?.recipients.map((recipient) => [recipient.address, recipient.notify]),
    [['bo@good.example', 0]],
  );
  await port.close(0);
});
