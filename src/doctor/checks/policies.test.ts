/** Against a real DNS server: what domains say of who sends for them, over what, with whose certificate, and how programs are set up. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { record, startDns } from '../../../test/kit/dns.ts';
import type { Answer } from '../../dns/answer.ts';
import { Resolver } from '../../dns/resolver.ts';
import { makePair } from '../../net/self-signed.ts';
import { mtaStsRecord, policyText } from '../../setup/mta-sts.ts';
import { paccDocument, paccRecord } from '../../setup/pacc.ts';
import { examine } from '../examine.ts';
import type { Finding } from '../finding.ts';
import { wantedRecords } from '../wanted-records.ts';
import type { Check, World } from '../world.ts';
import { judge as judgeAssociations } from './associations.ts';
import { issuers, judge as judgeIssuers } from './issuers.ts';
import { authorPolicy, senderPolicy } from './sender-policies.ts';
import { setupNames } from './setup-names.ts';
import { transportPolicy } from './transport-policy.ts';

const HOST = 'mail.example.com';
const POLICY = { mode: 'enforce', mx: [HOST, '*.backup.example'], maxAgeSeconds: 604_800 } as const;
const txt = (name: string, ...texts: readonly string[]) => texts.map((text) => record(name, 'TXT', [text]));
const mx = (name: string, exchange: string) => record(name, 'MX', { preference: 10, exchange });
const sts = mtaStsRecord(POLICY);
const pacc = paccRecord(paccDocument('good.example', HOST, [{ kind: 'imap', port: 993, security: 'tls' }]));

const zone = [
  record(HOST, 'A', '203.0.113.1'),
  ...txt('good.example', 'v=spf1 ip4:203.0.113.1 -all', 'something else'),
  ...txt('elsewhere.example', 'v=spf1 ip4:198.51.100.1 -all'),
  ...txt('twice.example', 'v=spf1 -all', 'v=spf1 mx -all'),
  ...txt('mistake.example', 'v=spf1 ip4:203.0.113 -all'),
  ...txt('empty.example', 'nothing'),
  ...txt('_dmarc.good.example', 'v=DMARC1; p=reject'),
  ...txt('_dmarc.elsewhere.example', 'v=DMARC1; p=none'),
  ...txt('_dmarc.twice.example', 'v=DMARC1; p=none', 'v=DMARC1; p=reject'),
  ...txt('_dmarc.mistake.example', 'v=DMARC1; rua=mailto:a@mistake.example'),
  ...['good', 'stale', 'unreported', 'uncovered', 'strange', 'silent'].map((name) =>
    mx(`${name}.example`, HOST),
  ),
  mx('good.example', 'mx.backup.example'),
  mx('uncovered.example', 'mx.far.backup.example'),
  ...['good', 'unreported', 'uncovered', 'strange', 'silent'].flatMap((name) =>
    txt(`_mta-sts.${name}.example`, sts),
  ),
  ...txt('_mta-sts.stale.example', 'v=STSv1; id=old;'),
  ...['good', 'stale', 'uncovered', 'strange', 'silent'].flatMap((name) =>
    txt(`_smtp._tls.${name}.example`, 'v=TLSRPTv1; rua=mailto:a@b'),
  ),
  ...['autoconfig', 'autodiscover'].flatMap((purpose) =>
    ['good', 'strange', 'silent'].map((name) => record(`${purpose}.${name}.example`, 'CNAME', HOST)),
  ),
  ...txt('_ua-auto-config.good.example', pacc),
  ...txt('_ua-auto-config.strange.example', 'v=UAAC1; a=sha256; d=AAAA'),
  record('example.com', 'CAA', {
    flags: 0,
    tag: 'issue',
    value: 'letsencrypt.org; validationmethods=http-01',
  }),
];
const dns = await startDns({
  zone,
  behaviour: ({ name }) => (name.endsWith('broken.example') ? { rcode: 2 } : undefined),
});
after(() => dns.close());

const PAGES: Readonly<Record<string, string>> = {
  '/.well-known/mta-sts.txt': policyText(POLICY),
  '/mail/config-v1.1.xml': '<clientConfig version="1.1">',
  '/autodiscover/autodiscover.json': '{"Url":"https://mail.example.com/autodiscover/autodiscover.xml"}',
};

async function look(checks: readonly Check[], ...names: readonly string[]): Promise<readonly Finding[]> {
  const listen = {
    ...{ http: { host: '::', port: 80 }, https: { host: '::', port: 443 } },
    ...{ smtp: { host: '::', port: 25 }, imaps: { host: '::', port: 993 } },
  };
  const acme = { enabled: true, directory: 'https://acme-v02.api.letsencrypt.org/directory' };
  const world = {
    ...{
      config: { hostname: HOST, listen, acme },
      mtaSts: POLICY,
      addresses: [],
      server: { kind: 'absent' },
    },
    dns: new Resolver({ servers: [dns], timeoutMs: 2000 }),
    domains: { kind: 'known', names },
    machine: { acmeAccount: async () => undefined },
    async web(url: string) {
      const { host, pathname } = new URL(url);
      if (host.endsWith('silent.example')) return { kind: 'failed', why: 'nothing answers' };
      const body = host.endsWith('strange.example') ? 'It works!' : (PAGES[pathname] ?? '');
      return { kind: 'answered', status: 200, body };
    },
  } as unknown as World;
  return examine(world, checks);
}

const brief = ({ verdict, seen }: Finding): string => `${verdict}: ${seen}`;

describe('policies of domains', () => {
  const rows: readonly (readonly [domain: string, check: Check, expected: RegExp])[] = [
    ['good.example', senderPolicy, /^ok: v=spf1 ip4:203/],
    ['elsewhere.example', senderPolicy, /^warn: .* by which 203\.0\.113\.1: fail$/],
    ['twice.example', senderPolicy, /^fail: 2 policies/],
    ['mistake.example', senderPolicy, /^fail: .*permerror/],
    ['empty.example', senderPolicy, /^warn: none$/],
    ['broken.example', senderPolicy, /^unknown: /],
    ['good.example', authorPolicy, /^ok: v=DMARC1; p=reject$/],
    ['elsewhere.example', authorPolicy, /^warn: v=DMARC1; p=none$/],
    ['twice.example', authorPolicy, /^fail: 2 policies/],
    ['mistake.example', authorPolicy, /^fail: v=DMARC1; rua/],
    ['empty.example', authorPolicy, /^warn: none$/],
    ['broken.example', authorPolicy, /^unknown: /],
    ['good.example', transportPolicy, /^ok: mode enforce for mail\.example\.com/],
    ['stale.example', transportPolicy, /^warn: v=STSv1; id=old;, which does not name/],
    ['unreported.example', transportPolicy, /^warn: mode enforce, and no address for reports/],
    ['uncovered.example', transportPolicy, /^fail: mode enforce, and mx\.far\.backup\.example in the MX/],
    ['strange.example', transportPolicy, /^warn: .*is not the policy of this server/],
    ['silent.example', transportPolicy, /^fail: .*nothing answers/],
    ['empty.example', transportPolicy, /^warn: no record/],
    ['broken.example', transportPolicy, /^unknown: /],
  ];
  for (const [domain, check, expected] of rows)
    test(`${check.name} of ${domain}`, async () => {
      const [finding] = await look([check], domain);
      assert.match(brief(finding as Finding), expected);
    });

  test('what is missing comes as lines for the zone', async () => {
    const findings = await look([senderPolicy, authorPolicy, transportPolicy], 'empty.example');
    const lines = findings.flatMap((finding) => (finding.verdict === 'ok' ? [] : (finding.records ?? [])));
    assert.deepEqual(lines, [
      'empty.example. IN TXT "v=spf1 mx -all"',
      '_dmarc.empty.example. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@empty.example"',
      'mta-sts.empty.example. IN CNAME mail.example.com.',
      `_mta-sts.empty.example. IN TXT "${sts}"`,
      '_smtp._tls.empty.example. IN TXT "v=TLSRPTv1; rua=mailto:postmaster@empty.example"',
    ]);
  });
});

test('names by which programs are set up', async () => {
  const all = async (domain: string) => (await look([setupNames], domain)).map(brief);
  assert.deepEqual(await all('good.example'), [
    'ok: answers',
    'ok: answers',
    'ok: the digest of what is served',
    'ok: none; autodiscover. is asked first',
  ]);
  const records = (await look([setupNames], 'empty.example')).flatMap((one) => one.records ?? []);
  assert.deepEqual(
    records.filter((line) => line.includes('_autodiscover')),
    ['_autodiscover._tcp.empty.example. IN SRV 0 0 443 mail.example.com.'],
  );
  assert.ok(records.some((line) => /^_ua-auto-config\.empty\.example\. IN TXT "v=UAAC1/.test(line)));
  assert.match(
    (await all('strange.example')).join('\n'),
    /^warn: answers 200.*\nwarn: answers 200.*\nwarn: .*not the digest/,
  );
  assert.match(
    (await all('silent.example')).join('\n'),
    /^warn: no answer: nothing answers\nwarn: .*\nok: none/,
  );
  assert.match((await all('empty.example')).join('\n'), /^warn: the DNS has no address/);
});

test('what is said of the certificate for mail fits it (RFC 6698, RFC 7672)', async () => {
  const it = new X509Certificate((await makePair(HOST)).certificate);
  const key = it.publicKey.export({ type: 'spki', format: 'der' });
  const digest = (octets: Buffer, algorithm = 'sha256') => createHash(algorithm).update(octets).digest();
  const of = (usage: number, selector: number, matchingType: number, certificate: Buffer) =>
    [{ usage, selector, matchingType, certificate }] as const;
  const signed = { isSigned: true, origin: 'ours' } as const;
  const rows: readonly (readonly [readonly object[], string])[] = [
    [of(3, 1, 1, digest(key)), 'ok'],
    [of(3, 0, 2, digest(it.raw, 'sha512')), 'ok'],
    [of(3, 1, 0, key), 'ok'],
    [[...of(3, 1, 1, digest(it.raw)), ...of(3, 1, 1, digest(key))], 'ok'],
    [of(3, 1, 1, digest(it.raw)), 'fail'],
    [of(1, 1, 1, digest(key)), 'fail'],
    [of(2, 1, 1, digest(it.raw)), 'unknown'],
  ];
  for (const [records, verdict] of rows) {
    const answer = { kind: 'found', records, name: '', isSecure: true } as Answer<'TLSA'>;
    assert.equal(judgeAssociations(HOST, answer, it, signed).verdict, verdict);
  }
  const none = { kind: 'nodata', isSecure: true } as const;
  assert.equal(judgeAssociations(HOST, none, it, { ...signed, isSigned: false }).verdict, 'ok');
  const missing = judgeAssociations(HOST, none, it, signed);
  assert.deepEqual('records' in missing ? missing.records : [], [
    `_25._tcp.${HOST}. IN TLSA 3 1 1 ${digest(key).toString('hex')}`,
  ]);
  const ofFiles = judgeAssociations(HOST, none, it, { ...signed, origin: 'files' });
  assert.match(ofFiles.verdict === 'warn' ? ofFiles.remedy : '', /--reuse-key/);
  const selfMade = judgeAssociations(HOST, none, it, { ...signed, origin: 'self-made' });
  assert.ok(selfMade.verdict === 'warn' && selfMade.records === undefined, 'its key does not stay');
});

test('what is to be published has the record of the key where the zone is signed', async () => {
  const certificate = new X509Certificate((await makePair(HOST)).certificate);
  const tell = async (isSecure: boolean, listen: object): Promise<readonly string[]> => {
    const asked: string[] = [];
    const dns = {
      ask: async (name: string, type: string) => {
        asked.push(`${name} ${type}`);
        return { kind: 'found', records: ['192.0.2.1'], name, isSecure };
      },
    };
    const config = { hostname: HOST, listen, acme: { enabled: true }, tls: {} };
    const machine = { certificateFile: async () => ({ path: 'served.pem', certificate }) };
    const domains = { kind: 'known', names: [] };
    const records = await wantedRecords({ config, dns, machine, domains, nowMs: 0 } as unknown as World);
    assert.ok(asked.every((one) => one === `${HOST} A`));
    return records.filter((line) => line.includes('TLSA'));
  };
  const smtp = { smtp: { host: '::', port: 25 } };
  assert.match((await tell(true, smtp)).join(), /^_25\._tcp\..* IN TLSA 3 1 1 [0-9a-f]{64}$/);
  assert.deepEqual(await tell(false, smtp), []);
  assert.deepEqual(await tell(true, {}), [], 'mail does not come here');
});

test('who may issue (RFC 8659)', async () => {
  assert.match(brief((await look([issuers]))[0] as Finding), /^ok: issue: letsencrypt\.org/);
  const issue = (value: string) => ({ isCritical: false, tag: 'issue', value });
  const rows: readonly (readonly [readonly string[], string])[] = [
    [['other.example'], 'fail'],
    [['other.example', 'LetsEncrypt.org'], 'ok'],
    [[';'], 'fail'],
    [[], 'ok'],
  ];
  for (const [values, verdict] of rows)
    assert.equal(
      judgeIssuers('example.com', values.map(issue), { authority: 'letsencrypt.org', account: undefined })
        .verdict,
      verdict,
      values.join(),
    );
});
