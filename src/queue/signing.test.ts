/** What leaves is signed as it leaves, line ends and all. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { record } from '../../test/kit/dns.ts';
import { startNextHop } from '../../test/kit/next-hop.ts';
import { openQueue, zoneFor } from '../../test/kit/queue.ts';
import { Resolver } from '../dns/resolver.ts';
import { MessageCheck } from '../message-auth/check.ts';
import { resultsField } from '../message-auth/results-field.ts';

/** Ours, and as the DNS shows it. */
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const shown = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const zone = [
  ...zoneFor('example.org'),
  record('k._domainkey.example.com', 'TXT', [`v=DKIM1; k=rsa; p=${shown.slice(0, 200)}`, shown.slice(200)]),
];

function keysOf(domain: string) {
  return domain === 'example.com' ? [{ domain, selector: 'k', key: privateKey }] : [];
}

describe('a signature', () => {
  it('fits what the next server gets, whatever the line ends were', async () => {
    const hop = await startNextHop();
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

  it('is not made for what comes from elsewhere in our name', async () => {
    const hop = await startNextHop();
    const it = await openQueue({ port: hop.port, zone, keysOf });
    const field = (result: string) =>
      resultsField('mail.example.com', [
        { method: 'spf', result: 'pass', properties: [['smtp.mailfrom', 'x; dmarc=pass; "y']] },
        { method: 'dmarc', result, properties: [] },
      ]);
    const letter = (subject: string) =>
      `Received: by us\nFrom: boss@example.com\nSubject: ${subject}\n\nwords\n`;
    await it.send(['bo@example.org'], { text: letter('unknown'), kind: 'forward' });
    await it.send(['bo@example.org'], { text: letter('later'), kind: 'retry' });
    await it.send(['bo@example.org'], { text: field('fail') + letter('forged'), kind: 'forward' });
    await it.send(['bo@example.org'], { text: field('pass') + letter('proved'), kind: 'forward' });
    const hidden = 'X-Note: a\rFrom: boss@example.com\nFrom: x@elsewhere.example\nSubject: hidden\n\nwords\n';
    await it.send(['bo@example.org'], {
      text: `${field('pass')}Received: by us\n${hidden}`,
      kind: 'forward',
    });
    await it.send(['bo@example.org'], { text: letter('sent') });
    await it.empty();
    const signed = hop.mails
      .filter(({ data }) => /^DKIM-Signature:/m.test(data))
      .map(({ data }) => /^Subject: (\w+)/m.exec(data)?.[1]);
    assert.deepEqual(signed.sort(), ['proved', 'sent']);
    await it.close();
    await hop.close();
  });

  it('and a seal say of what is passed on what was found when it came (RFC 8617)', async () => {
    const hop = await startNextHop();
    const it = await openQueue({ port: hop.port, zone, keysOf });
    const field = resultsField('mail.example.com', [{ method: 'dmarc', result: 'pass', properties: [] }]);
    const letter = (subject: string) =>
      `Received: by us\nFrom: x@elsewhere.example\nSubject: ${subject}\n\nwords\n`;
    await it.send(['bo@example.org'], { text: field + letter('checked'), kind: 'forward' });
    await it.send(['bo@example.org'], { text: letter('unchecked'), kind: 'forward' });
    await it.send(['bo@example.org'], { text: field + letter('our own'), kind: 'sent' });
    await it.empty();
    const bySubject = (text: string) =>
      hop.mails.find(({ data }) => data.includes(`Subject: ${text}`))?.data ?? '';
    for (const subject of ['unchecked', 'our own'])
      assert.ok(!bySubject(subject).includes('ARC-Seal'), subject);
    const checked = Buffer.from(bySubject('checked'), 'latin1');
    const check = new MessageCheck(
      {
        dns: new Resolver({ servers: [it.dns] }),
        hostname: 'mx.example.org',
        trustedSealers: ['example.com'],
      },
      { address: '192.0.2.1', helo: 'mail.example.com', mailFrom: 'anna@example.com' },
    );
    await check.write(checked);
    const { outcomes } = await check.finish();
    assert.deepEqual(outcomes.arc, {
      result: 'pass',
      sealers: [{ domain: 'example.com', saysDmarcPass: true }],
    });
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
