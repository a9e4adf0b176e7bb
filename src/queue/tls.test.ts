/** What a server has to prove before it gets a message. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { record } from '../../test/kit/dns.ts';
import { type NextHop, type NextHopOptions, startNextHop } from '../../test/kit/next-hop.ts';
import { openQueue, type QueueKit, type QueueKitOptions, zoneFor } from '../../test/kit/queue.ts';
import { Secret } from '../base/secret.ts';
import type { TlsObservation } from '../feedback/observation.ts';
import { makePair } from '../net/self-signed.ts';
import { Smarthosts } from './smarthosts.ts';

let pair: { certificate: string; key: string };
let other: { certificate: string; key: string };

before(async () => {
  pair = await makePair('mx.example.org');
  other = await makePair('mx.example.org');
});

async function scene(
  { hop: hopOptions, ...options }: QueueKitOptions & { readonly hop?: NextHopOptions },
  run: (it: QueueKit & { readonly hop: NextHop }) => Promise<void>,
): Promise<void> {
  const hop = await startNextHop(hopOptions);
  const zone = [...zoneFor('example.org'), ...(options.zone ?? [])];
  const queue = await openQueue({ port: hop.port, ...options, zone });
  try {
    await run({ ...queue, hop });
  } finally {
    await queue.close();
    await hop.close();
  }
}

const policy = (mx: string, mode = 'enforce') =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: 86400\r\n`;
const STS = record('_mta-sts.example.org', 'TXT', ['v=STSv1; id=1;']);
const lastReply = async ({ kit }: QueueKit, id: number): Promise<string> =>
  (await kit.store.outgoing.load([id as never]))[0]?.recipients[0]?.lastReply ?? '';

describe('TLS to other servers', () => {
  it('is used where there is any, whoever shows the certificate', () =>
    scene({ hop: { tls: pair } }, async ({ send, empty, hop }) => {
      await send(['bo@example.org']);
      await empty();
      assert.equal(hop.mails[0]?.isSecure, true);
    }));

  it('is done without, in the same attempt, where a server offers it and cannot do it', () => {
    const behaviour = (event: string) => (event === 'STARTTLS' ? '454 4.7.0 not now' : undefined);
    return scene({ hop: { tls: pair, behaviour } }, async ({ send, empty, hop, events }) => {
      const id = await send(['bo@example.org']);
      await empty();
      assert.equal(hop.mails[0]?.isSecure, false);
      assert.deepEqual(await events(id), ['accepted', 'delivered']);
    });
  });

  it('is spoken in the clear when the handshake is garbage', () => {
    const behaviour = (event: string) => (event === 'STARTTLS' ? '220 go on\r\n500 garbage' : undefined);
    return scene({ hop: { behaviour, keywords: ['STARTTLS'] } }, async ({ send, empty, hop }) => {
      await send(['bo@example.org']);
      await empty();
      assert.equal(hop.mails[0]?.isSecure, false);
    });
  });

  it('is verified where MTA-STS says so', async () => {
    const fetchPolicy = async () => policy('*.example.org');
    const { certificate: ca } = pair;
    await scene({ hop: { tls: pair }, zone: [STS], fetchPolicy, ca }, async ({ send, empty, hop }) => {
      await send(['bo@example.org']);
      await empty();
      assert.equal(hop.mails[0]?.isSecure, true);
    });
    await scene({ hop: { tls: other }, zone: [STS], fetchPolicy, ca }, async (it) => {
      const id = await it.send(['bo@example.org']);
      await pause(400);
      assert.equal(it.hop.mails.length, 0);
      assert.match(await lastReply(it, id), /4\.7\.5 .*TLS failed/);
      // The sender may say that it does not matter (RFC 8689 §5).
      await it.send(['bo@example.org'], { isTlsOptional: true });
      await pause(400);
      assert.equal(it.hop.mails.length, 1);
    });
    await scene({ zone: [STS], fetchPolicy: async () => policy('mail.example.org') }, async (it) => {
      const id = await it.send(['bo@example.org']);
      await pause(300);
      assert.match(await lastReply(it, id), /MTA-STS policy of example\.org/);
      assert.equal(it.hop.connections, 0);
    });
    await scene({ zone: [STS], fetchPolicy: async () => policy('a.example.org', 'testing') }, async (it) => {
      await it.send(['bo@example.org']);
      await it.empty();
    });
  });

  it('is verified by DANE (RFC 7672) where the zone is signed, before MTA-STS is asked', async () => {
    const tlsa = (pem: string, port: number) => {
      const certificate = createHash('sha256').update(new X509Certificate(pem).raw).digest();
      return record(`_${port}._tcp.mx.example.org`, 'TLSA', {
        usage: 3,
        selector: 0,
        matchingType: 1,
        certificate,
      });
    };
    for (const [shown, isTaken] of [
      [pair, true],
      [other, false],
    ] as const) {
      const hop = await startNextHop({ tls: shown });
      const zone = [...zoneFor('example.org'), tlsa(pair.certificate, hop.port), STS];
      const fetchPolicy = async () => policy('nobody.example.org');
      const it = await openQueue({ port: hop.port, zone, fetchPolicy, dnsServer: { isSecure: true } });
      const id = await it.send(['bo@example.org']);
      if (isTaken) await it.empty();
      else await pause(400);
      assert.equal(hop.mails.length, isTaken ? 1 : 0);
      if (!isTaken) assert.match(await lastReply(it, id), /DANE of mx\.example\.org/);
      await it.close();
      await hop.close();
    }
  });

  it('is promised all the way, or the message is not sent (REQUIRETLS, RFC 8689)', async () => {
    const { certificate: ca } = pair;
    const keywords = ['PIPELINING', 'REQUIRETLS'];
    const named = { zone: [STS], fetchPolicy: async () => policy('mx.example.org', 'testing'), ca };
    await scene({ hop: { tls: pair, keywords }, ...named }, async (it) => {
      await it.send(['bo@example.org'], { requiresTls: true });
      await it.empty();
      assert.match(it.hop.mails[0]?.parameters ?? '', /REQUIRETLS/);
    });
    await scene({ hop: { tls: pair, keywords: ['PIPELINING'] }, ...named }, async (it) => {
      await it.send(['bo@example.org'], { requiresTls: true, ret: 'full' });
      await it.empty();
      assert.equal(it.hop.mails.length, 0);
      const [report] = (await it.kit.messagesOf('anna@example.com')).map(String);
      assert.match(report ?? '', /Status: 5\.7\.30/);
      assert.match(report ?? '', /Content-Type: text\/rfc822-headers/, 'its text stays here (§5)');
    });
  });

  it('is promised by nobody whom neither a signed DNS nor a policy names (RFC 8689 §2)', async () => {
    const { certificate: ca } = pair;
    const keywords = ['PIPELINING', 'REQUIRETLS'];
    await scene({ hop: { tls: pair, keywords }, ca }, async (it) => {
      await it.send(['bo@example.org'], { requiresTls: true });
      await it.empty();
      assert.equal(it.hop.mails.length, 0);
      assert.match(String((await it.kit.messagesOf('anna@example.com'))[0]), /Status: 5\.7\.10/);
    });
  });

  it('is gone without by a report that would be lost (RFC 8689 §5)', async () => {
    for (const keywords of [['PIPELINING'], ['PIPELINING', 'REQUIRETLS']])
      await scene({ hop: { tls: pair, keywords }, ca: pair.certificate }, async (it) => {
        await it.send(['bo@example.org'], { requiresTls: true, sender: '', kind: 'report' });
        await it.empty();
        assert.equal(it.hop.mails.length, 1);
        assert.doesNotMatch(it.hop.mails[0]?.parameters ?? '', /REQUIRETLS/);
        assert.equal(it.hop.mails[0]?.isSecure, true);
      });
  });

  it('is what a smarthost has to have before it gets a password', async () => {
    const smarthost = {
      tls: 'verified',
      isImplicitTls: false,
      signIn: { user: 'u', password: new Secret('p') },
    } as const;
    const asked: string[] = [];
    const behaviour = (event: string) => {
      asked.push(event);
      return undefined;
    };
    const hop = await startNextHop({ tls: pair, behaviour, keywords: ['AUTH PLAIN'] });
    const zone = zoneFor('example.org');
    const { certificate: ca } = pair;
    const host = { name: 'mx.example.org', port: hop.port };
    const it = await openQueue({ zone, ca, smarthosts: new Smarthosts([], { ...smarthost, ...host }) });
    await it.send(['bo@elsewhere.example']);
    await it.empty();
    assert.equal(hop.mails[0]?.isSecure, true);
    assert.ok(asked.includes(`AUTH PLAIN ${Buffer.from('\0u\0p').toString('base64')}`));
    await it.close();
    await hop.close();
  });
});

describe('TLS to other servers, as it is counted for reports (RFC 8460 §4.3)', () => {
  const counted = async (options: Parameters<typeof scene>[0], isDelivered: boolean) => {
    const seen: TlsObservation[] = [];
    const counter = { session: (one: TlsObservation) => void seen.push(one) };
    await scene({ ...options, counter }, async ({ send, hop, empty, kit }) => {
      const id = await send(['bo@example.org']);
      if (isDelivered) await empty();
      else
        for (const untilMs = performance.now() + 8000; seen.length === 0 && performance.now() < untilMs; )
          await pause(10);
      assert.equal(hop.mails.length, isDelivered ? 1 : 0, String(await kit.store.outgoing.load([id])));
    });
    const [first] = seen;
    return [first?.policy.type, first?.failure?.type, first?.failure?.reason, first?.domain, first?.host];
  };
  const where = ['example.org', 'mx.example.org'] as const;
  const sts = (mode: string, mx = '*.example.org') => ({
    zone: [STS],
    fetchPolicy: async () => policy(mx, mode),
  });

  it('as the domain wants it, or without any wish', async () => {
    const { certificate: ca } = pair;
    const none = [undefined, undefined] as const;
    assert.deepEqual(await counted({ hop: { tls: pair } }, true), ['no-policy-found', ...none, ...where]);
    assert.deepEqual(await counted({ hop: { tls: pair }, ca, ...sts('enforce') }, true), [
      ...['sts', ...none, ...where],
    ]);
  });

  it('no TLS at all, a certificate that is not believed, a server that is not named, a policy that is none', async () => {
    assert.deepEqual(await counted({}, true), [
      ...['no-policy-found', 'starttls-not-supported', '', ...where],
    ]);
    const untrusted = ['certificate-not-trusted', 'DEPTH_ZERO_SELF_SIGNED_CERT'] as const;
    assert.deepEqual(await counted({ hop: { tls: pair }, ...sts('enforce') }, false), [
      ...['sts', ...untrusted, ...where],
    ]);
    assert.deepEqual(await counted({ hop: { tls: pair }, ...sts('testing') }, true), [
      ...['sts', ...untrusted, ...where],
    ]);
    const unnamed = ['sts', 'validation-failure', '', ...where];
    assert.deepEqual(
      await counted({ hop: { tls: pair }, ...sts('enforce', 'a.example.net') }, false),
      unnamed,
    );
    assert.deepEqual(
      await counted({ hop: { tls: pair }, ...sts('testing', 'a.example.net') }, true),
      unnamed,
    );
    const broken = { zone: [STS], fetchPolicy: async () => 'version: none' };
    assert.deepEqual(await counted({ hop: { tls: pair }, ...broken }, true), [
      ...['sts', 'sts-policy-invalid', '', ...where],
    ]);
  });
});
