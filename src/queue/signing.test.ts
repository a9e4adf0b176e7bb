/** What leaves is signed as it leaves, line ends and all. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { record } from '../../test/kit/dns.ts';
import { startNextHop } from '../../test/kit/next-hop.ts';
import { openQueue, zoneFor } from '../../test/kit/queue.ts';
import { Resolver } from '../dns/resolver.ts';
import { MessageCheck } from '../message-auth/check.ts';

describe('a signature', () => {
  it('fits what the next server gets, whatever the line ends were', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const p = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const zone = [
      ...zoneFor('example.org'),
      record('k._domainkey.example.com', 'TXT', [`v=DKIM1; k=rsa; p=${p.slice(0, 200)}`, p.slice(200)]),
    ];
    const hop = await startNextHop();
    const keysOf = (domain: string) =>
      domain === 'example.com' ? [{ domain, selector: 'k', key: privateKey }] : [];
    const it = await openQueue({ port: hop.port, zone, keysOf });
    const small = 'From: anna@example.com\nSubject: a\n\nline\n.\nbare\rcr';
    const large = `From: anna@example.com\r\nSubject: b\r\n\r\n${'line of text\n'.repeat(50_000)}`;
    await it.send(['bo@example.org'], { text: small });
    await it.send(['bo@example.org'], { text: large });
    await it.send(['bo@example.org'], { text: 'From: x@elsewhere.example\r\n\r\nnot ours\r\n' });
    await it.send(['bo@example.org'], {
      text: 'From: x@elsewhere.example\r\n\r\npassed on\r\n',
      kind: 'forward',
    });
    await it.empty();
    const bySubject = (text: string) => hop.mails.find(({ data }) => data.includes(text))?.data ?? '';
    assert.ok(!bySubject('not ours').includes('DKIM-Signature'));
    assert.match(bySubject('passed on'), /^DKIM-Signature: .*\r\n(?:\t.*\r\n)*/);
    const dns = new Resolver({ servers: [it.dns] });
    for (const subject of ['Subject: a', 'Subject: b']) {
      assert.deepEqual(await dkimOf(Buffer.from(bySubject(subject), 'latin1'), dns), ['pass'], subject);
    }
    await it.close();
    await hop.close();
  });
});

async function dkimOf(message: Buffer, dns: Resolver): Promise<readonly string[]> {
  const check = new MessageCheck(
    { dns, hostname: 'mx.example.org' },
    { address: '192.0.2.1', helo: 'mail.example.com', mailFrom: 'anna@example.com' },
  );
  await check.write(message);
  const { results } = await check.finish();
  return results.flatMap(({ method, result }) => (method === 'dkim' ? [result] : []));
}
