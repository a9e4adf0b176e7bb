/** Signing in to the webmail as its page does it, at a real server; what other sites, thieves and impatient people try. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer, type TestServer } from '../kit/server.ts';

const ANN = 'ann@example.org';
const PASSWORD = 'correct horse battery';
const SAME = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

describe('sign-in', () => {
  let server: TestServer;
  let origin: string;
  before(async () => {
    server = await startServer({ config: { 'auth.fail_delay': '10ms' } });
    origin = `http://127.0.0.1:${server.port('http')}`;
    const added = await server.cli(['account', 'add', ANN, '--password-stdin'], PASSWORD);
    assert.equal(added.code, 0, added.stderr);
  });
  after(() => server.stop());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(origin + path, { method: 'POST', headers: { ...SAME, ...headers }, body: JSON.stringify(body) });
  const get = (path: string, cookie?: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(origin + path, { headers: { ...SAME, ...(cookie && { cookie }), ...headers } });
  const signIn = async (rest: object = {}): Promise<{ response: Response; cookie: string }> => {
    const response = await post('/web/sign-in', {
      address: ANN,
      password: PASSWORD,
      isOwnDevice: true,
      ...rest,
    });
    const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';');
    return { response, cookie };
  };

  test('the right password gives a cookie that no script reads, and that no other site can use', async () => {
    const { response, cookie } = await signIn();
    assert.equal(response.status, 200);
    assert.match(
      response.headers.get('set-cookie') ?? '',
      /; Path=\/; HttpOnly; SameSite=Strict; Max-Age=259\d{4}$/,
    );
    const facts = await (await get('/web/session', cookie)).json();
    const { hostname, ...rest } = facts;
    assert.deepEqual(rest, { address: ANN, isOwnDevice: true, preferences: {} });
    assert.equal(typeof hostname, 'string');
    const elsewhere: readonly Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of elsewhere) {
      assert.equal((await get('/web/session', cookie, headers)).status, 403);
      const asked = await post('/web/sign-out', {}, { cookie, ...headers });
      assert.equal(asked.status, 403, JSON.stringify(headers));
      const api = await post('/jmap/api', { using: [], methodCalls: [] }, { cookie, ...headers });
      assert.equal(api.status, 401);
    }
    const form = await post('/web/sign-out', {}, { cookie, 'content-type': 'text/plain' });
    assert.equal(form.status, 403);
    assert.equal((await get('/web/session', cookie)).status, 200);
  });

  test('on a device that is not the own one the cookie ends with the browser', async () => {
    const { response } = await signIn({ isOwnDevice: false });
    assert.doesNotMatch(response.headers.get('set-cookie') ?? '', /Max-Age|Expires/);
  });

  test('it is asked by JMAP too, and signing out ends it everywhere', async () => {
    const { cookie } = await signIn();
    const call = () =>
      post(
        '/jmap/api',
        { using: ['urn:ietf:params:jmap:core'], methodCalls: [['Core/echo', { a: 1 }, '0']] },
        { cookie },
      );
    assert.deepEqual(((await (await call()).json()) as { methodResponses: unknown }).methodResponses, [
      ['Core/echo', { a: 1 }, '0'],
    ]);
    const out = await post('/web/sign-out', {}, { cookie });
    assert.equal(out.status, 204);
    assert.match(out.headers.get('clear-site-data') ?? '', /"storage"/);
    assert.match(out.headers.get('set-cookie') ?? '', /Max-Age=0/);
    assert.equal((await call()).status, 401);
    assert.equal((await get('/web/session', cookie)).status, 204);
  });

  test('what is wrong is told apart only as far as it helps', async () => {
    assert.equal((await signIn({ password: 'wrong' })).response.status, 401);
    assert.equal((await signIn({ address: 'nobody@example.org' })).response.status, 401);
    for (const body of [null, [], 'x', { address: ANN }, { address: ANN, password: 1, isOwnDevice: true }])
      assert.equal((await post('/web/sign-in', body)).status, 400, JSON.stringify(body));
    assert.equal((await post('/web/sign-in', { x: 'y'.repeat(20_000) })).status, 413);
    assert.equal((await get('/web/session')).status, 204);
  });

  test('an app password is for mail programs', async () => {
    const { cookie } = await signIn();
    const made = (await (await post('/web/app-passwords', { name: 'Phone' }, { cookie })).json()) as {
      readonly id: number;
      readonly password: string;
    };
    assert.equal((await signIn({ password: made.password })).response.status, 403);
    const { appPasswords } = (await (await get('/web/devices', cookie)).json()) as {
      appPasswords: { id: number; name: string }[];
    };
    assert.deepEqual(
      appPasswords.map(({ id, name }) => [id, name]),
      [[made.id, 'Phone']],
    );
    assert.equal((await post('/web/app-passwords', { name: 'Phone' }, { cookie })).status, 409);
    assert.equal((await post('/web/app-passwords/revoke', { id: made.id }, { cookie })).status, 204);
    assert.equal((await post('/web/app-passwords/revoke', { id: made.id }, { cookie })).status, 404);
    assert.equal((await post('/web/app-passwords', { name: 'Other' })).status, 401);
  });

  test('a profile for a phone has an app password in it that nobody has seen', async () => {
    const { cookie } = await signIn();
    const asked = await post('/web/app-passwords/profile', { name: 'iPhone' }, { cookie });
    assert.equal(asked.status, 200);
    const { id, profile } = (await asked.json()) as { readonly id: number; readonly profile: string };
    const text = Buffer.from(profile, 'base64').toString('latin1');
    assert.match(text, /<key>IncomingPassword<\/key>\s*<string>(?:[a-z2-7]{4}-){4}[a-z2-7]{4}</);
    const { appPasswords } = (await (await get('/web/devices', cookie)).json()) as {
      appPasswords: { id: number; name: string; services: string[] }[];
    };
    const made = appPasswords.find((one) => one.id === id);
    assert.deepEqual([made?.name, made?.services], ['iPhone', ['imap', 'submission']]);
    assert.equal((await post('/web/app-passwords/profile', { name: 'iPhone' }, { cookie })).status, 409);
    assert.equal((await post('/web/app-passwords/profile', { name: 'Other' })).status, 401);
    assert.equal((await post('/web/app-passwords/revoke', { id }, { cookie })).status, 204);
  });

  test('a code for a phone has one too, and what cannot be made leaves none behind', async () => {
    const { cookie } = await signIn();
    const wanted = { name: 'Android', person: 'Ann Andersson' };
    const asked = await post('/web/app-passwords/code', wanted, { cookie });
    assert.equal(asked.status, 200);
    const { id, qr } = (await asked.json()) as {
      readonly id: number;
      readonly qr: { size: number; path: string };
    };
    assert.ok(qr.size > 40 && /^(?:M\d+ \d+h\d+v1H\d+z)+$/.test(qr.path));
    const list = async () =>
      (
        (await (await get('/web/devices', cookie)).json()) as {
          appPasswords: { id: number; services: string[] }[];
        }
      ).appPasswords;
    const before = await list();
    assert.deepEqual(before.find((one) => one.id === id)?.services, ['imap', 'submission']);
    assert.equal((await post('/web/app-passwords/code', wanted, { cookie })).status, 409);
    assert.equal((await post('/web/app-passwords/code', { name: 'Other', person: '' })).status, 401);
    assert.equal((await post('/web/app-passwords/code', { name: 'Other' }, { cookie })).status, 400);
    assert.equal((await list()).length, before.length);
    assert.equal((await post('/web/app-passwords/revoke', { id }, { cookie })).status, 204);
  });

  test('devices are seen by name, and one is ended from another', async () => {
    const here = await signIn();
    const there = await signIn();
    const list = async () =>
      (
        (await (await get('/web/devices', here.cookie)).json()) as {
          devices: { id: number; isThis: boolean }[];
        }
      ).devices;
    const before = await list();
    assert.equal(before.filter(({ isThis }) => isThis).length, 1);
    const last = before.at(-1);
    assert.ok(last && !last.isThis);
    assert.equal((await post('/web/devices/end', { id: last.id }, { cookie: here.cookie })).status, 204);
    assert.equal((await get('/web/session', there.cookie)).status, 204);
    assert.equal((await list()).length, before.length - 1);
  });

  test('what was chosen is kept, whole or not at all', async () => {
    const { cookie } = await signIn();
    assert.equal((await post('/web/preferences', { language: 'sv', keys: false }, { cookie })).status, 204);
    for (const bad of [{ language: { a: 1 } }, { 'a b': 1 }, { a: 'x'.repeat(3000) }])
      assert.equal((await post('/web/preferences', bad, { cookie })).status, 400);
    const facts = (await (await get('/web/session', cookie)).json()) as { preferences: object };
    assert.deepEqual(facts.preferences, { language: 'sv', keys: false });
  });

  test('a new password ends every session but gives this browser a new one', async () => {
    const here = await signIn();
    const there = await signIn();
    const change = (old: string, fresh: string) =>
      post('/web/password', { old, new: fresh }, { cookie: here.cookie });
    assert.equal((await change('wrong', 'a new password')).status, 401);
    assert.equal((await change(PASSWORD, 'short')).status, 422);
    const changed = await change(PASSWORD, 'a new password');
    assert.equal(changed.status, 204);
    const [cookie = ''] = (changed.headers.get('set-cookie') ?? '').split(';');
    assert.equal((await get('/web/session', there.cookie)).status, 204);
    assert.equal((await get('/web/session', here.cookie)).status, 204);
    assert.equal((await get('/web/session', cookie)).status, 200);
    assert.equal((await signIn()).response.status, 401);
    const back = await post('/web/password', { old: 'a new password', new: PASSWORD }, { cookie });
    assert.equal(back.status, 204);
  });

  test('a session survives a restart of the server', async () => {
    const { cookie } = await signIn();
    const again = await startServer({ data: server.data, config: { 'auth.fail_delay': '10ms' } }).catch(
      () => undefined,
    );
    assert.equal(again, undefined, 'two servers do not share a folder');
    assert.equal((await get('/web/session', cookie)).status, 200);
  });
});

test('several workers know the same sessions', async () => {
  const server = await startServer({ workers: 2 });
  try {
    await server.cli(['account', 'add', ANN, '--password-stdin'], PASSWORD);
    const origin = `http://127.0.0.1:${server.port('http')}`;
    const ask = (path: string, body: unknown, cookie = ''): Promise<Response> =>
      fetch(origin + path, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: { ...SAME, cookie, connection: 'close' },
      });
    const response = await ask('/web/sign-in', { address: ANN, password: PASSWORD, isOwnDevice: true });
    const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';');
    const statuses = async () =>
      Promise.all(
        Array.from({ length: 12 }, async () => (await ask('/web/session', undefined, cookie)).status),
      );
    assert.deepEqual(new Set(await statuses()), new Set([200]));
    assert.equal((await ask('/web/sign-out', {}, cookie)).status, 204);
    assert.deepEqual(new Set(await statuses()), new Set([204]));
  } finally {
    await server.stop();
  }
});
