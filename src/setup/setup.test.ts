/** Mail programs that ask how to be set up: what they get, over real sockets, and what nobody learns. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { silentLog as log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { HttpListener } from '../http/listener.ts';
import { Connections } from '../net/connections.ts';
import { makePair } from '../net/self-signed.ts';
import { readRequest } from './autodiscover.ts';
import { mobileExport } from './mobile-export.ts';
import { mobileconfig } from './mobileconfig.ts';
import { mtaStsRecord, policyText } from './mta-sts.ts';
import { paccDocument, paccRecord } from './pacc.ts';
import { setupRoutes } from './routes.ts';
import { plainAddress, servicesOf } from './services.ts';
import { escapeXml } from './xml.ts';

const LISTENERS = [
  { name: 'imap', address: '[::]:143' },
  { name: 'imaps', address: '[::]:993' },
  { name: 'pop3s', address: '0.0.0.0:2995' },
  { name: 'lmtp', address: '127.0.0.1:24' },
  { name: 'submission', address: '[::]:587' },
  { name: 'submissions', address: '[::]:465' },
];
const services = servicesOf(LISTENERS);
const policy = { mode: 'testing', mx: ['mail.example.com'], maxAgeSeconds: 604_800 } as const;

let port: number;
let listener: HttpListener;
before(async () => {
  const pair = await makePair('mail.example.com');
  listener = await HttpListener.open({
    ...{ name: 'http', host: '127.0.0.1', port: 0, log, handshakeTimeoutMs: 1000 },
    // What follows a proxy of ours counts as secure when the proxy says so.
    trustedProxies: ['127.0.0.1'],
    connections: new Connections({ total: 100, perAddress: 100 }),
    routes: setupRoutes({
      hostname: 'mail.example.com',
      services: () => services,
      isOurs: async (domain) => domain === 'example.com',
      httpsPort: () => 443,
      pair: () => pair,
      mtaSts: policy,
    }),
  });
  port = Number(listener.address.split(':').at(-1));
});
after(() => listener.close(0));

interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface Asking {
  readonly body?: string;
  readonly isSecure?: boolean;
}

function ask(host: string, path: string, { body = '', isSecure = true }: Asking = {}): Promise<Got> {
  const method = body === '' ? 'GET' : 'POST';
  const headers = { host, ...(isSecure ? { 'x-forwarded-proto': 'https' } : {}) };
  return new Promise((resolve, reject) => {
    const asking = request({ port, host: '127.0.0.1', path, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString('latin1');
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers });
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

describe('autoconfig', () => {
  test('names what is there, TLS before STARTTLS', async () => {
    const { status, body } = await ask(
      'autoconfig.example.com',
      '/mail/config-v1.1.xml?emailaddress=a%40example.com',
    );
    assert.equal(status, 200);
    const servers = [
      ...body.matchAll(
        /<(\w+)Server type="(\w+)">\s*<hostname>mail\.example\.com<\/hostname>\s*<port>(\d+)<\/port>\s*<socketType>(\w+)/g,
      ),
    ];
    assert.deepEqual(
      servers.map(([, ...rest]) => rest.join(' ')),
      [
        'incoming imap 993 SSL',
        'incoming imap 143 STARTTLS',
        'incoming pop3 2995 SSL',
        'outgoing smtp 465 SSL',
        'outgoing smtp 587 STARTTLS',
      ],
    );
    assert.match(body, /<emailProvider id="example\.com">/);
  });

  const rows: readonly (readonly [host: string, path: string, status: number])[] = [
    ['example.com', '/.well-known/autoconfig/mail/config-v1.1.xml', 200],
    ['mail.example.com', '/mail/config-v1.1.xml?emailaddress=a@example.com', 200],
    ['mail.example.com', '/mail/config-v1.1.xml', 404],
    ['autoconfig.other.example', '/mail/config-v1.1.xml', 404],
    ['autoconfig.other.example', '/mail/config-v1.1.xml?emailaddress=a@other.example', 404],
    ['autoconfig.example.com', '/mail/config-v1.1.xml?emailaddress=%3Cscript%3E', 200],
  ];
  for (const [host, path, status] of rows)
    test(`${host}${path}: ${status}`, async () => assert.equal((await ask(host, path)).status, status));
});

describe('autodiscover', () => {
  const wanted = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
  const asking = (address: string, schema = wanted): string =>
    `<?xml version="1.0"?><Autodiscover xmlns="x"><Request><EMailAddress>${address}</EMailAddress>` +
    `<AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`;

  test('as XML', async () => {
    const { body } = await ask('autodiscover.example.com', '/Autodiscover/Autodiscover.xml', {
      body: asking("o'neil@example.com"),
    });
    assert.match(body, /<Type>IMAP<\/Type>\s*<Server>mail\.example\.com<\/Server>\s*<Port>993<\/Port>/);
    assert.match(body, /<LoginName>o&#39;neil@example\.com<\/LoginName>/);
    assert.match(body, /<Type>SMTP<\/Type>/);
  });

  test('other schemas, other domains, and what is no request', async () => {
    const to = (body: string) => ask('autodiscover.example.com', '/autodiscover/autodiscover.xml', { body });
    assert.match((await to(asking('a@example.com', 'mobilesync'))).body, /<ErrorCode>601</);
    assert.match((await to('<x/>')).body, /<ErrorCode>600</);
    assert.match(
      (await to(`<!DOCTYPE x [<!ENTITY e "a@example.com">]>${asking('&e;')}`)).body,
      /<ErrorCode>600</,
    );
    assert.equal((await to(asking('a@other.example'))).status, 200, 'the name asked for is ours');
    const foreign = await ask('autodiscover.other.example', '/autodiscover/autodiscover.xml', {
      body: asking('a@other.example'),
    });
    assert.equal(foreign.status, 404);
    assert.equal((await to(asking('a'.repeat(70_000)))).status, 413);
  });

  test('takes no time that is not in proportion', () => {
    for (const text of [
      '<EMailAddress '.repeat(5000),
      '<a:'.repeat(20_000),
      `<EMailAddress>${' '.repeat(60_000)}`,
    ]) {
      const began = performance.now();
      assert.equal(readRequest(text), undefined);
      assert.ok(performance.now() - began < 1000);
    }
  });

  test('over plain HTTP says where', async () => {
    const path = '/autodiscover/autodiscover.xml';
    const { status, headers } = await ask('autodiscover.example.com', path, { isSecure: false });
    assert.deepEqual([status, headers.location], [302, `https://mail.example.com${path}`]);
    assert.equal((await ask('autodiscover.example.com', path)).status, 405);
  });

  test('as JSON', async () => {
    const path = '/autodiscover/autodiscover.json/v1.0/a%40example.com?Protocol=AutodiscoverV1';
    assert.deepEqual(JSON.parse((await ask('mail.example.com', path)).body), {
      Protocol: 'AutodiscoverV1',
      Url: 'https://mail.example.com/autodiscover/autodiscover.xml',
    });
    const old = '/autodiscover/autodiscover.json?Email=a@example.com&Protocol=ActiveSync';
    assert.equal((await ask('mail.example.com', old)).status, 400);
    assert.equal((await ask('mail.example.com', '/autodiscover/autodiscover.json/v1.0/%ff')).status, 404);
  });
});

test('nobody learns whether an address exists', async () => {
  for (const path of ['/mail/config-v1.1.xml?emailaddress=', '/profile.mobileconfig?address=']) {
    const [one, other] = await Promise.all(
      ['anna', 'nobody'].map((name) => ask('autoconfig.example.com', `${path}${name}@example.com`)),
    );
    assert.equal(one?.status, other?.status);
  }
});

test('a profile for Apple devices, the same again for the same address', async () => {
  const { status, headers } = await ask(
    'autoconfig.example.com',
    '/profile.mobileconfig?address=a@example.com',
  );
  assert.deepEqual([status, headers['content-type']], [200, 'application/x-apple-aspen-config']);
  assert.equal((await ask('autoconfig.example.com', '/profile.mobileconfig')).status, 400);
  const profile = mobileconfig({ address: 'a@example.com', hostname: 'mail.example.com', services }) ?? '';
  assert.equal(mobileconfig({ address: 'a@example.com', hostname: 'mail.example.com', services }), profile);
  assert.match(profile, /<key>IncomingMailServerPortNumber<\/key>\s*<integer>993<\/integer>/);
  assert.match(profile, /<key>OutgoingMailServerPortNumber<\/key>\s*<integer>465<\/integer>/);
  assert.match(
    profile,
    /<key>PayloadUUID<\/key>\s*<string>[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}</,
  );
  assert.equal(
    mobileconfig({ address: 'a@example.com', hostname: 'mail.example.com', services: servicesOf([]) }),
    undefined,
  );
});

test('a code for a phone is what Thunderbird reads there, and nobody else gets the password', () => {
  const facts = { hostname: 'mail.example.com', name: 'Åsa Berg', password: new Secret('abcd-efgh') };
  const address = 'asa@example.com';
  assert.deepEqual(JSON.parse(mobileExport({ ...facts, address, services }) ?? ''), [
    1,
    [1, 1],
    [0, 'mail.example.com', 993, 3, 1, address, '', 'abcd-efgh'],
    [
      [
        [0, 'mail.example.com', 465, 3, 1, address, 'abcd-efgh'],
        [address, 'Åsa Berg'],
      ],
    ],
  ]);
  const plain = servicesOf(LISTENERS.filter(({ name }) => ['pop3s', 'submission'].includes(name)));
  const [, , incoming, [[outgoing]]] = JSON.parse(mobileExport({ ...facts, address, services: plain }) ?? '');
  assert.deepEqual(
    [incoming.slice(0, 4), outgoing.slice(0, 4)],
    [
      [1, 'mail.example.com', 2995, 3],
      [0, 'mail.example.com', 587, 2],
    ],
  );
  assert.equal(mobileExport({ ...facts, address, services: [] }), undefined);
  assert.equal(mobileExport({ ...facts, address: 'åsa@example.com', services }), undefined);
});

test('PACC lists what is at its usual port, and its record is the digest of what is served', async () => {
  const { body } = await ask('ua-auto-config.example.com', '/.well-known/user-agent-configuration.json');
  assert.deepEqual(JSON.parse(body), {
    protocols: { imap: { host: 'mail.example.com' }, smtp: { host: 'mail.example.com' } },
    authentication: { password: true },
    info: { provider: { name: 'Mail of example.com', shortName: 'example.com' } },
  });
  assert.equal(paccDocument('example.com', 'mail.example.com', services), body);
  assert.match(paccRecord(body), /^v=UAAC1; a=sha256; d=[A-Za-z0-9+/]{43}=$/);
});

test('the policy for MTA-STS is served over HTTPS alone (RFC 8461 §3.2, §3.3)', async () => {
  const path = '/.well-known/mta-sts.txt';
  const { status, body, headers } = await ask('mta-sts.example.com', path);
  assert.deepEqual([status, headers['content-type']], [200, 'text/plain']);
  assert.equal(body, 'version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\nmax_age: 604800\r\n');
  assert.equal((await ask('mta-sts.example.com', path, { isSecure: false })).status, 404);
  assert.equal((await ask('example.com', path)).status, 404);
  assert.equal((await ask('mta-sts.other.example', path)).status, 404);
  assert.match(mtaStsRecord(policy), /^v=STSv1; id=[a-z0-9]{1,32};$/);
  assert.notEqual(mtaStsRecord({ ...policy, mode: 'enforce' }), mtaStsRecord(policy));
  assert.match(policyText({ ...policy, mx: ['a', '*.b'] }), /mx: a\r\nmx: \*\.b\r\n/);
});

test('what only this machine reaches is told only when that is all there is', () => {
  const here = [
    { name: 'imaps', address: '127.0.0.1:1993' },
    { name: 'pop3s', address: '[::1]:1995' },
    { name: 'imap', address: 'localhost:1143' },
  ];
  assert.deepEqual(
    servicesOf(here).map(({ port }) => port),
    [1993, 1143, 1995],
  );
  assert.deepEqual(servicesOf([...here, { name: 'imaps', address: '192.0.2.1:993' }]), [
    { kind: 'imap', security: 'tls', port: 993 },
  ]);
});

test('text in XML stays text', () => {
  assert.equal(escapeXml('<a b="c">&\'\u0000\ud800x'), '&#60;a b=&#34;c&#34;&#62;&#38;&#39;x');
  for (const bad of ['', 'a', 'a@b@c', 'a b@c', '<a@b>', 'a@b\r\nc', null, undefined, `${'a'.repeat(65)}@b`])
    assert.equal(plainAddress(bad), undefined);
});
