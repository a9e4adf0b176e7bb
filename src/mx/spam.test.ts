/** Mail from strangers that filters are asked about, over real sockets: rspamd, lists in the DNS, greylisting, relays that are trusted. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { record, startDns } from '../../test/kit/dns.ts';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { mxHello, openTestMx } from '../../test/kit/mx.ts';
import { type RspamdReply, startRspamd, type TestRspamd } from '../../test/kit/rspamd.ts';
import { type LogFields, silentLog } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { Dns } from '../dns/answer.ts';
import { Resolver } from '../dns/resolver.ts';
import { pointerName } from '../dns/reverse.ts';
import { Activity } from '../identity/activity.ts';
import type { Listener } from '../net/listener.ts';
import { Proxies } from '../net/proxies.ts';
import { Sweep } from '../net/sweep.ts';
import { BlockLists } from '../spam/block-lists.ts';
import { Greylist } from '../spam/greylist.ts';
import { GreylistFiles } from '../spam/greylist-files.ts';
import { Rspamd, type RspamdSettings } from '../spam/rspamd.ts';
import { ScanMemory } from '../spam/scan-memory.ts';
import type { SpamServices } from '../spam/spam-check.ts';

const ALICE = 'alice@example.com';
const BOB = 'bob@example.com';
const GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';
let kit: TestDomain;
let folder: string;
let rspamd: TestRspamd;
let server: Listener | undefined;
let reply: RspamdReply | 'silence';
let nowMs = Date.now();

before(async () => {
  kit = await openTestDomain();
  await kit.addAccount(ALICE, 'secret');
  await kit.addAccount(BOB, 'secret');
  rspamd = await startRspamd(() => reply);
});
after(async () => {
  await rspamd.close();
  await kit.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brevduva-spam-'));
  reply = { body: { action: 'no action', score: 1.5, required_score: 15, symbols: {} } };
});
afterEach(async () => {
  await server?.close(0);
  rmSync(folder, { recursive: true });
});

const BEHIND_PROXY = {
  stream: {
    ...{ sweep: new Sweep(20), writeTimeoutMs: 10_000 },
    proxies: new Proxies({ from: ['127.0.0.1'], listeners: 'smtp' }),
  },
};

/** What was noted of mail that was not taken. */
const seen: LogFields[] = [];

interface Wanted extends Partial<Omit<SpamServices, 'rspamd'>> {
  readonly rspamd?: Partial<RspamdSettings>;
  readonly dns?: Dns;
  readonly isProxied?: boolean;
}

async function start({ rspamd: settings, dns, isProxied = false, ...rest }: Wanted = {}): Promise<void> {
  const clock = (): number => nowMs;
  const spam: SpamServices = {
    lists: new BlockLists({ lists: [], junkFrom: 2, rejectFrom: 3 }, silentLog),
    rspamd:
      settings &&
      new Rspamd({
        ...{ url: rspamd.url, controllerUrl: '', password: new Secret('x'), timeoutMs: 1000 },
        ...{ maxBytes: 100_000, whenAbsent: 'accept' },
        ...settings,
      }),
    memory: new ScanMemory(),
    greylist: new Greylist(
      { delayMs: 300_000 },
      new GreylistFiles(folder, silentLog, clock),
      'installation',
      clock,
    ),
    greylisted: 'nobody',
    isTrusted: () => false,
    isRelay: () => false,
    believesHeaders: false,
    ...rest,
  };
  const { domain } = kit;
  const log = {
    ...silentLog,
    warn: (fields: LogFields, what: string) => void seen.push({ ...fields, what }),
  };
  const activity = new Activity({ clock: domain.clock, log });
  server = await openTestMx({ domain, activity, spam, ...(dns && { dns }), ...(isProxied && BEHIND_PROXY) });
}

const letter = (text = 'hello', above = ''): string =>
  `${above}From: <bo@example.org>\r\nTo: <${ALICE}>\r\nSubject: x\r\nMessage-ID: <${Math.random()}@example.org>\r\n\r\n${text}\r\n`;

/** `from`: as a proxy says. */
async function send(message: string, to: readonly string[] = [ALICE], from?: string): Promise<string> {
  const client = await mxHello(server as Listener, from);
  client.send('MAIL FROM:<bo@example.org>\r\n', ...to.map((one) => `RCPT TO:<${one}>\r\n`), 'DATA\r\n');
  await client.codes(to.length + 2);
  client.send(message, '.\r\n');
  const answer = await client.reply();
  client.socket.destroy();
  return answer;
}

const last = async (mailbox = 'INBOX'): Promise<string> =>
  String((await kit.messagesOf(ALICE, mailbox)).at(-1) ?? '');
const scanned = (more: object): void => {
  reply = { body: { score: 8, required_score: 15, symbols: { BAD: { score: 8 } }, ...more } };
};

describe('rspamd', () => {
  test('is told how a message came and shown what came', async () => {
    await start({ rspamd: {} });
    const message = letter();
    assert.match(await send(message, [ALICE, BOB]), /^250 /);
    const { path, headers, message: shown } = rspamd.requests.at(-1) ?? assert.fail('nobody asked');
    assert.equal(path, '/checkv2');
    assert.equal(shown, message);
    assert.equal(headers.ip, '127.0.0.1');
    assert.equal(headers.helo, 'client.example.org');
    assert.equal(headers.from, 'bo@example.org');
    assert.equal(headers.rcpt, `${ALICE}, ${BOB}`);
    assert.ok((headers['queue-id'] ?? '').length > 0);
    const stored = await last();
    assert.match(stored, /^X-Brevduva-Verdict: accept: rspamd gives it 1\.5 of 15\.0 points\r\n/m);
    assert.match(stored, /^X-Spam-Status: No, score=1\.50 required=15\.00\r\n\ttests=none\r\nReceived:/m);
  });

  test('is shown large messages whole', async () => {
    await start({ rspamd: { maxBytes: 2_000_000 } });
    const lines = Array.from(
      { length: 20_000 },
      (_, i) => `line ${i} of a long letter that fills many packets`,
    );
    const message = letter(lines.join('\r\n'));
    assert.match(await send(message), /^250 /);
    assert.ok(rspamd.requests.at(-1)?.message === message);
  });

  test('has its way: refused, later, set apart', async () => {
    await start({ rspamd: {} });
    scanned({ action: 'reject', messages: { smtp_message: 'no thanks' } });
    assert.match(await send(letter()), /^550 5\.7\.1 rspamd refuses it \(8\.0 of 15\.0 points: no thanks\)/);
    scanned({ action: 'soft reject' });
    assert.match(await send(letter()), /^451 4\.7\.0 rspamd wants it to come again later/);
    for (const action of ['add header', 'rewrite subject']) {
      scanned({ action });
      const text = `apart by ${action}`;
      assert.match(await send(letter(text)), /^250 /);
      const stored = await last('Junk');
      assert.ok(stored.includes(text));
      assert.match(stored, /^X-Spam-Status: Yes, score=8\.00 required=15\.00\r\n\ttests=BAD\r\n/m);
    }
  });

  test('asks for a delay once', async () => {
    await start({ rspamd: {} });
    scanned({ action: 'greylist' });
    assert.match(await send(letter()), /^451 4\.7\.0 .*for the first time; try again in some minutes/);
    nowMs += 360_000;
    assert.match(await send(letter()), /^250 /);
  });

  test('that does not answer, or nonsense, or too late, keeps no mail away unless it is to', async () => {
    await start({ rspamd: { timeoutMs: 300 } });
    for (const broken of ['silence', { body: 'nonsense' }, { status: 500, body: {} }] as const) {
      reply = broken;
      assert.match(await send(letter()), /^250 /);
      assert.match(await last(), /rspamd did not answer, so it was not looked at/);
    }
    await server?.close(0);
    await start({ rspamd: { url: 'http://127.0.0.1:9', whenAbsent: 'defer' } });
    assert.match(await send(letter()), /^451 4\.7\.0 rspamd did not answer; try again later/);
  });

  test('is not shown what is too large, nor more than there is memory for', async () => {
    const memory = new ScanMemory(1000);
    await start({ rspamd: { whenAbsent: 'defer' }, memory });
    const before = rspamd.requests.length;
    assert.match(await send(letter('x'.repeat(900))), /^451 4\.7\.0 rspamd has too much to do/);
    assert.equal(rspamd.requests.length, before);
    assert.match(await send(letter('y'.repeat(300))), /^250 /, 'what was taken is given back');
    assert.ok(memory.take(1000));
    memory.giveBack(1000);
    await server?.close(0);
    await start({ rspamd: { maxBytes: 1000, whenAbsent: 'defer' } });
    assert.match(await send(letter('z'.repeat(2000))), /^250 /);
    assert.match(await last(), /it is too large to be shown to rspamd/);
  });

  const real = process.env.BREVDUVA_RSPAMD;
  test('a real one refuses GTUBE', { skip: real === undefined }, async () => {
    await start({ rspamd: { url: real ?? '', timeoutMs: 20_000 } });
    assert.match(await send(letter(GTUBE)), /^550 5\.7\.1 rspamd refuses it/);
    assert.match(await send(letter('a letter without anything in it')), /^250 /);
    assert.match(await last(), /^X-Brevduva-Verdict: accept: rspamd gives it/m);
  });
});

describe('greylisting (RFC 6647)', () => {
  test('who is new comes again, for all recipients; who is trusted does not', async () => {
    await start({ greylisted: 'all' });
    assert.match(await send(letter(), [ALICE, BOB]), /^451 4\.7\.0 /);
    const { what, from, subject, to } = seen.at(-1) ?? {};
    assert.deepEqual([what, from, subject, to], ['message delayed', 'bo@example.org', 'x', BOB]);
    assert.match(await send(letter(), [ALICE]), /^451 4\.7\.0 /, 'too early');
    nowMs += 360_000;
    assert.match(await send(letter(), [ALICE, BOB]), /^250 /);
    assert.match(await send(letter(), [BOB]), /^250 /);
    nowMs += 100 * 86_400_000;
    await server?.close(0);
    await start({ greylisted: 'all', isTrusted: () => true });
    assert.match(await send(letter()), /^250 /);
  });

  test('of suspicious senders alone: without a name, or with that of a line, and nothing that proves a domain', async () => {
    const SUSPECT = '198.51.100.5';
    const back = (address: string, name: string) => [
      record(pointerName(address), 'PTR', name),
      record(name, 'A', address),
    ];
    const zone = await startDns({
      zone: [
        ...back('198.51.100.7', 'mail.example.net'),
        ...back('198.51.100.8', '198-51-100-8.dsl.example.net'),
        ...back('198.51.100.9', '198-51-100-9.dsl.example.net'),
        record(pointerName('198.51.100.6'), 'PTR', 'mail.example.net'),
        record('example.org', 'TXT', 'v=spf1 ip4:198.51.100.9 -all'),
      ],
      behaviour: ({ name }) => (name === pointerName('198.51.100.10') ? { rcode: 2 } : undefined),
    });
    const dns = new Resolver({ servers: [zone], timeoutMs: 2000, tryMs: 500 });
    await start({ dns, greylisted: 'suspicious', isProxied: true });
    const from = (address: string) => send(letter(), [ALICE], address);
    assert.match(await from(SUSPECT), /^451 4\.7\.0 /, 'no name');
    assert.match(await from('198.51.100.6'), /^451 4\.7\.0 /, 'a name that does not lead back');
    assert.match(await from('198.51.100.8'), /^451 4\.7\.0 /, 'the name of a line');
    assert.match(await from('198.51.100.7'), /^250 /, 'the name of a mail server');
    assert.match(await from('198.51.100.9'), /^250 /, 'the name of a line, and the domain is proven');
    assert.match(await from('198.51.100.10'), /^250 /, 'the DNS does not say');
    nowMs += 360_000;
    assert.match(await from(SUSPECT), /^250 /, 'it came again');
    await zone.close();
  });
});

describe('a filter before us', () => {
  const SPAM = 'X-Spam-Flag: YES\r\n';

  test('counts where the relay is trusted', async () => {
    await start({ isTrusted: () => true, believesHeaders: true });
    assert.match(await send(letter('from the relay', SPAM)), /^250 /);
    assert.match(await last('Junk'), /from the relay/);
  });

  test('counts also on a message that is too large to be scanned', async () => {
    await start({ isTrusted: () => true, believesHeaders: true, rspamd: { maxBytes: 5000 } });
    const before = rspamd.requests.length;
    assert.match(await send(letter(`large\r\n${'x\r\n'.repeat(200_000)}`, SPAM)), /^250 /);
    assert.match(await last('Junk'), /\r\nlarge\r\n/);
    assert.equal(rspamd.requests.length, before);
  });

  test('answers for where mail is from: what its domain asks to refuse is taken', async () => {
    const zone = await startDns({
      zone: [
        record('example.org', 'TXT', 'v=spf1 -all'),
        record('_dmarc.example.org', 'TXT', 'v=DMARC1; p=reject'),
      ],
    });
    const dns = new Resolver({ servers: [zone], timeoutMs: 2000, tryMs: 500 });
    await start({ dns });
    assert.match(await send(letter()), /^550 5\.7\.26 /);
    await server?.close(0);
    await start({ dns, isRelay: () => true, isTrusted: () => true });
    assert.match(await send(letter('by the relay')), /^250 /);
    assert.match(
      await last(),
      /X-Brevduva-Verdict: accept: .*a relay that we trust has passed it on[\s\S]*by the relay/,
    );
    await zone.close();
  });

  test('and nowhere else, nor when nobody has said so', async () => {
    await start({ isTrusted: () => true });
    assert.match(await send(letter('not believed', SPAM)), /^250 /);
    assert.match(await last(), /not believed/);
  });
});
