/**
 * What was counted yesterday is with whoever asks for it today, once: by mail through a real queue to a real server, and over HTTPS
 * (RFC 7489 §7.2.1, RFC 8460 §5).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { record } from '../../test/kit/dns.ts';
import { startNextHop } from '../../test/kit/next-hop.ts';
import { openQueue, type QueueKit, zoneFor } from '../../test/kit/queue.ts';
import { silentLog } from '../base/log.ts';
import { Resolver } from '../dns/resolver.ts';
import { NOTIFY } from '../mailbox/model/outgoing.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { acceptUnshown } from '../mailbox/operations/outgoing.ts';
import { makePair } from '../net/self-signed.ts';
import { Daily, type DailyOptions } from './daily.ts';
import { Ledger } from './ledger.ts';
import { postReport } from './post.ts';
import { DAY_MS, Tally } from './tally.ts';
import { unpackReport } from './unpack.ts';

const TODAY = Math.floor(Date.now() / DAY_MS);
const seen = (domain: string) => ({
  ...{ domain, published: { adkim: 'r', aspf: 'r', p: 'reject', sp: 'reject' } as const },
  ...({
    sourceAddress: '192.0.2.1',
    disposition: 'reject',
    isDkimAligned: false,
    isSpfAligned: false,
  } as const),
  ...{ headerFrom: domain, envelopeFrom: domain, dkim: [] },
  spf: { domain, scope: 'mfrom', result: 'fail' } as const,
});

async function scene(
  run: (it: Scene) => Promise<void>,
  zone: readonly ReturnType<typeof record>[],
): Promise<void> {
  const hop = await startNextHop();
  const queue = await openQueue({
    zone: [...zoneFor('example.org'), ...zoneFor('reports.example'), ...zone],
    port: hop.port,
    dnsServer: { behaviour: ({ name }) => (name.startsWith('_dmarc.broken') ? { rcode: 2 } : undefined) },
  });
  const ledger = new Ledger(join(queue.kit.data, 'feedback.db'));
  let nowMs = (TODAY - 1) * DAY_MS;
  const tally = new Tally({ ledger, log: silentLog, nowMs: () => nowMs });
  const daily = (rest: Partial<DailyOptions> = {}) =>
    new Daily(
      {
        ...{
          ledger,
          log: silentLog,
          dns: new Resolver({ servers: [queue.dns], timeoutMs: 500, tryMs: 200 }),
        },
        ...{ nowMs: () => nowMs, organization: 'mail.example.com', from: 'postmaster@example.com' },
        isOurs: async () => true,
        send: (to, message) => sendFrom(queue, to, message),
        post: async () => false,
        ...rest,
      },
      0,
    );
  try {
    await run({ ...queue, hop, ledger, tally, daily, at: (ms) => (nowMs = ms) });
  } finally {
    ledger.close();
    await queue.close();
    await hop.close();
  }
}

interface Scene extends QueueKit {
  readonly hop: Awaited<ReturnType<typeof startNextHop>>;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly daily: (rest?: Partial<DailyOptions>) => Daily;
  /** The clock of what is counted. */
  readonly at: (ms: number) => void;
}

async function sendFrom({ kit: { domain }, sender }: QueueKit, to: string, message: Buffer): Promise<void> {
  const account = await domain.accounts.open(sender.id);
  const received = await receive(domain.store, [sender.id], 1e9, message);
  const envelope = {
    ...({ kind: 'report', sender: '', isUtf8: false, isEightBit: false, requiresTls: false } as const),
    ...{ isTlsOptional: true, expiresMs: Date.now() + 10_000 },
  };
  const recipients = [{ address: to, route: 'remote', notify: NOTIFY.Never } as const];
  await acceptUnshown(domain, account, received, { envelope, recipients });
}

describe('reports to other domains', () => {
  test('of mail: for the day that is over, to each address that wants them, once', () =>
    scene(
      async ({ tally, ledger, daily, at, empty, hop }) => {
        for (const domain of ['example.org', 'example.org', 'quiet.example', 'broken.example'])
          tally.message(seen(domain));
        tally.flush();
        await daily().run();
        await empty();
        assert.equal(hop.mails.length, 0, 'the day is not over');
        at(TODAY * DAY_MS + 1);
        tally.message(seen('example.org'));
        tally.flush();
        await daily({ isOurs: async () => false }).run();
        await empty();
        assert.equal(hop.mails.length, 0, 'another process does it');
        const one = daily();
        await Promise.all([one.run(), one.run()]);
        await daily().run();
        await empty();
        const to = hop.mails.map(({ recipients }) => recipients[0]?.address).sort();
        assert.deepEqual(to, ['a@example.org', 'b@reports.example']);
        assert.deepEqual(hop.mails[0]?.from, '');
        const unpacked = await unpackReport(Buffer.from(hop.mails[0]?.data ?? '', 'latin1'));
        const xml = String(unpacked?.octets);
        assert.match(xml, /<count>2<\/count>\s*<policy_evaluated>\s*<disposition>reject<\/disposition>/);
        assert.match(xml, new RegExp(`<begin>${((TODAY - 1) * DAY_MS) / 1000}</begin>`));
        assert.deepEqual(
          ledger.due('dmarc', TODAY - 1, '', 9).map(({ domain }) => domain),
          ['broken.example'],
          'what the DNS did not say is asked for again',
        );
        assert.deepEqual(ledger.counted('dmarc', TODAY, 'example.org').length, 1, 'today is not over');
        at((TODAY + 9) * DAY_MS);
        await daily().run();
        assert.deepEqual(ledger.days('dmarc', TODAY + 9), [], 'and given up in the end');
      },
      [
        record('_dmarc.example.org', 'TXT', [
          'v=DMARC1; p=reject; rua=mailto:a@example.org,mailto:b@reports.example',
        ]),
        record('example.org._report._dmarc.reports.example', 'TXT', ['v=DMARC1']),
      ],
    ));

  test('who has one gets it no second time because another could not get it', () =>
    scene(
      async ({ tally, ledger, daily, at }) => {
        tally.message(seen('example.org'));
        tally.flush();
        at(TODAY * DAY_MS + 1);
        const sent: string[] = [];
        let refused = ['a@example.org', 'b@reports.example'];
        const send = async (to: string): Promise<void> => {
          if (refused.includes(to)) throw new Error('too much mail waits');
          sent.push(to);
        };
        await daily({ send }).run();
        assert.deepEqual(sent, []);
        refused = ['b@reports.example'];
        await daily({ send }).run();
        refused = [];
        await daily({ send }).run();
        assert.deepEqual(sent, ['a@example.org']);
        assert.deepEqual(ledger.due('dmarc', TODAY - 1, '', 9), []);
      },
      [
        record('_dmarc.example.org', 'TXT', [
          'v=DMARC1; p=reject; rua=mailto:a@example.org,mailto:b@reports.example',
        ]),
        record('example.org._report._dmarc.reports.example', 'TXT', ['v=DMARC1']),
      ],
    ));

  test('what was sent while another process held the ledger is sent to nobody twice, and keeps nobody waiting', () =>
    scene(
      async ({ tally, ledger, daily, at, kit }) => {
        for (const domain of ['example.org', 'reports.example']) tally.message(seen(domain));
        tally.flush();
        at(TODAY * DAY_MS + 1);
        const other = new DatabaseSync(join(kit.data, 'feedback.db'));
        const sent: string[] = [];
        const send = async (to: string): Promise<void> => {
          if (!other.isTransaction) other.exec('BEGIN IMMEDIATE');
          sent.push(to);
        };
        const one = daily({ send });
        await one.run();
        other.exec('ROLLBACK');
        assert.deepEqual(sent, ['a@example.org', 'b@reports.example']);
        assert.equal(ledger.due('dmarc', TODAY - 1, '', 9).length, 2);
        await one.run();
        assert.equal(sent.length, 2);
        assert.deepEqual(ledger.due('dmarc', TODAY - 1, '', 9), []);
        other.close();
      },
      [
        record('_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject; rua=mailto:a@example.org']),
        record('_dmarc.reports.example', 'TXT', ['v=DMARC1; p=reject; rua=mailto:b@reports.example']),
      ],
    ));

  test('of TLS: by mail and over HTTPS, and to nobody at a private address', async () => {
    const pair = await makePair('localhost');
    const posted: { type: string | undefined; body: Buffer }[] = [];
    const web = createServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        posted.push({ type: request.headers['content-type'], body: Buffer.concat(pieces) });
        response.writeHead(201).end('x'.repeat(100_000));
      });
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const { port } = web.address() as { port: number };
    const url = `https://localhost:${port}/v1`;
    const rua = `v=TLSRPTv1; rua=mailto:tls@example.org,${url}`;
    const session = {
      ...{ domain: 'example.org', host: 'mx.example.org', address: '192.0.2.1' },
      policy: { type: 'no-policy-found', text: [], hosts: [] },
    } as const;
    try {
      await scene(
        async ({ tally, daily, at, empty, hop }) => {
          tally.session(session);
          tally.session({ ...session, failure: { type: 'starttls-not-supported', reason: '' } });
          tally.flush();
          at(TODAY * DAY_MS + 1);
          await daily({
            post: (to, packed) => postReport(to, packed, { allowsPrivate: true, ca: pair.certificate }),
          }).run();
          await empty();
          assert.equal(hop.mails.length, 1);
          assert.match(hop.mails[0]?.data ?? '', /^TLS-Report-Domain: example\.org\r$/m);
          assert.deepEqual([posted.length, posted[0]?.type], [1, 'application/tlsrpt+gzip']);
          const report = JSON.parse(String(gunzipSync(posted[0]?.body ?? Buffer.alloc(0))));
          assert.deepEqual(report.policies[0].summary, {
            'total-successful-session-count': 1,
            'total-failure-session-count': 1,
          });
        },
        [record('_smtp._tls.example.org', 'TXT', [rua])],
      );
      for (const to of [url, url.replace('localhost', '127.0.0.1'), url.replace('localhost', '[::1]')])
        assert.equal(
          await postReport(to, Buffer.from('x'), { allowsPrivate: false, ca: pair.certificate }),
          false,
        );
      assert.equal(posted.length, 1);
    } finally {
      web.closeAllConnections();
      web.close();
    }
  });
});
