/** Against a real DNS server: where the mail of domains of all kinds goes. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { record, startDns } from '../../../test/kit/dns.ts';
import { Resolver } from '../../dns/resolver.ts';
import { examine } from '../examine.ts';
import type { Finding } from '../finding.ts';
import type { World } from '../world.ts';
import { mailExchangers } from './mail-exchangers.ts';

const HOST = 'mail.example.com';
const mx = (name: string, exchange: string, preference = 10) => record(name, 'MX', { preference, exchange });
const zone = [
  record(HOST, 'A', '203.0.113.1'),
  record('mx2.example.com', 'AAAA', '2001:db8::1'),
  record('backup.example.org', 'A', '198.51.100.1'),
  record('alias.example.com', 'CNAME', HOST),
  mx('here.example', HOST),
  mx('by-address.example', 'mx2.example.com'),
  mx('two.example', 'backup.example.org', 20),
  mx('two.example', HOST, 5),
  mx('elsewhere.example', 'backup.example.org'),
  mx('null.example', '.', 0),
  mx('alias.example', 'alias.example.com'),
  mx('address.example', '203.0.113.1'),
  mx('lost.example', 'gone.example.com'),
  record('implicit.example', 'A', '203.0.113.1'),
  record('empty.example', 'TXT', 'nothing'),
  mx('xn--rksmrgs-5wao1o.example', HOST),
];

const dns = await startDns({
  zone,
  behaviour: ({ name }) => (name === 'broken.example' ? { rcode: 2 } : undefined),
});
after(() => dns.close());

async function look(...names: readonly string[]): Promise<readonly Finding[]> {
  const world = {
    config: { hostname: HOST },
    dns: new Resolver({ servers: [dns], timeoutMs: 2000 }),
    addresses: ['10.0.0.5', '2001:db8::1'],
    domains: { kind: 'known', names },
  } as unknown as World;
  return examine(world, [mailExchangers]);
}

const rows: readonly (readonly [string, string, RegExp])[] = [
  ['here.example', 'ok', /^10 mail\.example\.com \(203\.0\.113\.1\)$/],
  ['by-address.example', 'ok', /2001:db8::1/],
  ['two.example', 'ok', /^5 mail\.example\.com .*; 20 backup/],
  ['elsewhere.example', 'unknown', /backup\.example\.org/],
  ['null.example', 'fail', /takes no mail/],
  ['alias.example', 'warn', /alias\.example\.com/],
  ['address.example', 'fail', /no address/],
  ['lost.example', 'fail', /gone\.example\.com \(no address\)/],
  ['implicit.example', 'warn', /address of implicit\.example itself: 203\.0\.113\.1/],
  ['empty.example', 'fail', /^none$/],
  ['gone.example', 'fail', /knows no such domain/],
  ['broken.example', 'unknown', /SERVFAIL/],
  ['räksmörgås.example', 'ok', /mail\.example\.com/],
  ['localhost', 'unknown', /no domain of the DNS/],
];
for (const [domain, verdict, seen] of rows) {
  test(domain, async () => {
    const [finding, ...more] = await look(domain);
    assert.ok(finding);
    assert.deepEqual([finding.verdict, more], [verdict, []], finding.seen);
    assert.match(finding.seen, seen);
  });
}

test('domains without end are not looked at without end', async () => {
  const before = dns.queries.length;
  const findings = await look(...Array.from({ length: 250 }, (_, i) => `n${i}.example`));
  assert.equal(findings.length, 201);
  assert.match(findings.at(-1)?.seen ?? '', /50 more were not looked at/);
  assert.equal(dns.queries.length - before, 200);
});

test('a check that meets what nobody foresaw is unknown, and the others come to their end', async () => {
  const broken = { name: 'broken', run: () => Promise.reject(new Error('out of paper')) };
  const world = {
    config: { hostname: HOST },
    dns,
    domains: { kind: 'known', names: [] },
  } as unknown as World;
  const findings = await examine(world, [broken, mailExchangers]);
  assert.deepEqual(
    findings.map(({ check, verdict }) => [check, verdict]),
    [
      ['broken', 'unknown'],
      ['mx', 'unknown'],
    ],
  );
  assert.equal(findings[0]?.seen, 'out of paper');
});

test('where no resolver answers, nobody waits for each domain', async () => {
  const silent = await startDns({ behaviour: () => 'silence' });
  const world = {
    config: { hostname: HOST },
    dns: new Resolver({ servers: [silent], timeoutMs: 200, tryMs: 200 }),
    addresses: [],
    domains: { kind: 'known', names: Array.from({ length: 100 }, (_, i) => `n${i}.example`) },
  } as unknown as World;
  const findings = await examine(world, [mailExchangers]);
  await silent.close();
  assert.ok(findings.length === 100 && findings.every(({ verdict }) => verdict === 'unknown'));
  assert.ok(silent.queries.length < 20, `${silent.queries.length} questions`);
});
