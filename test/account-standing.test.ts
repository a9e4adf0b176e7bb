/** What an account is to the server: closed and opened, an administrator or not, let in by a link; and who is sent away. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const ANN = 'ann@example.com';
const PASSWORD = 'correct-horse-battery';
const SAME = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

describe('the standing of an account', () => {
  let server: TestServer;
  let origin: string;
  before(async () => {
    server = await startServer({ config: { 'auth.plaintext': 'always' } });
    origin = `http://127.0.0.1:${server.port('http')}`;
    await run('account', 'add', ANN, '--password-stdin');
  });
  after(() => server.stop());

  async function run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await server.cli(args, PASSWORD);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  const post = (path: string, body: unknown, cookie = ''): Promise<Response> =>
    fetch(origin + path, {
      method: 'POST',
      headers: { ...SAME, ...(cookie && { cookie }) },
      body: JSON.stringify(body),
    });
  const cookieOf = ({ headers }: Response): string => (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const signIn = (password = PASSWORD): Promise<Response> =>
    post('/web/sign-in', { address: ANN, password, isOwnDevice: false });
  const session = (cookie: string): Promise<Response> =>
    fetch(`${origin}/web/session`, { headers: { ...SAME, cookie } });

  test('closed: nobody comes in, who is in is sent away, mail still comes; opened, all is as before', async () => {
    const cookie = cookieOf(await signIn());
    const inside = await ImapClient.signIn(server.port('imap'), ANN, PASSWORD);
    await inside.ok('SELECT INBOX');
    await run('account', 'set', ANN, 'account.access', 'closed');
    assert.equal((await inside.next()).text, 'BYE the account was closed');
    await inside.ended();
    const outside = await ImapClient.connect(server.port('imap'));
    await outside.greeting();
    const { status, text } = await outside.command(`LOGIN ${ANN} "${PASSWORD}"`);
    assert.match(`${status} ${text}`, /^NO \[AUTHORIZATIONFAILED\].*closed/i);
    assert.doesNotMatch(
      (await outside.command(`LOGIN ${ANN} wrong`)).text,
      /closed/i,
      'a stranger learns nothing',
    );
    outside.close();
    assert.equal((await session(cookie)).status, 204);
    const refused = await signIn();
    assert.deepEqual([refused.status, await refused.json()], [403, { error: 'closed' }]);
    assert.equal((await server.cli(['account', 'link', ANN])).code, 1);
    assert.match(await run('account', 'list'), /ann@example\.com .* closed$/m);
    assert.match(await run('activity', ANN), /sign-in refused: the account is closed/);
    await run('account', 'set', ANN, 'account.access', 'default');
    assert.equal((await session(cookie)).status, 200);
    await (await ImapClient.signIn(server.port('imap'), ANN, PASSWORD)).ok('SELECT INBOX');
  });

  test('the role is given, listed, said to its person, and taken away', async () => {
    const cookie = cookieOf(await signIn());
    const isAdmin = async (): Promise<unknown> =>
      ((await (await session(cookie)).json()) as { isAdmin?: true }).isAdmin;
    assert.equal(await isAdmin(), undefined);
    await run('account', 'set', ANN, '--admin');
    assert.equal(await isAdmin(), true);
    assert.match(await run('account', 'list'), /ann@example\.com .* admin$/m);
    await run('account', 'set', ANN, '--no-admin');
    assert.equal(await isAdmin(), undefined);
    await run('account', 'add', 'boss@example.com', '--password-stdin', '--admin');
    assert.match(await run('account', 'list'), /boss@example\.com .* admin$/m);
    const { code, stderr } = await server.cli(['account', 'set', ANN, 'account.role', 'king']);
    assert.equal(code, 2, stderr);
  });

  test('a link signs in once; whoever came by it chooses a password, and nobody else does without the old one', async () => {
    const before = cookieOf(await signIn());
    const without = await post('/web/password', { new: 'another secret' }, before);
    assert.equal(without.status, 401);
    const token = (await run('account', 'link', ANN)).trim().split('#')[1];
    const come = (): Promise<Response> => post('/web/sign-in-link', { token });
    const came = await come();
    assert.equal(came.status, 200);
    assert.equal((await come()).status, 401);
    const cookie = cookieOf(came);
    assert.equal(
      ((await (await session(cookie)).json()) as { mayChoosePassword: boolean }).mayChoosePassword,
      true,
    );
    const chosen = await post('/web/password', { new: 'another secret' }, cookie);
    assert.equal(chosen.status, 204);
    assert.equal((await session(before)).status, 204, 'a new password ends the others');
    const next = cookieOf(chosen);
    assert.equal((await post('/web/password', { new: 'a third secret' }, next)).status, 401, 'once');
    assert.equal((await signIn('another secret')).status, 200);
  });
});
