/** The second step of signing in at a real server: set up, taken, spent, lost, given back; and what mail programs are told. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { startServer, type TestServer } from '../kit/server.ts';
import { Asker } from './kit/asking.ts';
import { AuthenticatorApp } from './kit/device.ts';

const ANN = 'ann@example.org';
const PASSWORD = 'correct horse battery';

describe('the second step', () => {
  let server: TestServer;
  let asker: Asker;
  const config = { 'auth.fail_delay': '10ms' };
  before(async () => {
    server = await startServer({ config });
    asker = new Asker(`http://127.0.0.1:${server.port('http')}`);
    assert.equal((await server.cli(['account', 'add', ANN, '--password-stdin'], PASSWORD)).code, 0);
  });
  after(() => server.stop());

  const signIn = (code?: string) =>
    asker.post('/web/sign-in', {
      ...{ address: ANN, password: PASSWORD, isOwnDevice: false },
      ...(code !== undefined && { code }),
    });
  const imap = async (pass: string): Promise<string> => {
    const client = new ImapFlow({
      ...{ host: '127.0.0.1', port: server.port('imap'), secure: false, logger: false },
      ...{ auth: { user: ANN, pass, loginMethod: 'AUTH=PLAIN' }, tls: { rejectUnauthorized: false } },
    });
    try {
      await client.connect();
      await client.logout();
      return 'in';
    } catch (error) {
      return String((error as { responseText?: string }).responseText);
    }
  };
  const setUp = async (cookie: string) => {
    const begun = await asker.post('/web/security/totp/begin', { password: PASSWORD }, cookie);
    assert.equal(begun.status, 200);
    const device = new AuthenticatorApp(String(begun.value.key));
    const body = { password: PASSWORD, key: begun.value.key, code: device.next() };
    const done = await asker.post('/web/security/totp', body, cookie);
    assert.equal(done.status, 200, JSON.stringify(done.value));
    return { device, codes: done.value.codes as string[], cookie: done.cookie };
  };

  test('from beginning to end', { timeout: 120_000 }, async () => {
    const first = await signIn();
    const other = await signIn();
    assert.equal(first.status, 200);
    const none = { codesLeft: 0, passkeys: [], canHavePasskeys: false };
    assert.deepEqual((await asker.get('/web/security', first.cookie)).value, none);
    for (const [path, body, status] of [
      ['totp/begin', { password: 'wrong' }, 401],
      ['totp', { password: PASSWORD, key: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', code: '000000' }, 422],
      ['totp', { password: PASSWORD, key: 'short', code: '000000' }, 400],
      ['totp/remove', { password: PASSWORD }, 404],
      ['codes', { password: PASSWORD }, 422],
    ] as const)
      assert.equal((await asker.post(`/web/security/${path}`, body, first.cookie)).status, status, path);
    assert.equal((await asker.post('/web/security/totp/begin', { password: PASSWORD })).status, 401);
    assert.equal(await imap(PASSWORD), 'in');

    const { device, codes, cookie } = await setUp(first.cookie);
    assert.equal(codes.length, 10);
    assert.equal((await asker.get('/web/session', other.cookie)).status, 204, 'all others are signed out');
    assert.equal((await asker.get('/web/session', cookie)).status, 200);

    const half = await signIn();
    assert.equal(half.status, 202);
    assert.deepEqual(half.value, { secondStep: { hasCodes: true, hasRecoveryCodes: true } });
    assert.equal(half.cookie, '');
    const code = device.next();
    const both = await Promise.all([signIn(code), signIn(code)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 401], 'a code is good once');
    assert.equal((await signIn('000000')).value.error, 'bad-code');
    const written = await Promise.all([signIn(codes[0]), signIn(codes[0])]);
    assert.deepEqual(written.map(({ status }) => status).sort(), [200, 401]);

    assert.match(await imap(PASSWORD), /second step.*app password/);
    const made = await asker.post('/web/app-passwords', { name: 'Phone' }, cookie);
    assert.equal(await imap(String(made.value.password)), 'in');
    const api = await fetch(`http://127.0.0.1:${server.port('http')}/.well-known/jmap`, {
      headers: { authorization: `Basic ${Buffer.from(`${ANN}:${PASSWORD}`).toString('base64')}` },
    });
    assert.notEqual(api.status, 200);
    await api.text();
    assert.match((await server.cli(['account', 'second-step', ANN])).stdout, /a second step/);

    const link = new URL((await server.cli(['account', 'link', ANN])).stdout.trim()).hash.slice(1);
    assert.equal((await asker.post('/web/sign-in-link', { token: link })).status, 202);
    assert.equal((await asker.post('/web/sign-in-link', { token: link, code: '000000' })).status, 401);
    assert.equal((await asker.post('/web/sign-in-link', { token: link, code: codes[1] })).status, 200);

    const renewed = await asker.post('/web/security/codes', { password: PASSWORD }, cookie);
    assert.equal((renewed.value.codes as string[]).length, 10);
    assert.equal((await signIn(codes[2])).status, 401, 'those of before are good for nothing');
    const gone = await asker.post('/web/security/totp/remove', { password: PASSWORD }, renewed.cookie);
    assert.deepEqual(gone.value, none);
    assert.equal((await signIn()).status, 200);
    assert.equal(await imap(PASSWORD), 'in');

    await setUp(gone.cookie);
    assert.match((await server.cli(['account', 'second-step', ANN, '--reset'])).stdout, /is gone/);
    assert.equal((await signIn()).status, 200);
  });

  test('a session of a mail program with the password ends when there is a second step', async () => {
    const client = new ImapFlow({
      ...{ host: '127.0.0.1', port: server.port('imap'), secure: false, logger: false },
      ...{ auth: { user: ANN, pass: PASSWORD }, tls: { rejectUnauthorized: false } },
    });
    client.on('error', () => {});
    await client.connect();
    const closed = new Promise((resolve) => client.once('close', resolve));
    const { cookie } = await setUp((await signIn()).cookie);
    await closed;
    await asker.post('/web/security/totp/remove', { password: PASSWORD }, cookie);
  });

  test('what is used up is so after the server was killed', { timeout: 120_000 }, async () => {
    const { device, codes } = await setUp((await signIn()).cookie);
    const code = device.next();
    const answers = [signIn(code), signIn(codes[0])];
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 200],
    );
    const { data } = server;
    await server.kill9();
    server = await startServer({ data, config });
    asker = new Asker(`http://127.0.0.1:${server.port('http')}`);
    assert.equal((await signIn(code)).status, 401);
    assert.equal((await signIn(codes[0])).status, 401);
    assert.equal((await signIn(codes[1])).status, 200);
  });
});

test('several workers take a code once between them', { timeout: 120_000 }, async () => {
  const server = await startServer({ workers: 2, config: { 'auth.fail_delay': '10ms' } });
  try {
    await server.cli(['account', 'add', ANN, '--password-stdin'], PASSWORD);
    const asker = new Asker(`http://127.0.0.1:${server.port('http')}`);
    const body = { address: ANN, password: PASSWORD, isOwnDevice: false };
    const { cookie } = await asker.post('/web/sign-in', body);
    const begun = await asker.post('/web/security/totp/begin', { password: PASSWORD }, cookie);
    const device = new AuthenticatorApp(String(begun.value.key));
    const made = { password: PASSWORD, key: begun.value.key, code: device.next() };
    assert.equal((await asker.post('/web/security/totp', made, cookie)).status, 200);
    const code = device.next();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => asker.post('/web/sign-in', { ...body, code })),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  } finally {
    await server.stop();
  }
});
