/** Push subscriptions (RFC 8620 §7.2, RFC 8292) with a push service on a real socket, which reads what is meant for its program. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { jwtVerify } from 'jose';
import { type Answer, JmapClient, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { PushService } from '../../../test/kit/push-service.ts';
import type { JsonObject } from '../core/json.ts';
import { Vapid } from './vapid.ts';

describe('push subscriptions', () => {
  let server: TestJmap;
  let service: PushService;
  let publicKey: string;

  before(async () => {
    service = await PushService.start();
    const push = { outward: service.outward, pauseMs: 50, retryMs: 20 };
    server = await startTestJmap({
      jmap: { push: { ...push, vapid: Vapid.open(keyPath(), 'https://mail.example.com/') } },
    });
    publicKey = (await server.alice.session()).capabilities['urn:ietf:params:jmap:webpush-vapid']
      .applicationServerKey;
  });
  after(async () => {
    await server.close();
    await service.close();
    rmSync(folder, { recursive: true });
  });

  const folder = mkdtempSync(join(tmpdir(), 'web-push-'));
  const keyPath = (): string => join(folder, 'web-push.key');
  const wanted = (path: string, more: JsonObject = {}): JsonObject => ({
    deviceClientId: 'phone',
    url: service.origin + path,
    keys: service.keys,
    ...more,
  });
  const set = (client: JmapClient, args: JsonObject): Promise<Answer> =>
    client.call('PushSubscription/set', args);
  const deliver = (address = 'alice@example.com') =>
    server.imap.addMessage(address, 'INBOX', { bytes: 'Subject: x\r\n\r\nx\r\n' });

  /** Made and verified; gives its id. */
  async function subscribed(client: JmapClient, path: string, more: JsonObject = {}): Promise<string> {
    const { created, notCreated } = await set(client, { create: { p: wanted(path, more) } });
    assert.equal(notCreated, null);
    const { message } = await service.next(path);
    assert.equal(message['@type'], 'PushVerification');
    assert.equal(message.pushSubscriptionId, created.p.id);
    const { id } = created.p;
    const { updated } = await set(client, {
      update: { [id]: { verificationCode: message.verificationCode } },
    });
    assert.deepEqual(updated, { [id]: null });
    return id;
  }
  const destroy = (client: JmapClient, id: string) => set(client, { destroy: [id] });

  test('the code comes encrypted and signed; after it the changes that are wanted', async () => {
    const id = await subscribed(server.alice, '/a', { types: ['EmailDelivery', 'Mailbox'] });
    await deliver();
    const { message, headers } = await service.next('/a');
    assert.equal(message['@type'], 'StateChange');
    const changed = message.changed[server.alice.accountId];
    assert.deepEqual(Object.keys(changed).sort(), ['EmailDelivery', 'Mailbox']);
    const { state } = await server.alice.call('Mailbox/get', { ids: [] });
    assert.equal(changed.Mailbox, state);
    assert.equal(headers['content-encoding'], 'aes128gcm');
    assert.equal(headers.ttl, '86400');
    const [, token = '', key] = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization ?? '') ?? [];
    assert.equal(key, publicKey);
    const point = Buffer.from(publicKey, 'base64url');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
    const jwk = { kty: 'EC', crv: 'P-256', x: x as string, y: y as string };
    const { payload } = await jwtVerify(token, jwk, { audience: service.origin });
    assert.equal(payload.sub, 'https://mail.example.com/');
    await destroy(server.alice, id);
  });

  test('nothing is pushed before the code was said, and a wrong one is refused', async () => {
    const { created } = await set(server.alice, { create: { p: wanted('/unproved') } });
    const { id } = created.p;
    const code = (await service.next('/unproved')).message.verificationCode;
    const { notUpdated } = await set(server.alice, { update: { [id]: { verificationCode: `${code}x` } } });
    assert.equal(notUpdated[id].type, 'invalidProperties');
    const id2 = await subscribed(server.alice, '/proved', { types: ['Mailbox'] });
    await deliver();
    await service.next('/proved');
    assert.equal(service.received.filter(({ path }) => path === '/unproved').length, 1);
    for (const one of [id, id2]) await destroy(server.alice, one);
  });

  test('what is said of them, and to whom', async () => {
    const id = await subscribed(server.alice, '/said', { types: ['Email'] });
    const { list, ...rest } = await server.alice.call('PushSubscription/get', {});
    assert.deepEqual(rest, { notFound: [] });
    assert.equal(list.length, 1);
    const [{ expires, verificationCode, ...one }] = list;
    assert.deepEqual(one, { id, deviceClientId: 'phone', types: ['Email'] });
    assert.ok(verificationCode.length > 20);
    const leftDays = (Date.parse(expires) - Date.now()) / 86_400_000;
    assert.ok(leftDays > 6.9 && leftDays <= 7);
    const error = await server.alice.error('PushSubscription/get', { properties: ['url'] });
    assert.equal(error.type, 'forbidden');
    const bob = await server.addAccount('bob@example.com', 'secret');
    assert.deepEqual(await bob.call('PushSubscription/get', { ids: [id] }), { list: [], notFound: [id] });
    assert.equal((await set(bob, { destroy: [id] })).notDestroyed[id].type, 'notFound');
    const { updated } = await set(server.alice, { update: { [id]: { expires: '2999-01-01T00:00:00Z' } } });
    assert.ok(Date.parse(updated[id].expires) < Date.now() + 8 * 86_400_000);
    await set(server.alice, { update: { [id]: { expires: '2020-01-01T00:00:00Z' } } });
    assert.deepEqual((await server.alice.call('PushSubscription/get', {})).list, []);
  });

  test('refused: what no push service is, no keys, a code beforehand, an address changed', async () => {
    const bad: Record<string, JsonObject> = {
      url: wanted('/x', { url: 'http://push.example.com/x' }),
      keys: wanted('/x', { keys: { p256dh: 'AAAA', auth: 'AAAA' } }),
      verificationCode: wanted('/x', { verificationCode: 'abc' }),
      types: wanted('/x', { types: ['a b'] }),
      deviceClientId: wanted('/x', { deviceClientId: '' }),
    };
    const { notCreated } = await set(server.alice, { create: bad });
    for (const name of Object.keys(bad)) assert.deepEqual(notCreated[name].properties, [name]);
    const id = await subscribed(server.alice, '/fixed');
    const { notUpdated } = await set(server.alice, { update: { [id]: { url: `${service.origin}/b` } } });
    assert.deepEqual(notUpdated[id].properties, ['url']);
    await destroy(server.alice, id);
  });

  test('tried again after a failure, with all that changed meanwhile', async () => {
    const id = await subscribed(server.alice, '/down', { types: ['Email'] });
    service.statuses.set('/down', [503, 429]);
    await deliver();
    for (let tries = 0; tries < 2; tries++) await service.next('/down');
    const { message } = await service.next('/down');
    assert.deepEqual(Object.keys(message.changed[server.alice.accountId]), ['Email']);
    await destroy(server.alice, id);
  });

  test('410 ends one; an address that leads inside is never asked', async () => {
    const id = await subscribed(server.alice, '/gone');
    service.statuses.set('/gone', [410]);
    await deliver();
    await service.next('/gone');
    const { created } = await set(server.alice, {
      create: { p: wanted('/', { url: 'https://10.0.0.1/x' }) },
    });
    await untilGone([id, created.p.id]);
  });

  test('an account that was dropped from memory has them again', async () => {
    const id = await subscribed(server.alice, '/anew');
    const { id: account } = await server.account();
    server.kit.domain.accounts.evict(account, 'tidying');
    await deliver();
    assert.equal((await service.next('/anew')).message['@type'], 'StateChange');
    await destroy(server.alice, id);
  });

  test('they end with the app password', async () => {
    const carol = await server.addAccount('carol@example.com', 'secret');
    const record = await server.kit.domain.accounts.find('carol@example.com');
    assert.ok(record);
    const { admin } = server.kit;
    const made = await admin.addAppPassword(record.id, { name: 'phone', services: ['jmap'] });
    const phone = new JmapClient(server.base, 'carol@example.com', made.password.reveal(), carol.accountId);
    await subscribed(phone, '/phone', { types: ['Mailbox'] });
    const stays = await subscribed(carol, '/stays', { types: ['Mailbox'] });
    assert.equal((await carol.call('PushSubscription/get', {})).list.length, 1);
    await admin.revokeAppPassword(record.id, made.number);
    await deliver('carol@example.com');
    await service.next('/stays');
    assert.equal(service.received.filter(({ path }) => path === '/phone').length, 1);
    await destroy(carol, stays);
  });

  test('an account has 15 of them at most, also when all are made at once', async () => {
    const dave = await server.addAccount('dave@example.com', 'secret');
    const many = Array.from({ length: 2 }, (_, n) =>
      set(dave, {
        create: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`p${i}`, wanted(`/m${n}-${i}`)])),
      }),
    );
    const answers = await Promise.all(many);
    const made = answers.flatMap(({ created }) => Object.values(created ?? {}));
    const refused = answers.flatMap(({ notCreated }) => Object.values(notCreated ?? {}) as Answer[]);
    assert.equal(made.length, 15);
    assert.deepEqual(
      refused.map(({ type }) => type),
      Array.from({ length: 5 }, () => 'overQuota'),
    );
    // Making and destroying them does not go on for ever.
    await set(dave, { destroy: made.map((one) => (one as Answer).id) });
    await set(dave, {
      create: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`q${i}`, wanted('/q')])),
    });
    const { notCreated } = await set(dave, { create: { r: wanted('/q') } });
    assert.equal(notCreated.r.type, 'rateLimit');
  });

  test('the key is kept, for this user alone', () => {
    assert.equal(Vapid.open(keyPath(), 'https://mail.example.com/').publicKey, publicKey);
    assert.equal(statSync(keyPath()).mode & 0o777, 0o600);
  });

  async function untilGone(ids: readonly string[]): Promise<void> {
    for (;;) {
      const { notFound } = await server.alice.call('PushSubscription/get', { ids });
      if (notFound.length === ids.length) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
