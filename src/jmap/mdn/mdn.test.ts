/** Notifications of disposition over a real socket: what is sent arrives by the queue, and is read where it arrives. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startDns, type TestDns } from '../../../test/kit/dns.ts';
import { recipientsOf } from '../../../test/kit/domain.ts';
import { type Answer, type JmapClient, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { FAST } from '../../../test/kit/queue.ts';
import { Resolver } from '../../dns/resolver.ts';
import { Queue } from '../../queue/queue.ts';
import type { JsonObject } from '../core/json.ts';

let server: TestJmap;
let queue: Queue;
let dns: TestDns;
let bob: JmapClient;
let identityId: string;

before(async () => {
  dns = await startDns({ zone: [] });
  server = await startTestJmap();
  const { domain, activity } = server.kit;
  bob = await server.addAccount('bob@example.com', 'secret');
  queue = new Queue({
    ...{ domain, activity, log: domain.log, recipients: recipientsOf(domain), schedule: FAST },
    dns: new Resolver({ servers: [dns], timeoutMs: 2000, tryMs: 500 }),
    hostname: 'mail.example.com',
    ownDomain: 'example.com',
    addresses: { allowsPrivate: true, uses: { ipv4: true, ipv6: false } },
  });
  queue.start();
  identityId = (await server.alice.call('Identity/get', {})).list[0].id;
});
after(async () => {
  await queue.stop(1000);
  await server.close();
  await dns.close();
});

const HEADER = [
  'From: Bob <bob@example.com>',
  'To: alice@example.com',
  'Subject: =?utf-8?Q?R=C3=A4kning?=',
  'Message-ID: <one@example.com>',
  'Original-Recipient: rfc822;al@example.com',
];
const ASKS = 'Disposition-Notification-To: Bob <bob@example.com>';
const MDN = {
  disposition: { actionMode: 'manual-action', sendingMode: 'mdn-sent-manually', type: 'displayed' },
};

/** In Alice's Inbox; its id. */
async function mail(...fields: readonly string[]): Promise<string> {
  const bytes = [...HEADER, ...fields, '', 'Hej.', ''].join('\r\n');
  await server.imap.addMessage('alice@example.com', 'INBOX', { bytes });
  const { ids } = await server.alice.call('Email/query', {});
  return ids.toSorted((a: string, b: string) => Number(b.slice(1)) - Number(a.slice(1)))[0];
}

async function send(mdn: JsonObject, more: JsonObject = {}): Promise<readonly Answer[]> {
  const onSuccessUpdateEmail = { '#k': { 'keywords/$mdnsent': true } };
  const call = { identityId, send: { k: { ...MDN, ...mdn } }, onSuccessUpdateEmail, ...more };
  return (await server.alice.calls([['MDN/send', call]])).map(([name, args]) => ({ name, ...args }));
}

async function refused(mdn: JsonObject): Promise<string> {
  const [answer] = await send(mdn);
  return answer.notSent?.k.type;
}

/** What Bob has got, parsed. */
async function parsed(wanted: number): Promise<Answer[]> {
  for (let tries = 0; ; tries++) {
    const { ids } = await bob.call('Email/query', { sort: [{ property: 'receivedAt' }] });
    const { list } = await bob.call('Email/get', { ids, properties: ['blobId'] });
    if (list.length >= wanted) {
      const blobIds = list.map(({ blobId }: Answer) => blobId);
      return Object.values((await bob.call('MDN/parse', { blobIds })).parsed);
    }
    assert.ok(tries < 400, 'it never comes');
    await pause(25);
  }
}

describe('MDN/send and MDN/parse (RFC 9007)', () => {
  test('who has asked is told, once, and can read it', async () => {
    const forEmailId = await mail(ASKS);
    const [answer, set] = await send({
      ...{ forEmailId, subject: 'Läst', textBody: 'Läst med glädje.\n', reportingUA: 'Webmail' },
      ...{ includeOriginalMessage: true, extensionFields: { 'X-Mood': 'good' } },
    });
    assert.equal(answer.notSent, null, JSON.stringify(answer.notSent));
    assert.equal(answer.sent.k.finalRecipient, 'rfc822; alice@example.com');
    assert.equal(answer.sent.k.originalMessageId, '<one@example.com>');
    assert.deepEqual([set.name, set.updated], ['Email/set', { [forEmailId]: null }]);
    const [mdn] = await parsed(1);
    assert.deepEqual(mdn, {
      ...{ forEmailId: null, subject: 'Läst', textBody: 'Läst med glädje.\n', includeOriginalMessage: true },
      ...{ ...MDN, reportingUA: 'Webmail', mdnGateway: null, error: null },
      originalRecipient: 'rfc822;al@example.com',
      finalRecipient: 'rfc822; alice@example.com',
      originalMessageId: '<one@example.com>',
      extensionFields: { 'x-mood': 'good' },
    });
    assert.equal(await refused({ forEmailId }), 'mdnAlreadySent');
  });

  test('of two at once one is sent', async () => {
    const forEmailId = await mail(ASKS);
    const answers = await Promise.all([send({ forEmailId }), send({ forEmailId })]);
    const types = answers.map(([answer]) => answer.notSent?.k.type ?? 'sent').sort();
    assert.deepEqual(types, ['mdnAlreadySent', 'sent']);
    assert.equal((await parsed(2)).length, 2);
  });

  test('what cannot be sent is refused', async () => {
    assert.equal(await refused({ forEmailId: await mail() }), 'notFound');
    assert.equal(await refused({ forEmailId: 'e999' }), 'notFound');
    const forEmailId = await mail(ASKS);
    assert.equal(await refused({ forEmailId, finalRecipient: 'rfc822; bob@example.com' }), 'forbiddenFrom');
    assert.equal(await refused({ forEmailId, reportingUA: 'a\r\nBcc: x@example.org' }), 'invalidProperties');
    assert.equal(await refused({ forEmailId, extensionFields: { Disposition: 'x' } }), 'invalidProperties');
    assert.equal(await refused({ forEmailId, error: ['x'] }), 'invalidProperties');
    for (const wrong of [{ onSuccessUpdateEmail: null }, { identityId: 'i999' }])
      assert.equal((await send({ forEmailId }, wrong))[0].type, 'invalidArguments');
    const { list } = await server.alice.call('Email/get', { ids: [forEmailId], properties: ['keywords'] });
    assert.deepEqual(list[0].keywords, {});
  });

  test('what is no notification is not parsed', async () => {
    const { list } = await server.alice.call('Email/get', { ids: [await mail()], properties: ['blobId'] });
    const { blobId } = list[0];
    const answer = await server.alice.call('MDN/parse', { blobIds: [blobId, 'b999'] });
    assert.deepEqual([answer.parsed, answer.notParsable, answer.notFound], [null, [blobId], ['b999']]);
  });
});
