/** Reports as they are written and as they are read, by ourselves and from whoever sends anything (RFC 7489 §7.2, RFC 8460 §4). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { record, startDns } from '../../test/kit/dns.ts';
import { TimeSlice } from '../base/time-slice.ts';
import { Resolver } from '../dns/resolver.ts';
import { HeaderBlock } from '../mail/header.ts';
import { type Aggregate, aggregateXml } from './dmarc/aggregate.ts';
import { destinationsOf, readRua } from './dmarc/destinations.ts';
import { BadXml, xmlEvents } from './dmarc/elements.ts';
import { readAggregate } from './dmarc/read.ts';
import { dmarcLetter, type Letter, tlsLetter } from './letter.ts';
import { overviewOf } from './overview.ts';
import { readTlsRua } from './tls/destinations.ts';
import { readTlsReport } from './tls/read.ts';
import { type TlsReport, tlsReportJson } from './tls/report.ts';
import { MAX_XML_BYTES, mayBringReport, unpackReport } from './unpack.ts';
import { wordsOf } from './words.ts';

const DAY = Date.UTC(2026, 10, 20);
const AGGREGATE: Aggregate = {
  ...{
    organization: 'mail.example.org',
    email: 'postmaster@example.org',
    reportId: '1.example.com@mail.example.org',
  },
  ...{ beginMs: DAY, endMs: DAY + 86_400_000, domain: 'example.com' },
  published: { adkim: 'r', aspf: 's', p: 'reject', sp: 'none' },
  rows: [
    {
      ...({
        sourceAddress: '192.0.2.1',
        disposition: 'none',
        isDkimAligned: true,
        isSpfAligned: true,
      } as const),
      ...{ headerFrom: 'example.com', envelopeFrom: 'example.com', count: 90 },
      dkim: [{ domain: 'example.com', selector: 'b1', result: 'pass' }],
      spf: { domain: 'example.com', scope: 'mfrom', result: 'pass' },
    },
    {
      ...({
        sourceAddress: '2001:db8::7',
        disposition: 'reject',
        isDkimAligned: false,
        isSpfAligned: false,
      } as const),
      ...{ headerFrom: 'a<b>&"\u0001.example.com', envelopeFrom: '', count: 10, override: 'arc=pass' },
      dkim: [{ domain: 'evil.example', selector: 's', result: 'odd' }],
      spf: { domain: 'evil.example', scope: 'helo', result: 'softfail' },
    },
  ],
};
const letter = (packed: Buffer): Letter => ({
  ...{
    from: 'postmaster@example.org',
    to: 'rua@example.com',
    submitter: 'mail.example.org',
    domain: 'example.com',
  },
  ...{ reportId: AGGREGATE.reportId, beginMs: DAY, endMs: DAY + 86_400_000, nowMs: DAY, packed },
});
const headerOf = (message: Buffer): HeaderBlock =>
  new HeaderBlock(message.subarray(0, message.indexOf('\r\n\r\n') + 4));
const read = (octets: Buffer) => readAggregate(octets, new TimeSlice());

function zip(content: Buffer, method: number, packed = deflateRawSync(content)): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(method, 8);
  header.writeUInt32LE(content.length, 18);
  header.writeUInt16LE(5, 26);
  return Buffer.concat([
    header,
    Buffer.from('a.xml'),
    method === 0 ? content : packed,
    Buffer.from('the rest'),
  ]);
}

const attached = (type: string, name: string, body: Buffer): Buffer =>
  Buffer.from(
    `Subject: Report Domain: example.com\r\nContent-Type: ${type}; name="${name}"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${body.toString('base64')}\r\n`,
  );

describe('reports of DMARC', () => {
  test('what is written is read, by way of a message', async () => {
    const message = dmarcLetter(letter(gzipSync(aggregateXml(AGGREGATE))));
    assert.ok(!/(?:^|[^\r])\n|[^\r\n]{999}/.test(String(message)));
    assert.match(
      String(message),
      /filename="mail\.example\.org!example\.com!1795132800!1795219199\.xml\.gz"/,
    );
    assert.ok(mayBringReport(headerOf(message)));
    const unpacked = await unpackReport(message);
    assert.equal(unpacked?.kind, 'dmarc');
    const summary = await read(unpacked?.octets ?? Buffer.alloc(0));
    assert.deepEqual(
      [summary.domain, summary.policy, summary.messages, summary.passed, summary.endMs - summary.beginMs],
      ['example.com', 'reject', 100, 90, 86_399_000],
    );
    assert.deepEqual(summary.sources[1], {
      ...{
        address: '2001:db8::7',
        messages: 10,
        passed: 0,
        dkimPassed: 0,
        spfPassed: 0,
        quarantined: 0,
        rejected: 10,
      },
      ...{ signers: ['evil.example'], senders: ['evil.example'] },
    });
    const text = aggregateXml(AGGREGATE);
    assert.match(text, /<header_from>a&#60;b&#62;&#38;&#34;\.example\.com<\/header_from>/);
    assert.match(text, /<result>permerror<\/result>/, 'only words of the schema');
    const { sources: _, ...kept } = summary;
    const reports = [{ kind: 'dmarc', ...kept, summary: JSON.stringify(summary) } as const];
    const words = wordsOf(overviewOf('example.com', 0, reports), ['192.0.2.1']).join('\n');
    assert.match(words, /100 messages, reported by mail\.example\.org/);
    assert.match(words, /90 of 100 \(90 %\) were proved/);
    assert.match(words, /2001:db8::7: 10 of 10, 10 refused, signed by evil\.example, sent for evil\.example/);
  });

  test('as others pack them', async () => {
    const xml = Buffer.from(aggregateXml(AGGREGATE));
    for (const message of [
      attached('application/zip', 'a.zip', zip(xml, 8)),
      attached('application/zip', 'a.zip', zip(xml, 0)),
      attached('application/octet-stream', 'a!b!1!2.xml.gz', gzipSync(xml)),
      attached('text/xml', 'a.xml', xml),
      attached('application/x-gzip', 'a', gzipSync(xml)),
    ]) {
      const unpacked = await unpackReport(message);
      assert.equal((await read(unpacked?.octets ?? Buffer.alloc(0))).messages, 100);
    }
    assert.equal(await unpackReport(attached('image/png', 'a.png', xml)), undefined);
  });

  test('what unpacks to very much is not unpacked', async () => {
    const bomb = Buffer.alloc(64 * 1024 * 1024, 'a');
    await assert.rejects(unpackReport(attached('application/gzip', 'a.xml.gz', gzipSync(bomb))));
    await assert.rejects(
      unpackReport(attached('application/zip', 'a.zip', zip(Buffer.alloc(10), 8, deflateRawSync(bomb)))),
    );
    await assert.rejects(unpackReport(attached('application/zip', 'a.zip', zip(Buffer.alloc(9), 99))));
    await assert.rejects(unpackReport(attached('text/xml', 'a.xml', bomb.subarray(0, MAX_XML_BYTES + 1))));
  });

  test('what is no report says so, whatever it is', async () => {
    const bad = [
      ...[
        '',
        'x',
        '<a>',
        '<a></b>',
        '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
        '<feedback></feedback>',
        '<a b',
        '<a><!-- </a>',
      ],
      '<a>'.repeat(30) + '</a>'.repeat(30),
    ];
    for (const text of bad) await assert.rejects(read(Buffer.from(text)), BadXml, text);
    const words = fc.constantFrom(
      '<',
      '>',
      '/',
      'record',
      '<row>',
      '</row>',
      '&#xffffff;',
      '&amp;',
      '<!--',
      '?>',
      ' ',
      '"',
      '\u00e9',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 60 }), async (parts) => {
        await read(Buffer.from(`<feedback>${parts.join('')}`)).catch((error) =>
          assert.ok(error instanceof BadXml),
        );
      }),
    );
    assert.deepEqual(
      [...xmlEvents('<x:a y="1">&lt;&#65;&#x42;&no;<b/></x:a>')].map((event) =>
        Object.values(event).join(' '),
      ),
      ['open a', 'text <AB&no;', 'open b', 'close b', 'close a'],
    );
  });

  test('very many records are read in turns', async () => {
    const [, one = ''] = aggregateXml(AGGREGATE).match(/(<record>[\s\S]*?<\/record>)/) ?? [];
    const text = aggregateXml({ ...AGGREGATE, rows: [] }).replace(
      '</feedback>',
      `${one.repeat(8000)}</feedback>`,
    );
    assert.ok(text.length < MAX_XML_BYTES);
    let looks = 0;
    const slice = { spent: () => void looks++ } as unknown as TimeSlice;
    assert.equal((await readAggregate(Buffer.from(text), slice)).messages, 8000 * 90);
    assert.ok(looks > 500);
  });

  test('who gets them: addresses of the policy, and of others only if they want to (§7.1)', async () => {
    const zone = [
      record('_dmarc.example.com', 'TXT', [
        'v=DMARC1; p=none; rua=mailto:a@example.com!10k, mailto:b@in.example.com,mailto:c@elsewhere.example,mailto:d@silent.example,https://x.example/',
      ]),
      record('example.com._report._dmarc.elsewhere.example', 'TXT', [
        'v=DMARC1; rua=mailto:e@elsewhere.example,mailto:f@third.example',
      ]),
    ];
    const dns = await startDns({
      zone,
      behaviour: ({ name }) => (name.startsWith('_dmarc.slow') ? { rcode: 2 } : undefined),
    });
    const resolver = new Resolver({ servers: [dns], timeoutMs: 500, tryMs: 200 });
    try {
      const found = await destinationsOf(resolver, 'example.com');
      assert.deepEqual(found.kind === 'known' && found.destinations, [
        { address: 'a@example.com', mostBytes: 10_240 },
        { address: 'b@in.example.com', mostBytes: Number.POSITIVE_INFINITY },
        { address: 'e@elsewhere.example', mostBytes: Number.POSITIVE_INFINITY },
      ]);
      assert.deepEqual(await destinationsOf(resolver, 'nothing.example'), {
        kind: 'known',
        destinations: [],
      });
      assert.deepEqual(await destinationsOf(resolver, 'slow.example'), { kind: 'unknown' });
    } finally {
      await dns.close();
    }
    for (const uri of [
      'mailto:a@b',
      'mailto:',
      'mailto:a@b.example?cc=c@d.example',
      'mailto:"a b"@c.example',
      'mailto:a@b.example%0d%0aX',
    ])
      assert.ok(
        readRua(`v=DMARC1; rua=${uri}`).every(({ address }) => address === 'a@b.example'),
        uri,
      );
    assert.deepEqual(readRua('v=DMARC1; rua=mailto:a@b.example%0d%0aX'), []);
  });
});

const TLS: TlsReport = {
  ...{
    organization: 'mail.example.org',
    email: 'postmaster@example.org',
    reportId: '1.example.com@mail.example.org',
  },
  ...{ beginMs: DAY, endMs: DAY + 86_400_000, domain: 'example.com' },
  rows: [
    {
      policy: { type: 'sts', text: ['version: STSv1', 'mode: enforce'], hosts: ['mx.example.com'] },
      count: 7,
    },
    {
      policy: { type: 'sts', text: ['version: STSv1', 'mode: enforce'], hosts: ['mx.example.com'] },
      ...{ host: 'mx.example.com', address: '192.0.2.9', count: 2 },
      failure: { type: 'certificate-expired', reason: 'CERT_HAS_EXPIRED' },
    },
    { policy: { type: 'no-policy-found', text: [], hosts: [] }, count: 1 },
  ],
};

describe('reports of TLS', () => {
  test('what is written is read, by way of a message', async () => {
    const json = tlsReportJson(TLS);
    const { policies } = JSON.parse(json) as { policies: { summary: object; policy: object }[] };
    assert.equal(policies.length, 2);
    assert.deepEqual(policies[0]?.summary, {
      'total-successful-session-count': 7,
      'total-failure-session-count': 2,
    });
    const message = tlsLetter(letter(gzipSync(json)));
    const header = headerOf(message);
    assert.equal(header.text('tls-report-domain'), 'example.com');
    assert.equal(header.text('tls-report-submitter'), 'mail.example.org');
    assert.ok(mayBringReport(header));
    const unpacked = await unpackReport(message);
    assert.equal(unpacked?.kind, 'tls');
    const [summary] = readTlsReport(unpacked?.octets ?? Buffer.alloc(0));
    assert.deepEqual([summary?.domain, summary?.succeeded, summary?.failed], ['example.com', 8, 2]);
    assert.deepEqual(summary?.failures, [
      { type: 'certificate-expired', host: 'mx.example.com', reason: 'CERT_HAS_EXPIRED', sessions: 2 },
    ]);
    const base = {
      kind: 'tls',
      organization: 'x',
      reportId: '1',
      domain: 'example.com',
      beginMs: 1,
      endMs: 2,
    } as const;
    const words = wordsOf(overviewOf('example.com', 0, [{ ...base, summary: JSON.stringify(summary) }]), []);
    assert.match(
      words.join('\n'),
      /mx\.example\.com: 2 times, its certificate is out of date \(CERT_HAS_EXPIRED\)/,
    );
  });

  test('what is none says so', () => {
    for (const text of ['', '{}', '[]', '{"policies": []}', '{"policies": 1, "date-range": {}}'])
      assert.throws(() => readTlsReport(Buffer.from(text)));
    const many = {
      ...JSON.parse(tlsReportJson(TLS)),
      policies: Array(101).fill(JSON.parse(tlsReportJson(TLS)).policies[0]),
    };
    assert.throws(() => readTlsReport(Buffer.from(JSON.stringify(many))));
  });

  test('who gets them (§3)', () => {
    assert.deepEqual(
      readTlsRua(
        'v=TLSRPTv1; rua=mailto:a@example.com,https://report.example.com/v1, http://x/, https://u:p@x/',
      ),
      [
        { kind: 'mail', address: 'a@example.com' },
        { kind: 'web', url: 'https://report.example.com/v1' },
      ],
    );
  });
});

test('an ordinary message is not looked into', () => {
  for (const text of [
    'Subject: hi',
    'Content-Type: text/plain',
    'Content-Type: multipart/mixed; boundary=x\r\nSubject: hi',
  ])
    assert.ok(!mayBringReport(new HeaderBlock(Buffer.from(`${text}\r\n\r\n`))));
});
