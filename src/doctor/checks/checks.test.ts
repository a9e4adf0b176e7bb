/** What each check makes of what it saw: tables of sights and verdicts. */
import assert from 'node:assert/strict';
import { webcrypto, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Answer, RecordType } from '../../dns/answer.ts';
import { makePair } from '../../net/self-signed.ts';
import type { Outcome } from '../finding.ts';
import type { Disk, PortSeen, World } from '../world.ts';
import { judgeFamily } from './addresses.ts';
import { judge as judgeCertificate } from './certificate.ts';
import { judge as judgeServices, type ServiceSeen } from './client-services.ts';
import { judge as judgeClock } from './clock.ts';
import { judge as judgeDataFolder } from './data-folder.ts';
import { judge as judgeDisk } from './disk.ts';
import { listeners } from './listeners.ts';
import { reachOf } from './lmtp.ts';
import { judge as judgeLog } from './log-file.ts';
import { type HostSeen, judge as judgeExchangers } from './mail-exchangers.ts';
import { resolver } from './resolver.ts';
import { reverseNames } from './reverse-names.ts';
import { server } from './server.ts';

const HOST = 'mail.example.com';
const NOW = Date.parse('2026-06-01T00:00:00Z');
const DAY = 86_400_000;
const GIB = 1024 ** 3;

const found = <T extends RecordType>(records: Answer<T> extends never ? never : readonly unknown[]) =>
  ({ kind: 'found', records, name: HOST, isSecure: false }) as unknown as Answer<T>;
const none = { kind: 'nodata', isSecure: false } as const;

function remedyOf(outcome: Outcome): string {
  return outcome.verdict === 'ok' ? '' : outcome.remedy;
}

describe('the address', () => {
  const rows: readonly (readonly [
    string,
    readonly string[],
    readonly string[] | undefined,
    string,
    RegExp,
  ])[] = [
    ['ours', ['203.0.113.1'], ['203.0.113.1'], 'ok', /203\.0\.113\.1/],
    ['none of this family', ['203.0.113.1'], undefined, 'ok', /none/],
    ['behind a router', ['10.0.0.5'], ['203.0.113.1'], 'unknown', /no interface/],
    ['of another machine', ['203.0.113.7', '10.0.0.5'], ['203.0.113.1'], 'fail', /another machine/],
    ['one of two', ['203.0.113.7'], ['203.0.113.7', '203.0.113.8'], 'fail', /^203\.0\.113\.8 is/],
    ['loopback', ['127.0.0.1'], ['127.0.0.1'], 'fail', /reaches itself/],
    ['private and ours', ['192.168.1.5'], ['192.168.1.5'], 'ok', /192/],
  ];
  for (const [what, addresses, records, verdict, seen] of rows) {
    test(what, () => {
      const answer = records === undefined ? none : found<'A'>(records);
      const world = { config: { hostname: HOST }, addresses } as unknown as World;
      const outcome = judgeFamily(world, 'A', answer);
      assert.equal(outcome.verdict, verdict);
      assert.match(outcome.seen, seen);
    });
  }

  test('is the same however it is written, and a wrong one comes with the right lines', () => {
    const world = { config: { hostname: HOST }, addresses: ['2001:db8::1', 'fe80::1'] } as unknown as World;
    assert.equal(judgeFamily(world, 'AAAA', found<'AAAA'>(['2001:DB8:0:0::1'])).verdict, 'ok');
    const wrong = judgeFamily(world, 'AAAA', found<'AAAA'>(['2001:db8::2']));
    assert.ok(wrong.verdict === 'fail');
    assert.deepEqual(wrong.records, ['mail.example.com. IN AAAA 2001:db8::1']);
    const silent = judgeFamily(world, 'AAAA', { kind: 'timeout', detail: '192.0.2.53: no answer in time' });
    assert.equal(silent.verdict, 'unknown');
  });
});

test('the reverse name is looked at for each public address, and its line is given', async () => {
  const answers: Record<string, Answer<RecordType>> = {
    [`A ${HOST}`]: found(['203.0.113.1', '203.0.113.2', '10.0.0.1']),
    'PTR 1.113.0.203.in-addr.arpa': found([HOST]),
    'PTR 2.113.0.203.in-addr.arpa': found(['host-2.provider.example']),
  };
  const dns = { ask: async (name: string, type: string) => answers[`${type} ${name}`] ?? none };
  const world = { config: { hostname: HOST }, dns } as unknown as World;
  const [one, two, ...more] = await reverseNames.run(world);
  assert.deepEqual([one?.verdict, two?.verdict, more], ['ok', 'warn', []]);
  assert.ok(two?.verdict === 'warn');
  assert.deepEqual(two.records, [`2.113.0.203.in-addr.arpa. IN PTR ${HOST}.`]);
});

describe('the certificate', () => {
  const about = { hostname: HOST, by: 'served by imaps', nowMs: Date.now() };
  const judged = async (name: string, distrust?: string, nowMs = Date.now()) =>
    judgeCertificate({ certificate: await issued(name), distrust }, { ...about, nowMs });

  test('of an authority, for the name, with days left', async () => {
    const outcome = await judged(HOST);
    assert.equal(outcome.verdict, 'ok');
    assert.match(outcome.seen, /from Example Trust Test CA, 89 days left/);
  });

  test('for another name, at its end, before its beginning', async () => {
    assert.match((await judged('www.example.com')).seen, /is for www\.example\.com/);
    assert.equal((await judged('www.example.com')).verdict, 'fail');
    assert.equal((await judged(HOST, undefined, Date.now() + 80 * DAY)).verdict, 'warn');
    assert.match((await judged(HOST, undefined, Date.now() + 100 * DAY)).seen, /ended on/);
    assert.match((await judged(HOST, undefined, Date.now() - 10 * DAY)).seen, /valid only from/);
  });

  test('with half a chain, of an unknown authority, self-signed', async () => {
    const incomplete = await judged(HOST, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    assert.equal(incomplete.verdict, 'warn');
    assert.match(remedyOf(incomplete), /fullchain\.pem/);
    assert.match((await judged(HOST, 'SELF_SIGNED_CERT_IN_CHAIN')).seen, /do not know by themselves/);
    const { certificate } = await makePair(HOST);
    const own = { certificate: new X509Certificate(certificate), distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' };
    const outcome = judgeCertificate(own, about);
    assert.equal(outcome.verdict, 'warn');
    assert.match(outcome.seen, /self-signed: nobody but this server vouches for it/);
  });

  async function issued(name: string): Promise<X509Certificate> {
    await import('reflect-metadata');
    const x509 = await import('@peculiar/x509');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const [authority, leaf] = [
      await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
      await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    ];
    const made = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=${name}`,
        issuer: 'O=Example Trust, CN=Test CA',
        notBefore: new Date(Date.now() - DAY),
        notAfter: new Date(Date.now() + 89.5 * DAY),
        publicKey: leaf.publicKey,
        signingKey: authority.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
      },
      webcrypto as Crypto,
    );
    return new X509Certificate(made.toString('pem'));
  }
});

test('LMTP is for this machine and private networks', () => {
  const port = { name: 'lmtp', port: 24 };
  const rows: readonly (readonly [string, readonly string[], string])[] = [
    ['127.0.0.1', [], 'ok'],
    ['10.1.2.3', [], 'ok'],
    ['203.0.113.1', [], 'warn'],
    ['::', ['10.0.0.1', 'fe80::1', '203.0.113.1'], 'warn'],
    ['0.0.0.0', ['10.0.0.1', '127.0.0.1'], 'unknown'],
    ['lmtp.example.com', [], 'unknown'],
  ];
  for (const [host, own, verdict] of rows)
    assert.equal(reachOf({ ...port, host }, own).verdict, verdict, host);
});

describe('the MX', () => {
  const host = (leads: HostSeen['leads'], rest: Partial<HostSeen> = {}): HostSeen => ({
    ...{ name: 'mx.example', preference: 10, leads, addresses: ['192.0.2.1'], isAlias: false },
    ...rest,
  });
  const rows: readonly (readonly [string, readonly HostSeen[], string, RegExp])[] = [
    ['here', [host('here')], 'ok', /^$/],
    ['a backup elsewhere', [host('here'), host('elsewhere')], 'ok', /^$/],
    ['elsewhere', [host('elsewhere')], 'unknown', /listen\.lmtp/],
    ['nowhere', [host('nowhere', { addresses: [] })], 'fail', /publish an address for mx\.example/],
    ['an address', [host('nowhere', { name: '192.0.2.1', addresses: [] })], 'fail', /names a host/],
    ['one that leads nowhere', [host('here'), host('nowhere')], 'warn', /take it out/],
    ['an alias', [host('here', { isAlias: true })], 'warn', /RFC 2181/],
    ['the resolver does not say', [host('unknown', { addresses: [] })], 'unknown', /resolver/],
  ];
  for (const [what, hosts, verdict, remedy] of rows) {
    test(what, () => {
      const outcome = judgeExchangers('example.com MX', hosts);
      assert.equal(outcome.verdict, verdict);
      assert.match(remedyOf(outcome), remedy);
    });
  }
});

describe('SRV records (RFC 6186)', () => {
  const at = (target: string, port: number) => found<'SRV'>([{ priority: 0, weight: 1, port, target }]);
  const seen = (service: ServiceSeen['service'], port: number | undefined, answer: Answer<'SRV'>) => ({
    ...{ service, port, answer },
  });
  const rows: readonly (readonly [string, readonly ServiceSeen[], string, readonly string[]])[] = [
    ['as they should be', [seen('imaps', 993, at(HOST, 993)), seen('pop3s', undefined, none)], 'ok', []],
    ['missing', [seen('imaps', 993, none)], 'warn', [`_imaps._tcp.example.com. IN SRV 0 1 993 ${HOST}.`]],
    [
      'missing where TLS comes by a command',
      [seen('imaps', 993, at(HOST, 993)), seen('imap', 143, none)],
      'ok',
      [],
    ],
    [
      'to another port',
      [seen('pop3s', 995, at(HOST, 1995))],
      'warn',
      [`_pop3s._tcp.example.com. IN SRV 20 1 995 ${HOST}.`],
    ],
    [
      'to another host',
      [seen('imap', 143, at('old.example', 143))],
      'warn',
      [`_imap._tcp.example.com. IN SRV 10 1 143 ${HOST}.`],
    ],
    [
      'for what is not there',
      [seen('pop3', undefined, at(HOST, 110))],
      'warn',
      ['_pop3._tcp.example.com. IN SRV 0 0 0 .'],
    ],
    ['"not offered"', [seen('pop3', undefined, at('.', 0))], 'ok', []],
    ['unanswered', [seen('imaps', 993, { kind: 'servfail', detail: 'x: SERVFAIL' })], 'unknown', []],
  ];
  for (const [what, services, verdict, records] of rows) {
    test(what, () => {
      const outcome = judgeServices('example.com', HOST, services);
      assert.equal(outcome.verdict, verdict);
      assert.deepEqual(outcome.verdict === 'ok' ? [] : (outcome.records ?? []), records);
    });
  }
});

test('the resolver answers, and validates', async () => {
  const rows: readonly (readonly [Answer<'NS'>, readonly string[], string, RegExp])[] = [
    [
      { ...found<'NS'>(['a.root.example']), isSecure: true } as Answer<'NS'>,
      ['127.0.0.1'],
      'ok',
      /^validates$/,
    ],
    [
      { ...found<'NS'>(['a.root.example']), isSecure: true } as Answer<'NS'>,
      ['192.0.2.1'],
      'ok',
      /on the way/,
    ],
    [found<'NS'>(['a.root.example']), ['127.0.0.1'], 'warn', /does not validate/],
    [none, ['127.0.0.1'], 'warn', /does not validate/],
    [{ kind: 'timeout', detail: '127.0.0.1: nothing' }, ['127.0.0.1'], 'fail', /nothing/],
  ];
  for (const [answer, resolvers, verdict, seen] of rows) {
    const [outcome] = await resolver.run({ dns: { ask: async () => answer }, resolvers } as unknown as World);
    assert.equal(outcome?.verdict, verdict);
    assert.match(outcome?.seen ?? '', seen);
  }
});

test('the clock is judged by files and by the system', () => {
  const file = (mtimeMs: number) => ({ path: '/var/lib/brevduva/accounts.db', mtimeMs });
  assert.equal(judgeClock(NOW, file(NOW - 1000), true).verdict, 'ok');
  assert.equal(judgeClock(NOW, file(NOW + 60_000), false).verdict, 'warn');
  assert.equal(judgeClock(NOW, undefined, undefined).verdict, 'unknown');
  const behind = judgeClock(NOW, file(NOW + DAY), true);
  assert.equal(behind.verdict, 'fail');
  assert.match(behind.seen, /it is 2026-06-01T00:00:00Z, and .*accounts\.db was written at 2026-06-02/);
});

test('the disk has room, for files too, and is one', () => {
  const disk = {
    freeBytes: 50 * GIB,
    totalBytes: 100 * GIB,
    freeFiles: 0,
    totalFiles: 0,
    doubtful: undefined,
  };
  const rows: readonly (readonly [Partial<Disk>, readonly string[]])[] = [
    [{}, ['ok']],
    [{ freeBytes: 1.5 * GIB }, ['warn']],
    [{ freeBytes: 0.9 * GIB }, ['fail']],
    [{ freeBytes: 0.9 * GIB, totalBytes: 4 * GIB }, ['ok']],
    [{ freeFiles: 10, totalFiles: 1000 }, ['ok', 'warn']],
    [{ freeFiles: 500, totalFiles: 1000 }, ['ok']],
    [{ doubtful: 'NFS' }, ['ok', 'warn']],
  ];
  for (const [rest, verdicts] of rows) {
    const outcomes = judgeDisk('/var/lib/brevduva', { ...disk, ...rest }, GIB);
    assert.deepEqual(
      outcomes.map(({ verdict }) => verdict),
      verdicts,
      JSON.stringify(rest),
    );
  }
});

test('the data folder is closed, the log can be written', () => {
  const owner = { uid: 990, gid: 991, name: 'brevduva' };
  assert.equal(judgeDataFolder('/d', { owner, isSeen: true, open: undefined }).verdict, 'ok');
  assert.equal(judgeDataFolder('/d', { owner, isSeen: false, open: undefined }).verdict, 'unknown');
  const open = { named: ['accounts.db (644)'], more: 2, remedy: 'chmod -R go= /d' };
  assert.match(judgeDataFolder('/d', { owner, isSeen: true, open }).seen, /accounts\.db \(644\) and 2 more/);

  const folder = { mode: 0o755, uid: 990, gid: 991 };
  const rows: readonly (readonly [Parameters<typeof judgeLog>[1], string])[] = [
    [{ owner, folder, file: { mode: 0o100600, uid: 990, gid: 991 } }, 'ok'],
    [{ owner, folder, file: { mode: 0o100644, uid: 990, gid: 991 } }, 'warn'],
    [{ owner, folder, file: { mode: 0o100640, uid: 0, gid: 4 } }, 'fail'],
    [{ owner, folder, file: { mode: 0o100660, uid: 0, gid: 991 } }, 'ok'],
    [{ owner, folder, file: undefined }, 'unknown'],
    [{ owner, folder: { mode: 0o755, uid: 0, gid: 0 }, file: undefined }, 'fail'],
    [{ owner, folder: undefined, file: undefined }, 'fail'],
  ];
  for (const [sight, verdict] of rows) assert.equal(judgeLog('/var/log/b.log', sight).verdict, verdict);
});

describe('the server and its ports', () => {
  const config = { data: '/d', listen: { imaps: { host: '::', port: 993 } } };
  const facts = { pid: 7, version: '0.2.0', startedMs: NOW - DAY };
  const health = { state: 'ok', checks: [{ name: 'store', state: 'failing', detail: 'cannot be read' }] };
  const running = (listeners: readonly unknown[] | undefined) => ({
    kind: 'running',
    facts,
    health,
    listeners,
  });
  const world = (rest: object): World =>
    ({ config, version: '0.3.0', nowMs: NOW, ...rest }) as unknown as World;

  test('an older version still runs, and is not well', async () => {
    const [process, store] = await server.run(world({ server: running([]) }));
    assert.equal(process?.verdict, 'warn');
    assert.match(process?.seen ?? '', /version 0\.2\.0 runs as process 7 for 24 h/);
    assert.equal(store?.verdict, 'fail');
    const [hidden] = await server.run(world({ server: { kind: 'hidden', why: 'answers only brevduva' } }));
    assert.equal(hidden?.verdict, 'unknown');
  });

  test('a port is judged by every way to it', async () => {
    const speaks = { kind: 'speaks', greeting: '* OK', served: undefined };
    const silent = { kind: 'silent', why: 'nothing answers' };
    const ports = (second: object): PortSeen[] =>
      [
        {
          ...{ name: 'imaps', host: '::', port: 993 },
          ways: [
            { address: '::1', probed: speaks },
            { address: '127.0.0.1', probed: second },
          ],
        },
      ] as PortSeen[];
    const bound = running([{ name: 'imaps', address: '[::]:993' }]);
    const look = async (second: object, view: object = bound) =>
      (await listeners.run(world({ server: view, ports: async () => ports(second) })))[0];
    assert.equal((await look(speaks))?.verdict, 'ok');
    assert.match((await look(silent))?.seen ?? '', /^127\.0\.0\.1: nothing answers$/);
    assert.equal((await look(silent))?.verdict, 'fail');
    assert.equal((await look({ kind: 'strange', seen: 'says "220"' }))?.verdict, 'fail');
    assert.match((await look(speaks, { kind: 'absent' }))?.seen ?? '', /another program answers/);
  });

  test('what was configured since the start waits for a restart', async () => {
    const bound = running([{ name: 'imaps', address: '127.0.0.1:1993' }]);
    const [outcome] = await listeners.run(world({ server: bound, ports: async () => [] }));
    assert.equal(outcome?.verdict, 'warn');
    assert.match(outcome?.seen ?? '', /listens on 127\.0\.0\.1:1993/);
    // A version that does not say where it listens is not contradicted.
    assert.deepEqual(await listeners.run(world({ server: running(undefined), ports: async () => [] })), []);
  });
});
