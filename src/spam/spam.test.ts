import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { record, startDns } from '../../test/kit/dns.ts';
import { silentLog } from '../base/log.ts';
import type { Answer, Dns } from '../dns/answer.ts';
import { Resolver } from '../dns/resolver.ts';
import { reversedLabels } from '../dns/reverse.ts';
import { isListed, parseBlockLists } from './block-list.ts';
import { BlockLists } from './block-lists.ts';
import { looksGenerated } from './generated-name.ts';
import { Greylist, type GreylistLog } from './greylist.ts';
import { GreylistFiles } from './greylist-files.ts';
import { rspamdAnswer, statusField } from './rspamd-answer.ts';
import { upstreamOpinion } from './upstream.ts';

describe('lists of addresses (RFC 5782)', () => {
  test('are read as postscreen has them', () => {
    const [plain, whole, good] =
      parseBlockLists('a.example, zen.example.org=127.0.0.[2..11;20]*3 good.example*-2') ?? [];
    assert.deepEqual(plain, { zone: 'a.example', weight: 1, answers: undefined });
    assert.equal(whole?.weight, 3);
    assert.equal(good?.weight, -2);
    assert.ok(whole !== undefined && plain !== undefined);
    for (const [answer, is] of [
      ['127.0.0.2', true],
      ['127.0.0.11', true],
      ['127.0.0.12', false],
      ['127.0.0.20', true],
      ['127.1.0.2', false],
    ] as const)
      assert.equal(isListed(whole, [answer]), is, answer);
    assert.ok(isListed(plain, ['127.3.4.5']));
    assert.ok(!isListed(plain, ['127.255.255.254']), 'a list that refuses to answer has nobody on it');
    assert.ok(!isListed(plain, ['192.0.2.1']), 'a resolver that lies');
    for (const bad of [
      'x',
      'a.example=127.0.0',
      'a.example=127.0.0.[9..2]',
      'a.example*x',
      'a.example=127.0.0.256',
    ])
      assert.equal(parseBlockLists(bad), undefined, bad);
    assert.equal(parseBlockLists(Array.from({ length: 21 }, (_, n) => `l${n}.example`).join()), undefined);
  });

  test('addresses are asked for backwards', () => {
    assert.equal(reversedLabels('192.0.2.99'), '99.2.0.192');
    assert.equal(
      reversedLabels('2001:db8:1:2:3:4:567:89ab'),
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2',
    );
  });

  const dnsOf = (zone: Readonly<Record<string, string>>, asked: string[] = []): Dns => ({
    ask: async (name) => {
      asked.push(name);
      const found = zone[name];
      return (found === undefined
        ? { kind: name.endsWith('dead.example') ? 'timeout' : 'nxdomain' }
        : { kind: 'found', records: [found], isSecure: false, ttl: 60 }) as unknown as Answer<never>;
    },
  });
  const listsOf = (text: string) =>
    new BlockLists({ lists: parseBlockLists(text) ?? [], junkFrom: 2, rejectFrom: 3 }, silentLog);

  test('points are added, good senders are let off, silence says nothing', async () => {
    const lists = listsOf('one.example*2, two.example, good.example*-3, dead.example*9');
    const bad = { '9.2.0.192.one.example': '127.0.0.2' };
    const opinion = async (zone: Readonly<Record<string, string>>) =>
      lists.opinionOn(await lists.look(dnsOf(zone), '192.0.2.9'));
    assert.equal((await opinion({})).action, 'accept');
    assert.equal((await opinion(bad)).action, 'junk');
    assert.equal((await opinion({ ...bad, '9.2.0.192.two.example': '127.0.0.4' })).action, 'reject');
    assert.equal((await opinion({ ...bad, '9.2.0.192.good.example': '127.0.0.1' })).action, 'accept');
    assert.match((await opinion(bad)).reason ?? '', /one\.example/);
  });

  test('over the DNS', async () => {
    const dns = await startDns({
      zone: [
        record('9.2.0.192.one.example', 'A', '127.0.0.2'),
        record(
          '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.one.example',
          'A',
          '127.0.0.2',
        ),
      ],
      behaviour: ({ name }) => (name.endsWith('slow.example') ? 'silence' : undefined),
    });
    const resolver = new Resolver({ servers: [dns], timeoutMs: 300, tryMs: 100 });
    const lists = listsOf('one.example*3 slow.example*3');
    assert.deepEqual(await lists.look(resolver, '192.0.2.9'), { points: 3, zones: ['one.example'] });
    assert.deepEqual(await lists.look(resolver, '2001:db8::1'), { points: 3, zones: ['one.example'] });
    assert.deepEqual(await lists.look(resolver, '192.0.2.10'), { points: 0, zones: [] });
    await dns.close();
  });

  test('a list that has 127.0.0.1 has everybody, and is left out (§5)', async () => {
    const lists = listsOf('all.example*9');
    const asked: string[] = [];
    const dns = dnsOf({ '9.2.0.192.all.example': '127.0.0.2', '1.0.0.127.all.example': '127.0.0.2' }, asked);
    for (let n = 0; n < 3; n++)
      assert.equal(lists.opinionOn(await lists.look(dns, '192.0.2.9')).action, 'accept');
    assert.equal(asked.filter((name) => name.startsWith('1.0.0.127.')).length, 1, 'asked once in a while');
    assert.deepEqual(await lists.look(dns, '127.0.0.1'), { points: 0, zones: [] });
  });

  test('one of which nobody can say whether it works says nothing, and is asked again', async () => {
    let nowMs = 0;
    const settings = { lists: parseBlockLists('one.example*9') ?? [], junkFrom: 2, rejectFrom: 3 };
    const lists = new BlockLists(settings, silentLog, () => nowMs);
    let health: string = 'busy';
    const dns: Dns = {
      ask: async (name) =>
        ({
          ...(name.startsWith('1.0.0.127.') && health !== 'found'
            ? { kind: health }
            : { kind: 'found', records: ['127.0.0.2'] }),
        }) as unknown as Answer<never>,
    };
    const action = async () => lists.opinionOn(await lists.look(dns, '192.0.2.9')).action;
    for (health of ['busy', 'servfail', 'timeout']) assert.equal(await action(), 'accept', health);
    health = 'nxdomain';
    assert.equal(await action(), 'reject', 'it works');
    nowMs += 2 * 3_600_000;
    health = 'timeout';
    assert.equal(await action(), 'reject', 'it did the last time');
    health = 'found';
    assert.equal(await action(), 'accept', 'it has everybody now');
    nowMs += 2 * 3_600_000;
    health = 'busy';
    assert.equal(await action(), 'accept', 'it did not work the last time');
  });
});

describe('what rspamd says', () => {
  test('is read as far as it makes sense', () => {
    const answer = rspamdAnswer(
      JSON.stringify({
        action: 'add header',
        score: 7.5,
        required_score: 15,
        thresholds: { 'add header': 6 },
        symbols: { A: { score: 1 }, BAD_NEWS: { score: 6.5 }, NOTHING: { score: 0 }, 'x\r\nY': { score: 9 } },
        messages: { smtp_message: 'no\r\nthanks' },
      }),
    );
    assert.ok(answer);
    assert.deepEqual(answer.symbols, ['BAD_NEWS', 'A']);
    assert.equal(answer.required, 6);
    assert.equal(answer.words, 'no thanks');
    assert.equal(
      statusField(answer, true),
      'X-Spam-Status: Yes, score=7.50 required=6.00\r\n\ttests=BAD_NEWS,\r\n\tA\r\n',
    );
    for (const bad of [
      '',
      '[]',
      '{"action":3,"score":1}',
      '{"action":"reject"}',
      '{"action":"x","score":1e999}',
    ])
      assert.equal(rspamdAnswer(bad), undefined, bad);
  });
});

test('what a filter before us has written', () => {
  const of = (fields: string) =>
    upstreamOpinion(Buffer.from(`${fields}Subject: x\r\n\r\nX-Spam-Flag: YES\r\n`)).action;
  assert.equal(of(''), 'accept');
  assert.equal(of('X-Spam-Flag: YES\r\n'), 'junk');
  assert.equal(of('x-spam-status: Yes, score=9\r\n\trequired=5\r\n'), 'junk');
  assert.equal(of('X-Spam: Yes\r\n'), 'junk');
  assert.equal(of('X-Spam-Flag: NO\r\nX-Spam: Yes\r\n'), 'accept');
  assert.equal(of('X-Spam-Status: No, score=1\r\n'), 'accept');
});

test("names of customers' lines are told from those of mail servers", () => {
  for (const [name, address, is] of [
    ['203-0-113-5.dsl.example.net', '203.0.113.5', true],
    ['5.113.0.203.example.net', '203.0.113.5', true],
    ['host203x0x113x5.example.net', '203.0.113.5', true],
    ['p203000113005.example.net', '203.0.113.5', true],
    ['cb007105.example.net', '203.0.113.5', true],
    ['c-113-5.pool.example.net', '203.0.113.5', true],
    ['a17.dynamic.example.net', '203.0.113.5', true],
    ['mail.example.com', '203.0.113.5', false],
    ['mail.cable.example', '203.0.113.5', false],
    ['smtp1.dsl.example.net', '203.0.113.5', false],
    ['mail-am6eur05on2054.outbound.example.com', '203.0.113.5', false],
    ['pool.example', '203.0.113.5', false],
    ['2001-db8-0-0-4a2b-11ff-fe0c-77.example.net', '2001:db8::4a2b:11ff:fe0c:77', true],
    ['dyn-4a2b11fffe0c0077.example.net', '2001:db8::4a2b:11ff:fe0c:77', true],
    ['2001-db8--1.example.net', '2001:db8::1', true],
    ['mx.example.org', '2001:db8::1', false],
  ] as const)
    assert.equal(looksGenerated(name, address), is, name);
});

describe('greylisting (RFC 6647)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-greylist-'));
  after(() => rmSync(folder, { recursive: true }));
  let nowMs = Date.parse('2026-11-27T10:00:00Z');
  const MINUTE = 60_000;
  const open = (log: GreylistLog = new GreylistFiles(folder, silentLog, () => nowMs)) =>
    new Greylist({ delayMs: 5 * MINUTE }, log, 'secret', () => nowMs);
  const from = (network: string, recipient = 'anna@example.com') => [
    { from: network, sender: 'bo@example.org', recipient },
  ];

  test('who is new comes again, not too early and not too late, and is known for weeks', async () => {
    const [one, other] = [open(), open()];
    assert.ok(await one.delays(from('192.0.2.0/24')));
    nowMs += MINUTE;
    assert.ok(await other.delays(from('192.0.2.0/24')), 'too early, at another worker');
    nowMs += 5 * MINUTE;
    assert.ok(!(await other.delays(from('192.0.2.0/24'))), 'seen by the first one');
    assert.ok(!(await one.delays(from('192.0.2.0/24'))), 'passed at the other one');
    assert.ok(await one.delays(from('198.51.100.0/24')), 'another network');
    assert.ok(await one.delays(from('192.0.2.0/24', 'carl@example.com')), 'another recipient');
    nowMs += 3 * 86_400_000;
    assert.ok(await one.delays(from('198.51.100.0/24')), 'too late');
    assert.ok(!(await open().delays(from('192.0.2.0/24'))), 'after a restart');
    nowMs += 37 * 86_400_000;
    assert.ok(await open().delays(from('192.0.2.0/24')), 'forgotten');
  });

  test('a network that sends mail as it should is not asked any more', async () => {
    const greylist = open();
    for (let n = 0; n < 5; n++) {
      assert.ok(await greylist.delays(from('203.0.113.0/24', `r${n}@example.com`)));
      nowMs += 6 * MINUTE;
      assert.ok(!(await greylist.delays(from('203.0.113.0/24', `r${n}@example.com`))));
    }
    assert.ok(!(await greylist.delays(from('203.0.113.0/24', 'new@example.com'))));
  });

  test('after a start, what five weeks have left is read with pauses, and whoever comes meanwhile waits for it', async () => {
    const day = (ago: number): string => new Date(nowMs - ago * 86_400_000).toISOString().slice(0, 10);
    const ago = (days: number, at: number) => (nowMs - days * 86_400_000 + at).toString(16);
    for (const days of [5, 4, 3]) {
      const lines = Array.from({ length: 40_000 }, (_, n) => {
        const key = (days * 100_000 + n).toString(16).padStart(16, '0');
        return `p ${key} ${key} ${ago(days, n)}\n`;
      });
      writeFileSync(join(folder, day(days)), lines.join(''));
    }
    // Known since yesterday: the last file that is read.
    assert.ok(await open().delays(from('198.18.0.0/24')));
    nowMs += 6 * MINUTE;
    const greylist = open();
    let turns = 0;
    let isOver = false;
    const counting = (): void => {
      turns++;
      if (!isOver) setImmediate(counting);
    };
    setImmediate(counting);
    const all = await Promise.all([
      greylist.delays(from('198.18.0.0/24')),
      greylist.delays(from('198.18.0.0/24')),
    ]);
    isOver = true;
    assert.deepEqual(all, [false, false]);
    assert.ok(turns > 20, `${turns} turns of the event loop`);
  });

  test('broken lines are nobody, old files go, and what cannot be remembered does not wait', async () => {
    writeFileSync(join(folder, '2020-01-01'), 's 0 0 0\n');
    const today = new Date(nowMs).toISOString().slice(0, 10);
    const path = join(folder, today);
    writeFileSync(path, 'nonsense\ns zz\n\0\0\0');
    const greylist = open();
    assert.ok(await greylist.delays(from('233.252.0.0/24')));
    assert.ok(!readdirSync(folder).includes('2020-01-01'));
    assert.match(readFileSync(path, 'latin1'), /s [0-9a-f]{16} [0-9a-f]{16} [0-9a-f]+\n$/);
    writeFileSync(join(folder, '2020-01-02'), 's 0 0 0\n');
    nowMs += 86_400_000;
    await greylist.delays(from('233.252.0.0/24'));
    assert.ok(!readdirSync(folder).includes('2020-01-02'), 'also while the server runs');
    const full: GreylistLog = { news: async () => {}, add: async () => false };
    assert.ok(!(await open(full).delays(from('233.252.0.0/24'))));
  });
});
