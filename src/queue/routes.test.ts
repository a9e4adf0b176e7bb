/** Where mail goes, by what the DNS says (RFC 5321 §5.1, RFC 7505, RFC 8461), and which addresses it never goes to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, Dns, MailExchange, RecordType } from '../dns/answer.ts';
import { addressesOf } from './addresses.ts';
import { Families, reverseName } from './families.ts';
import { isNamed, MtaSts, parsePolicy } from './mta-sts.ts';
import { type Routing, routeTo } from './routes.ts';

/** By `TYPE name`. What is not there does not exist. */
function dnsOf(
  answers: Readonly<Record<string, Answer<RecordType> | readonly unknown[]>>,
): Dns & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async ask(name: string, type: RecordType) {
      asked.push(`${type} ${name}`);
      const answer = answers[`${type} ${name}`];
      if (answer === undefined) return { kind: 'nxdomain', isSecure: false } as never;
      if (!Array.isArray(answer)) return answer as never;
      return { kind: 'found', records: answer, name, isSecure: false } as never;
    },
  };
}

const mx = (...pairs: readonly (readonly [number, string])[]): readonly MailExchange[] =>
  pairs.map(([preference, exchange]) => ({ preference, exchange }));

const hostsOf = (routing: Routing): readonly string[] | string =>
  routing.kind === 'route'
    ? routing.route.hosts.map(({ name }) => name)
    : `${routing.kind} ${routing.status}`;

async function route(records: Answer<'MX'> | readonly MailExchange[], domain = 'example.org') {
  const dns = dnsOf({ [`MX ${domain}`]: records as Answer<RecordType> });
  return hostsOf(await routeTo(domain, { dns, isOurs: (host) => host === 'ours.example.com' }));
}

describe('the route of a domain', () => {
  it('is its MX records by preference, each host once, ten at most', async () => {
    assert.deepEqual(await route(mx([20, 'b.example.org'], [10, 'a.example.org'], [30, 'A.example.org'])), [
      'a.example.org',
      'b.example.org',
    ]);
    const many = mx(...Array.from({ length: 1000 }, (_, n) => [n, `h${n}.example.org`] as const));
    assert.equal((await route(many)).length, 10);
  });

  it('is cut at our own name, and is none when we are the nearest', async () => {
    const records = mx(
      [10, 'a.example.org'],
      [20, 'ours.example.com'],
      [20, 'c.example.org'],
      [30, 'd.example.org'],
    );
    assert.deepEqual(await route(records), ['a.example.org']);
    assert.equal(await route(mx([10, 'ours.example.com'], [20, 'b.example.org'])), 'failed 5.4.6');
  });

  it('is none for who takes no mail and for who is not there, and the domain itself without MX', async () => {
    assert.equal(await route(mx([0, '.'])), 'failed 5.1.10');
    assert.deepEqual(await route(mx([0, '.'], [10, 'a.example.org'])), ['a.example.org']);
    assert.equal(await route({ kind: 'nxdomain', isSecure: false }), 'failed 5.1.2');
    assert.deepEqual(await route({ kind: 'nodata', isSecure: false }), ['example.org']);
    for (const kind of ['servfail', 'timeout'] as const)
      assert.equal(await route({ kind, detail: '' }), 'deferred 4.4.3');
    for (const domain of ['', '192.0.2.1', '[not an address]', 'a b'])
      assert.match(String(await route(mx(), domain)), /^failed 5\.1\.2/, domain);
  });

  it('is the address that stands in the place of a domain', async () => {
    assert.deepEqual(await route(mx(), '[192.0.2.1]'), ['192.0.2.1']);
    assert.deepEqual(await route(mx(), '[IPv6:2001:db8::1]'), ['2001:db8::1']);
  });
});

describe('the addresses of a host', () => {
  const rules = { allowsPrivate: false, uses: { ipv4: true, ipv6: true } };

  it('are never those that only we can reach, however they are written', async () => {
    const inner = [
      ...[
        '127.0.0.1',
        '10.1.2.3',
        '172.16.0.1',
        '192.168.1.1',
        '169.254.1.1',
        '100.64.0.1',
        '0.0.0.0',
        '224.0.0.1',
      ],
      ...['255.255.255.255', '::1', '::', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '::ffff:127.0.0.1'],
      ...['::ffff:7f00:1', '::ffff:a00:1', '::127.0.0.1', '64:ff9b::7f00:1'],
    ];
    for (const address of inner) {
      const type = address.includes(':') ? 'AAAA' : 'A';
      const { addresses } = await addressesOf(dnsOf({ [`${type} x`]: [address] }), 'x', rules);
      assert.deepEqual(addresses, [], address);
    }
    for (const address of ['192.0.2.1', '8.8.8.8', '172.32.0.1', '2001:db8::1', '2606:4700::1111']) {
      const type = address.includes(':') ? 'AAAA' : 'A';
      const { addresses } = await addressesOf(dnsOf({ [`${type} x`]: [address] }), 'x', rules);
      assert.deepEqual(addresses, [address]);
    }
  });

  it('take turns by family, five at most, and only of families that are used', async () => {
    const dns = dnsOf({
      'A x': ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'],
      'AAAA x': ['2001:db8::1', '2001:db8::2'],
    });
    assert.deepEqual((await addressesOf(dns, 'x', rules)).addresses, [
      ...['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2', '192.0.2.3'],
    ]);
    const v4 = { ...rules, uses: { ipv4: true, ipv6: false } };
    assert.equal((await addressesOf(dns, 'x', v4)).addresses.length, 4);
  });

  it('may be there later, when they are of the family that is not used', async () => {
    const nodata: Answer<RecordType> = { kind: 'nodata', isSecure: false };
    const timeout: Answer<RecordType> = { kind: 'timeout', detail: '' };
    const v4 = { ...rules, uses: { ipv4: true, ipv6: false } };
    const v6 = { ...rules, uses: { ipv4: false, ipv6: true } };
    const isForNow = async (dns: Dns, which = v4): Promise<boolean | undefined> =>
      (await addressesOf(dns, 'x', which)).fault?.isForNow;
    assert.equal(await isForNow(dnsOf({ 'A x': nodata, 'AAAA x': ['2001:db8::1'] })), true);
    assert.equal(await isForNow(dnsOf({ 'AAAA x': nodata, 'A x': ['192.0.2.1'] }), v6), true);
    assert.equal(await isForNow(dnsOf({ 'A x': nodata, 'AAAA x': timeout })), true);
    assert.equal(await isForNow(dnsOf({ 'A x': nodata, 'AAAA x': nodata })), false);
    const nobody = dnsOf({});
    assert.equal(await isForNow(nobody), false);
    assert.deepEqual(nobody.asked, ['A x']);
  });

  it('are of IPv6 while ours has a name that leads back to it, as far as the DNS answers', async () => {
    const own = '2001:db8::1';
    const reverse = `PTR ${reverseName(own)}`;
    const good = { [reverse]: ['mail.example.com'], 'AAAA mail.example.com': [own] };
    const timeout: Answer<RecordType> = { kind: 'timeout', detail: '' };
    let dns = dnsOf(good);
    const asking: Dns = { ask: (name, type) => dns.ask(name, type) };
    const families = new Families(asking, 'auto', () => [own]);
    const isUsedWith = async (answers: Parameters<typeof dnsOf>[0]): Promise<boolean> => {
      dns = dnsOf(answers);
      await families.look();
      return families.uses.ipv6;
    };
    assert.equal(await isUsedWith({ [reverse]: timeout }), false);
    assert.equal(await isUsedWith(good), true);
    assert.equal(await isUsedWith({ [reverse]: timeout }), true);
    assert.equal(await isUsedWith({ ...good, 'AAAA mail.example.com': timeout }), true);
    assert.equal(await isUsedWith({ ...good, 'AAAA mail.example.com': ['2001:db8::2'] }), false);
    assert.equal(await isUsedWith({ ...good, 'AAAA mail.example.com': timeout }), false);
    assert.equal(await isUsedWith(good), true);
    assert.equal(await isUsedWith({}), false);
  });

  it('have names in the DNS', () => {
    assert.equal(
      reverseName('2001:db8::1'),
      '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
    );
  });
});

describe('a policy of MTA-STS (RFC 8461)', () => {
  const text = 'version: STSv1\nmode: enforce\nmx: mail.example.org\nmx: *.mx.example.org\nmax_age: 1000\n';

  it('names hosts, a star for one label', () => {
    const policy = parsePolicy(text, '1', 0);
    assert.equal(policy.untilMs, 1_000_000);
    for (const host of ['mail.example.org', 'a.mx.example.org']) assert.ok(isNamed(policy, host), host);
    for (const host of ['mx.example.org', 'a.b.mx.example.org', 'xmail.example.org'])
      assert.ok(!isNamed(policy, host), host);
    for (const bad of [
      '',
      'version: STSv1\nmode: enforce\nmax_age: 1\n',
      text.replace('STSv1', 'STSv2'),
      '<html>',
    ])
      assert.throws(() => parsePolicy(bad, '1', 0), TypeError);
  });

  it('holds while nothing newer can be had, and is not fetched for each message', async () => {
    let nowMs = 0;
    let fetched = 0;
    let answer: Answer<RecordType> | readonly string[] = ['v=STSv1; id=1;'];
    const dns: Dns = {
      ask: (name, type) => dnsOf({ _x: [], 'TXT _mta-sts.example.org': answer }).ask(name, type),
    };
    const fetch = async (): Promise<string> => {
      fetched++;
      if (fetched > 1) throw new Error('gone');
      return text;
    };
    const sts = new MtaSts(dns, { nowMs: () => nowMs, fetch });
    for (let n = 0; n < 3; n++) assert.equal((await sts.policyOf('example.org'))?.mode, 'enforce');
    assert.equal(fetched, 1);
    answer = ['v=STSv1; id=2;'];
    for (let n = 0; n < 3; n++) assert.equal((await sts.policyOf('example.org'))?.id, '1');
    assert.equal(fetched, 2);
    answer = { kind: 'servfail', detail: '' };
    assert.equal((await sts.policyOf('example.org'))?.id, '1');
    nowMs = 1_000_001;
    assert.equal(await sts.policyOf('example.org'), undefined);
  });
});
