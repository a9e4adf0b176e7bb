/** Against a real server on loopback, which answers as it should, too late, wrongly, or not at all. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Answer as Packed } from 'dns-packet';
import {
  type Behaviour,
  type DnsServerOptions,
  NXDOMAIN,
  record,
  soa,
  startDns,
  type TestDns,
} from '../../test/kit/dns.ts';
import { DnsCache } from './cache.ts';
import { Resolver, type ResolverOptions } from './resolver.ts';

const open: TestDns[] = [];
after(() => Promise.all(open.map((dns) => dns.close())));

async function start(options: DnsServerOptions, rest: Partial<ResolverOptions> = {}) {
  const dns = await startDns(options);
  open.push(dns);
  return { dns, resolver: new Resolver({ servers: [dns], timeoutMs: 2000, tryMs: 500, ...rest }) };
}

const behave = (behaviour: Behaviour, rest: Partial<ResolverOptions> = {}) => start({ behaviour }, rest);
const A = record('example.com', 'A', '192.0.2.1');
const found = (records: readonly unknown[], name = 'example.com', isSecure = false) => ({
  ...{ kind: 'found', records, name, isSecure },
});

test('every type comes as values', async () => {
  const certificate = Buffer.from('ab'.repeat(32), 'hex');
  const rows: readonly (readonly [string, string, unknown, unknown])[] = [
    ['example.com', 'A', '192.0.2.1', '192.0.2.1'],
    ['example.com', 'AAAA', '2001:db8::1', '2001:db8::1'],
    [
      'example.com',
      'MX',
      { preference: 10, exchange: 'MX.example.com' },
      { preference: 10, exchange: 'mx.example.com' },
    ],
    ['null.example', 'MX', { preference: 0, exchange: '.' }, { preference: 0, exchange: '.' }],
    ['example.com', 'NS', 'ns.example.com', 'ns.example.com'],
    ['example.com', 'TXT', ['v=spf1 ', 'mx -all'], 'v=spf1 mx -all'],
    ['1.2.0.192.in-addr.arpa', 'PTR', 'Mail.Example.com', 'mail.example.com'],
    [
      '_imaps._tcp.example.com',
      'SRV',
      { priority: 0, weight: 1, port: 993, target: 'mail.example.com' },
      { priority: 0, weight: 1, port: 993, target: 'mail.example.com' },
    ],
    [
      '_25._tcp.mx.example.com',
      'TLSA',
      { usage: 3, selector: 1, matchingType: 1, certificate },
      { usage: 3, selector: 1, matchingType: 1, certificate },
    ],
    [
      'example.com',
      'CAA',
      { flags: 128, tag: 'issue', value: 'ca.example' },
      { isCritical: true, tag: 'issue', value: 'ca.example' },
    ],
  ];
  const { resolver } = await start({ zone: rows.map(([name, type, data]) => record(name, type, data)) });
  for (const [name, type, , value] of rows) {
    const answer = await resolver.ask(`${name.toUpperCase()}.`, type as 'A');
    assert.deepEqual(answer, found([value], name.toLowerCase()), `${name} ${type}`);
  }
});

test('NXDOMAIN, NODATA, SERVFAIL and silence are different things', async () => {
  const { resolver } = await behave(({ name }) => {
    if (name === 'broken.example') return { rcode: 2 };
    if (name === 'refused.example') return { rcode: 5 };
    if (name === 'slow.example') return 'silence';
    return name === 'gone.example' ? { rcode: NXDOMAIN } : { answers: [] };
  });
  const kinds = ['gone', 'empty', 'broken', 'refused', 'slow'].map(
    async (name) => (await resolver.ask(`${name}.example`, 'A')).kind,
  );
  assert.deepEqual(await Promise.all(kinds), ['nxdomain', 'nodata', 'servfail', 'servfail', 'timeout']);
  const refused = await resolver.ask('refused.example', 'A');
  assert.match('detail' in refused ? refused.detail : '', /127\.0\.0\.1: REFUSED/);
  assert.equal((await resolver.ask('no name', 'A')).kind, 'unusable');
});

test('an answer that did not fit comes by TCP', async () => {
  const many = Array.from({ length: 300 }, (_, i) =>
    record('big.example', 'A', `192.0.${i >> 8}.${i & 255}`),
  );
  const { dns, resolver } = await start({ zone: many });
  const answer = await resolver.ask('big.example', 'A');
  assert.equal(answer.kind === 'found' && answer.records.length, 300);
  assert.deepEqual(
    dns.queries.map(({ transport }) => transport),
    ['udp', 'tcp'],
  );
});

test('TCP that says nothing or answers another question is no answer', async () => {
  for (const reply of ['silence', { lies: [{ id: 1 }] }] as const) {
    const { resolver } = await behave(
      ({ transport }) => (transport === 'udp' ? { isTruncated: true, answers: [] } : reply),
      { timeoutMs: 400, tryMs: 100 },
    );
    const answer = await resolver.ask('example.com', 'A');
    assert.equal(answer.kind, 'timeout');
  }
});

test('answers that others made up are passed over (RFC 5452)', async () => {
  const other = { name: 'other.example', type: 'A' as const };
  const lie: Packed[] = [record('example.com', 'A', '203.0.113.66')];
  const { dns, resolver } = await behave(({ packet }) => ({
    answers: [A],
    lies: [
      { id: ((packet.id ?? 0) + 1) & 0xffff, answers: lie },
      { questions: [other], answers: lie },
      { questions: [{ name: 'example.com', type: 'MX' }], answers: lie },
      { questions: [], answers: lie },
      { type: 'query', answers: lie },
    ],
  }));
  assert.deepEqual(await resolver.ask('example.com', 'A'), found(['192.0.2.1']));
  const ids = new Set<number>();
  const ports = new Set<number>();
  for (let i = 0; i < 20; i++) await resolver.ask(`n${i}.example`, 'A');
  for (const { packet, port } of dns.queries) {
    ids.add(packet.id ?? 0);
    ports.add(port);
  }
  assert.ok(ids.size > 15 && ports.size > 15, `${ids.size} ids, ${ports.size} ports`);
});

test('records of other names in an answer are not taken', async () => {
  const { resolver } = await behave(() => ({
    answers: [record('other.example', 'A', '203.0.113.66'), A, record('example.com', 'TXT', 'x')],
  }));
  assert.deepEqual(await resolver.ask('example.com', 'A'), found(['192.0.2.1']));
});

test('a flood of wrong answers is not read to its end', async () => {
  const lies = Array.from({ length: 150 }, () => ({ questions: [] }));
  const { resolver } = await behave(() => ({ lies, answers: [A] }));
  const answer = await resolver.ask('example.com', 'A');
  assert.equal(answer.kind, 'timeout');
  assert.match('detail' in answer ? answer.detail : '', /flood/);
});

test('aliases are followed, also where the server leaves off, and not in circles', async () => {
  const zone = [
    record('www.example', 'CNAME', 'a.example'),
    record('a.example', 'CNAME', 'b.example'),
    record('b.example', 'A', '192.0.2.7'),
    record('c1.example', 'CNAME', 'c2.example'),
    record('c2.example', 'CNAME', 'c1.example'),
    record('to-nothing.example', 'CNAME', 'nothing.example'),
  ];
  const whole = await start({ zone, isSecure: true });
  assert.deepEqual(await whole.resolver.ask('www.example', 'A'), found(['192.0.2.7'], 'b.example', true));
  assert.equal((await whole.resolver.ask('www.example', 'AAAA')).kind, 'nodata');
  assert.equal((await whole.resolver.ask('to-nothing.example', 'A')).kind, 'nxdomain');
  assert.equal((await whole.resolver.ask('c1.example', 'A')).kind, 'unusable');
  // One alias at a time; a part that was not validated makes the whole one that was not.
  const lazy = await behave(({ name }) => ({
    answers: zone.filter((one) => one.name === name),
    isSecure: name !== 'a.example',
  }));
  assert.deepEqual(await lazy.resolver.ask('www.example', 'A'), found(['192.0.2.7'], 'b.example'));
  assert.equal((await lazy.resolver.ask('c1.example', 'A')).kind, 'unusable');
  assert.ok(lazy.dns.queries.length < 20, `${lazy.dns.queries.length} questions`);
});

test('the next server is asked, and the one that answered comes first the next time', async () => {
  const dead = await startDns({ behaviour: () => 'silence' });
  const broken = await startDns({ behaviour: () => ({ rcode: 2 }) });
  const good = await startDns({ behaviour: () => ({ answers: [A] }) });
  open.push(dead, broken, good);
  const resolver = new Resolver({ servers: [dead, broken, good], timeoutMs: 10_000, tryMs: 500 });
  assert.deepEqual(await resolver.ask('example.com', 'A'), found(['192.0.2.1']));
  await resolver.ask('example.com', 'MX');
  assert.deepEqual(
    [dead, broken, good].map(({ queries }) => queries.length),
    [1, 1, 2],
  );
});

test('a slow server is waited for longer in the next round, within one deadline', async () => {
  const slow = await behave(() => ({ answers: [A], delayMs: 900 }), { timeoutMs: 20_000, tryMs: 600 });
  assert.deepEqual(await slow.resolver.ask('example.com', 'A'), found(['192.0.2.1']));
  assert.equal(slow.dns.queries.length, 2);
  const never = await behave(() => 'silence', { timeoutMs: 200, tryMs: 150 });
  const startMs = performance.now();
  assert.equal((await never.resolver.ask('example.com', 'A')).kind, 'timeout');
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs >= 190 && tookMs < 10_000, `${tookMs} ms`);
});

test('nobody there is noticed at once', async () => {
  const { dns, resolver } = await start({}, { timeoutMs: 20_000, tryMs: 5000 });
  await dns.close();
  open.splice(open.indexOf(dns), 1);
  const answer = await resolver.ask('example.com', 'A');
  assert.equal(answer.kind, 'timeout');
  assert.match('detail' in answer ? answer.detail : '', /ECONNREFUSED/);
});

test('EDNS(0) is asked with, and left out for servers that do not know it (RFC 6891)', async () => {
  const { dns, resolver } = await behave(({ packet }) => {
    const [opt] = packet.additionals ?? [];
    if (opt?.type !== 'OPT') return { answers: [A] };
    assert.equal(opt.udpPayloadSize, 1232);
    return { rcode: 1 };
  });
  assert.deepEqual(await resolver.ask('example.com', 'A'), found(['192.0.2.1']));
  assert.equal(dns.queries.length, 2);
});

test('answers are kept as long as they may be, absences too (RFC 2308)', async () => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs };
  const { dns, resolver } = await behave(
    ({ name }) => {
      if (name === 'gone.example') return { rcode: NXDOMAIN, authorities: [soa('example', 30, 3600)] };
      if (name === 'bare.example') return { rcode: NXDOMAIN };
      if (name === 'zero.example') return { answers: [record(name, 'A', '192.0.2.1', 0)] };
      const alias = record('alias.example', 'CNAME', 'example.com', 20);
      return { answers: name === 'alias.example' ? [alias, A] : [A] };
    },
    { clock },
  );
  const asked = async (name: string, atS: number): Promise<number> => {
    nowMs = atS * 1000;
    const before = dns.queries.length;
    await resolver.ask(name, 'A');
    return dns.queries.length - before;
  };
  const rows: readonly (readonly [string, number, number])[] = [
    ...([
      ['example.com', 0, 1],
      ['example.com', 299, 0],
      ['example.com', 301, 1],
    ] as const),
    ...([
      ['alias.example', 400, 1],
      ['alias.example', 419, 0],
      ['alias.example', 421, 1],
    ] as const),
    ...([
      ['gone.example', 500, 1],
      ['gone.example', 529, 0],
      ['gone.example', 531, 1],
    ] as const),
    ...([
      ['bare.example', 600, 1],
      ['bare.example', 600, 1],
    ] as const),
    ...([
      ['zero.example', 700, 1],
      ['zero.example', 700, 1],
    ] as const),
  ];
  for (const [name, atS, questions] of rows)
    assert.equal(await asked(name, atS), questions, `${name} ${atS}`);
});

test('the cache has a bound', () => {
  const cache = new DnsCache({ nowMs: () => 0 }, 3);
  const answer = { kind: 'nodata', isSecure: false } as const;
  for (let i = 0; i < 10; i++) cache.keep(`A n${i}`, answer, { ttlSeconds: 60, sizeBytes: 100 });
  assert.equal(cache.size, 3);
  assert.deepEqual(cache.find('A n9'), answer);
  cache.keep('A large', answer, { ttlSeconds: 60, sizeBytes: 60_000 });
  assert.equal(cache.find('A large'), undefined);
});

test('a question that many have is asked once', async () => {
  const { dns, resolver } = await behave(() => ({ answers: [A], delayMs: 30 }));
  const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.ask('example.com', 'A')));
  assert.equal(dns.queries.length, 1);
  assert.ok(answers.every(({ kind }) => kind === 'found'));
});
