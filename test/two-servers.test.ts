/**
 * Two servers of two domains send each other mail, as the world does: found by DNS, proven by DANE (RFC 7672), signed, checked on the other
 * side. What is not there comes back as a report, what cannot be had now comes later, what a rule passes on is believed, and a server that
 * is killed loses nothing.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from 'dns-packet';
import { startDns, type TestDns } from './kit/dns.ts';
import { freeLoopback, MailHouse } from './kit/mail-house.ts';

const addresses = await freeLoopback(2);
const skip = addresses === undefined ? { skip: 'port 25 may not be listened on here' } : {};
const [ADDRESS_A = '', ADDRESS_B = ''] = addresses ?? [];

describe('two servers', { ...skip, timeout: 280_000 }, () => {
  const zone: Answer[] = [];
  let dns: TestDns;
  let com: MailHouse;
  let org: MailHouse;

  before(async () => {
    dns = await startDns({ zone, isSecure: true });
    [com, org] = await Promise.all([
      MailHouse.open({ domain: 'example.com', address: ADDRESS_A, people: ['anna', 'dan'], dns, zone }),
      MailHouse.open({ domain: 'example.org', address: ADDRESS_B, people: ['bo', 'carl', 'eva'], dns, zone }),
    ]);
  });
  after(async () => {
    await Promise.all([com.close(), org.close()]);
    await dns.close();
  });

  const queue = async (house: MailHouse): Promise<string> => house.cli(['queue', 'list', '--json']);
  async function emptied(house: MailHouse): Promise<void> {
    for (const endMs = performance.now() + 60_000; (await queue(house)) !== ''; await pause(300))
      assert.ok(performance.now() < endMs, `${house.domain} still has ${await queue(house)}`);
  }

  test('mail goes both ways, signed and proven', async () => {
    await com.send('anna', {
      to: 'bo@example.org',
      bcc: 'eva@example.org',
      subject: 'Hello',
      messageId: '<1@example.com>',
    });
    const there = await org.message('bo', /<1@example\.com>/);
    await org.send('bo', {
      to: 'anna@example.com',
      subject: 'Re: Hello',
      inReplyTo: '<1@example.com>',
      messageId: '<2@example.org>',
    });
    const back = await com.message('anna', /<2@example\.org>/);
    for (const [text, from, to] of [
      [there, 'example.com', 'example.org'],
      [back, 'example.org', 'example.com'],
    ] as const) {
      const results =
        new RegExp(`^Authentication-Results: mail\\.${to};(?:.*\\r\\n[ \\t])*.*`, 'm').exec(text)?.[0] ??
        text;
      assert.match(results, /spf=pass/);
      assert.match(results, /dkim=pass/);
      assert.doesNotMatch(results, /dkim=(?!pass)/);
      assert.match(results, /dmarc=pass/);
      assert.equal(text.match(/^DKIM-Signature: /gm)?.length, 2, 'RSA and Ed25519');
      assert.match(text, new RegExp(`^Return-Path: <[a-z]+@${from}>`, 'm'));
      assert.match(text, new RegExp(`by mail\\.${to} with ESMTPS \\(TLSv1\\.3\\)`));
      assert.doesNotMatch(text, /^bcc:|eva@/im);
    }
    await org.message('eva', /<1@example\.com>/);
  });

  test('mail for who is not there leaves', async () => {
    await com.send('anna', {
      to: ['nobody@example.org', 'nobody@nowhere.example'],
      subject: 'Lost',
      messageId: '<3@example.com>',
    });
  });

  test('what cannot be had now comes later, and once', async () => {
    await org.cli(['account', 'quota', 'eva@example.org', 'none', '--messages', '0']);
    const text = 'x'.repeat(3000);
    await com.send('anna', {
      to: ['bo@example.org', 'eva@example.org'],
      subject: 'Later',
      text,
      messageId: '<4@example.com>',
    });
    await org.message('bo', /<4@example\.com>/);
    for (const endMs = performance.now() + 60_000; !/4\.2\.2/.test(await queue(com)); await pause(200))
      assert.ok(performance.now() < endMs, await queue(com));
    await org.cli(['account', 'quota', 'eva@example.org', 'none', '--messages', 'none']);
    await com.cli(['queue', 'retry', '--all']);
    await org.message('eva', /<4@example\.com>/);
    await emptied(com);
    for (const person of ['bo', 'eva'])
      assert.equal((await org.messages(person)).filter((one) => one.includes('<4@example.com>')).length, 1);
  });

  test('what a rule passes on comes back to where it is from, sealed, and its bounces find the way', async () => {
    const script = join(tmpdir(), `brevduva-two-servers-${process.pid}.sieve`);
    await writeFile(
      script,
      'require "copy"; redirect :copy "dan@example.com"; redirect "nobody@example.com";',
    );
    await org.cli(['sieve', 'put', 'carl@example.org', script, '--name', 'on', '--activate']);
    await com.send('anna', { to: 'carl@example.org', subject: 'Onward', messageId: '<5@example.com>' });
    const onward = await com.message('dan', /<5@example\.com>/);
    assert.match(onward, /^Return-Path: <SRS0=[^@]*=example\.com=anna@example\.org>/m);
    assert.match(onward, /^ARC-Seal: i=1;/m);
    assert.match(onward, /^ARC-Authentication-Results: i=1; mail\.example\.org;/m);
    const results = /^Authentication-Results: mail\.example\.com;(?:.*\r\n[ \t])*.*/m.exec(onward)?.[0] ?? '';
    assert.match(results, /spf=pass/);
    assert.match(results, /dkim=pass/);
    assert.match(results, /arc=pass/);
    assert.match(results, /dmarc=pass/);
    assert.match(onward, /^X-Loop: carl@example\.org/m);
  });

  test('either of them is killed, again and again: what was taken arrives', async () => {
    const taken = new Set<string>();
    let isOver = false;
    const sending = Promise.all(
      [com, org].map(async (house, side) => {
        const [from, to] = side === 0 ? ['anna', 'bo@example.org'] : ['bo', 'anna@example.com'];
        for (let n = 0; !isOver; n++) {
          const messageId = `<kill-${side}-${n}@${house.domain}>`;
          const sent = await house.send(from as string, { to, subject: 'x', messageId }).then(
            () => true,
            () => false,
          );
          if (sent) taken.add(messageId);
          else await pause(50);
        }
      }),
    );
    const kills = 3;
    for (let round = 0; round < kills; round++) {
      const enough = taken.size + 8;
      for (const endMs = performance.now() + 30_000; taken.size < enough && performance.now() < endMs; )
        await pause(20);
      await (round % 2 === 0 ? org : com).kill9();
    }
    isOver = true;
    await sending;
    await Promise.all([com, org].map((house) => house.cli(['queue', 'retry', '--all']).catch(() => '')));
    const found: string[] = [];
    for (const endMs = performance.now() + 90_000; ; await pause(500)) {
      const all = [...(await org.messages('bo')), ...(await com.messages('anna'))];
      found.splice(
        0,
        found.length,
        ...all.flatMap((text) => /^Message-ID: (<kill-[^>]*>)/im.exec(text)?.[1] ?? []),
      );
      const lost = [...taken].filter((one) => !found.includes(one));
      if (lost.length === 0) break;
      assert.ok(performance.now() < endMs, `lost: ${lost.join(' ')}`);
      await Promise.all([com, org].map((house) => house.cli(['queue', 'retry', '--all']).catch(() => '')));
    }
    // Killed between a server's 250 and the row that says so, a message goes out once more: a connection's worth for each kill, no more.
    const twice = found.length - new Set(found).size;
    assert.ok(twice <= 4 * kills, `${twice} came twice`);
  });

  test('who is not there is told of, by whoever took the mail, to whoever it was taken from', async () => {
    const report = await com.message('anna', /Final-Recipient: rfc822; nobody@example\.org/);
    assert.match(report, /^Return-Path: <>/m);
    assert.match(report, /^Action: failed\r\nStatus: 5\.1\.1/m);
    assert.match(report, /^Remote-MTA: dns; mail\.example\.org/m);
    assert.match(report, /<3@example\.com>/);
    await com.message('anna', /Final-Recipient: rfc822; nobody@nowhere\.example/);
    // Of what was passed on, that is whoever has made the rule.
    const onward = await org.message('carl', /Final-Recipient: rfc822; nobody@example\.com/);
    assert.match(onward, /^Status: 5\.1\.1/m);
    const elsewhere = (await com.messages('anna')).join();
    assert.doesNotMatch(elsewhere, /Final-Recipient: rfc822; nobody@example\.com/);
  });
});
