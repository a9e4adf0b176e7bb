/** Mail from strangers, checked against a real DNS server on loopback: what becomes of it, and what is said of it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Answer } from 'dns-packet';
import { type Behaviour, record, startDns, type TestDns } from '../../test/kit/dns.ts';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { mxHello, openTestMx } from '../../test/kit/mx.ts';
import { silentLog } from '../base/log.ts';
import { Resolver } from '../dns/resolver.ts';
import type { DmarcObservation } from '../feedback/observation.ts';
import { Activity } from '../identity/activity.ts';
import { makeKey } from '../message-auth/keys.ts';
import { MessageSigner, signingKey } from '../message-auth/sign.ts';
import type { Listener } from '../net/listener.ts';

const ALICE = 'alice@example.com';
const key = await makeKey('ed25519');
const txt = (name: string, text: string): Answer => record(name, 'TXT', text.match(/.{1,255}/gs));
const ZONE: readonly Answer[] = [
  txt('good.example', 'v=spf1 ip4:127.0.0.1 -all'),
  txt('_dmarc.good.example', 'v=DMARC1; p=reject'),
  txt('strict.example', 'v=spf1 -all'),
  txt('_dmarc.strict.example', 'v=DMARC1; p=reject'),
  txt('s._domainkey.strict.example', key.record),
  txt('_dmarc.careful.example', 'v=DMARC1; p=quarantine'),
];

let kit: TestDomain;
let dns: TestDns;
let server: Listener;
let behaviour: Behaviour | undefined;
const counted: DmarcObservation[] = [];
const seen: { what: string; reason?: unknown; verdict?: unknown }[] = [];

before(async () => {
  kit = await openTestDomain();
  await kit.addAccount(ALICE, 'secret');
  dns = await startDns({ zone: ZONE, behaviour: (query) => behaviour?.(query) });
  const activity = new Activity({
    log: silentLog,
    clock: kit.domain.clock,
    journal: { append: (_kind, event) => void seen.push(event) },
  });
  server = await openTestMx({
    ...{ domain: kit.domain, activity, checkTimeoutMs: 1000 },
    dns: new Resolver({ servers: [dns], timeoutMs: 500, tryMs: 200 }),
    counter: { message: (one) => void counted.push(one) },
  });
});

after(async () => {
  await server.close(0);
  await dns.close();
  await kit.close();
});

const letter = (from: string, above = ''): string =>
  `${above}From: ${from}\r\nTo: ${ALICE}\r\nSubject: x\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n\r\nhi\r\n`;

async function signed(message: string): Promise<string> {
  const at = message.indexOf('\r\n\r\n') + 4;
  const signer = new MessageSigner(Buffer.from(message.slice(0, at)));
  signer.update(Buffer.from(message.slice(at)));
  return (await signer.finish([signingKey('strict.example', 's', key.privateKey)], Date.now())) + message;
}

async function send(from: string, message: string): Promise<string> {
  const client = await mxHello(server);
  client.send(`MAIL FROM:<${from}>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`);
  assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '354']);
  client.send(message, '.\r\n');
  const reply = await client.reply();
  client.socket.destroy();
  return reply;
}

const last = async (mailbox = 'INBOX'): Promise<string> =>
  String((await kit.messagesOf(ALICE, mailbox)).at(-1) ?? '');
const results = (message: string): string =>
  /^Authentication-Results: mx\.example\.com;(?:.*\r\n\t)*.*\r\n/m.exec(message)?.[0] ?? '';

describe('mail from a domain that says which mail is its own', () => {
  test('is taken when it is, and says what was found out, above how it came', async () => {
    assert.match(await send('anna@good.example', letter('anna@good.example')), /^250 2\.0\.0 taken/);
    const message = await last();
    assert.match(results(message), /spf=pass smtp\.mailfrom=good\.example;/);
    assert.match(results(message), /dmarc=pass .*header\.from=good\.example\r\n$/);
    const names = message.split('\r\n').flatMap((line) => /^([A-Z][\w-]+):/.exec(line)?.[1] ?? []);
    const first = ['Return-Path', 'Delivered-To', 'Authentication-Results', 'X-Brevduva-Verdict', 'Received'];
    assert.deepEqual(names.slice(0, 6), [...first, 'From']);
    assert.match(message, /\r\nX-Brevduva-Verdict: accept: it comes from good\.example\r\n/);
    assert.equal(seen.at(-1)?.verdict, 'it comes from good.example');
  });

  test('is taken when its signature holds, whoever brings it', async () => {
    const message = await signed(letter('anna@strict.example'));
    assert.match(await send('list@elsewhere.example', message), /^250/);
    assert.match(results(await last()), /dkim=pass header\.d=strict\.example/);
    assert.ok((await last()).endsWith(message), 'its octets are as they came');
  });

  test('is refused when it asks for that, and whom it was for finds out', async () => {
    const before = (await kit.messagesOf(ALICE)).length;
    const reply = await send('anna@strict.example', letter('Anna <anna@strict.example>'));
    assert.match(reply, /^550 5\.7\.26 nothing proves that it comes from strict\.example; /);
    const changed = (await signed(letter('anna@strict.example'))).replace('\r\n\r\nhi', '\r\n\r\nho');
    assert.match(await send('anna@strict.example', changed), /^550 5\.7\.26 /);
    assert.equal((await kit.messagesOf(ALICE)).length, before);
    assert.equal(seen.at(-1)?.what, 'message refused');
    assert.match(String(seen.at(-1)?.reason), /strict\.example asks to refuse such mail/);
  });

  test('goes to Junk when it asks for that', async () => {
    assert.match(await send('x@elsewhere.example', letter('anna@careful.example')), /^250/);
    const message = await last('Junk');
    assert.match(
      message,
      /\r\nX-Brevduva-Verdict: junk: nothing proves that it comes from careful\.example; /,
    );
    assert.match(await send('x@elsewhere.example', letter('anna@careful.example')), /^250/);
    assert.equal((await kit.messagesOf(ALICE, 'Junk')).length, 2);
  });

  test('comes again later when the DNS could not say', async () => {
    behaviour = ({ name }) => (name.startsWith('s2._domainkey') ? 'silence' : undefined);
    const unknown = (await signed(letter('bo@strict.example'))).replace('s=s;', 's=s2;');
    assert.match(unknown, /s=s2;/);
    const reply = await send('x@elsewhere.example', unknown);
    assert.match(reply, /^451 4\.7\.0 .*the DNS did not answer in time/);
    behaviour = undefined;
  });
});

test('what became of it is counted for the domain that has a policy, and for no other (RFC 7489 §7.2)', async () => {
  const of = async (sender: string, message: string) => {
    const from = counted.length;
    await send(sender, message);
    return counted.slice(from).map((one) => ({
      ...{ domain: one.domain, p: one.published.p, to: one.disposition, from: one.envelopeFrom },
      proved: `${one.isDkimAligned} ${one.isSpfAligned}`,
      ...{ spf: `${one.spf.domain} ${one.spf.result}`, address: one.sourceAddress },
      dkim: one.dkim.map(({ domain, selector, result }) => `${domain} ${selector} ${result}`),
    }));
  };
  const address = '127.0.0.1';
  assert.deepEqual(await of('anna@good.example', letter('anna@good.example')), [
    {
      ...{ domain: 'good.example', p: 'reject', to: 'none', from: 'good.example', proved: 'false true' },
      ...{ spf: 'good.example pass', address, dkim: [] },
    },
  ]);
  assert.deepEqual(await of('x@elsewhere.example', await signed(letter('a@strict.example'))), [
    {
      ...{
        domain: 'strict.example',
        p: 'reject',
        to: 'none',
        from: 'elsewhere.example',
        proved: 'true false',
      },
      ...{ spf: 'elsewhere.example none', address, dkim: ['strict.example s pass'] },
    },
  ]);
  assert.deepEqual(
    (await of('x@good.example', letter('a@strict.example'))).map(({ to, proved }) => [to, proved]),
    [['reject', 'false false']],
  );
  assert.deepEqual(
    (await of('x@good.example', letter('a@careful.example'))).map(({ to }) => to),
    ['quarantine'],
  );
  assert.deepEqual(await of('x@elsewhere.example', letter('x@elsewhere.example')), [], 'it has no policy');
});

test('mail is taken within the time there is when the DNS says nothing at all', async () => {
  behaviour = () => 'silence';
  const startMs = performance.now();
  assert.match(await send('x@unknown.example', letter('x@unknown.example')), /^250/);
  assert.ok(performance.now() - startMs < 5000);
  assert.match(results(await last()), /spf=temperror/);
  behaviour = undefined;
});

test('nobody speaks in our name, however it is written; what others say stays', async () => {
  const claims = [
    'Authentication-Results: mx.example.com; dmarc=pass header.from=bank.example\r\n',
    'AUTHENTICATION-RESULTS : "mx.example.com" 1;\r\n\tdkim=pass\r\n',
    'Authentication-Results: (x (y))\r\n MX.example.com; spf=pass\r\n',
  ];
  const others = 'Authentication-Results: mx.elsewhere.example; spf=pass\r\n';
  const message = letter('x@elsewhere.example', claims.join('') + others);
  assert.match(await send('x@elsewhere.example', message), /^250/);
  const stored = await last();
  assert.equal(stored.match(/^authentication-results/gim)?.length, 2);
  assert.ok(stored.includes(others));
  assert.doesNotMatch(stored, /bank\.example|dkim=pass/);
  assert.ok(stored.endsWith(letter('x@elsewhere.example', others)));
});
