/** Signing in with an issuer's access tokens (RFC 7628): a real issuer on loopback, real sockets. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { TokenIssuer, type TokenIssuerOptions } from '../src/identity/token-issuer.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { type Claims, TestIssuer } from './kit/issuer.ts';
import { startTestPop3 } from './kit/pop3.ts';
import { startServer } from './kit/server.ts';
import { Pop3Client } from './pop3-client.ts';

const ANN = 'ann@example.com';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('access tokens', () => {
  let issuer: TestIssuer;
  let server: TestImap;
  before(async () => {
    issuer = await TestIssuer.open();
    server = await startTestImap({ issuer: taken() });
    await server.kit.addAccount(ANN, 'secret');
    await server.kit.addAccount('bob@example.com', 'secret');
  });
  after(async () => {
    await server.close();
    await issuer.close();
  });
  beforeEach(() => {
    issuer.answersWith = undefined;
  });

  function taken(options: Partial<TokenIssuerOptions> = {}): TokenIssuer {
    const { url } = issuer;
    const usual = { issuer: url, keys: undefined, audiences: ['other', 'mail-programs'], scope: 'mail' };
    return new TokenIssuer({ ...usual, claim: 'email', ...options });
  }

  /** The last reply; the challenge before a NO is answered, and must be what the RFC wants. */
  async function signIn(token: string, username = '', mechanism = 'OAUTHBEARER'): Promise<string> {
    const client = await ImapClient.connect(server.port);
    await client.greeting();
    const words =
      mechanism === 'XOAUTH2'
        ? `user=${username}\x01auth=Bearer ${token}\x01\x01`
        : `n,${username === '' ? '' : `a=${username}`},\x01host=localhost\x01auth=Bearer ${token}\x01\x01`;
    client.send(`x AUTHENTICATE ${mechanism} ${base64(words)}\r\n`);
    let reply = await client.next();
    if (reply.kind === 'continuation') {
      const told = JSON.parse(Buffer.from(reply.text, 'base64').toString());
      assert.equal(told.scope, 'mail');
      client.send(`${base64('\x01')}\r\n`);
      reply = await client.next();
      assert.match(reply.text, /^NO /);
    }
    client.close();
    return reply.text;
  }

  test('a good one lets its owner in, named or not', async () => {
    const token = await issuer.token({ email: ANN });
    for (const mechanism of ['OAUTHBEARER', 'XOAUTH2'])
      for (const username of ['', ANN, 'Ann']) assert.match(await signIn(token, username, mechanism), /^OK /);
  });

  test('it is offered', async () => {
    const client = await ImapClient.connect(server.port);
    assert.match(await client.greeting(), / AUTH=OAUTHBEARER AUTH=XOAUTH2 /);
    client.close();
  });

  const rows: readonly (readonly [what: string, claims: Claims, words: RegExp])[] = [
    ['somebody else’s', { email: 'bob@example.com' }, /somebody else/],
    ['of nobody here', { email: 'carol@example.com' }, /somebody else/],
    ['without an address', {}, /no email/],
    ['with an address that is not verified', { email: ANN, email_verified: false }, /not verified/],
    ['for another service', { email: ANN, aud: 'photos' }, /not for here \(aud\)/],
    ['of another issuer', { email: ANN, iss: 'https://example.org' }, /not for here \(iss\)/],
    ['without the scope', { email: ANN, scope: 'openid mailing' }, /lacks the scope mail/],
    ['that is not good yet', { email: ANN, nbf: Date.now() / 1000 + 3600 }, /not for here \(nbf\)/],
  ];
  for (const [what, claims, words] of rows)
    test(`one ${what} is refused`, async () => {
      const reply = await signIn(await issuer.token(claims), ANN);
      assert.match(reply, /^NO \[AUTHENTICATIONFAILED\]/);
      assert.match(reply, words);
    });

  test('one that has expired is no guess; one that is none is', async () => {
    const expired = await issuer.token({ email: ANN }, { expiresIn: '-2m' });
    for (let n = 0; n < 40; n++) assert.match(await signIn(expired, ANN), /The token has expired/);
    const token = await issuer.token({ email: 'bob@example.com' });
    const forged = `${token.slice(0, -6)}AAAAAA`;
    for (const wrong of [forged, 'abc', 'a.b.c'])
      assert.match(await signIn(wrong, 'bob'), /The token is none of the issuer/);
    const [header, body] = token.split('.') as [string, string];
    const unsigned = `${base64('{"alg":"none"}').replaceAll('=', '')}.${body}.`;
    assert.match(await signIn(unsigned, 'bob'), /none of the issuer/);
    assert.ok(header.length > 0);
    for (let n = 0; n < 30; n++) await signIn(`guess${n}`, 'bob');
    assert.match(await signIn(token, 'bob'), /^NO \[UNAVAILABLE\] Too many/);
    assert.match(await signIn(await issuer.token({ email: ANN }), ANN), /^OK /);
  });

  test('keys are kept, and asked for again when a new one signs', async () => {
    const fresh = await startTestImap({ issuer: taken() });
    await fresh.kit.addAccount(ANN, 'secret');
    const [old, olds] = [server, issuer.asked.length];
    server = fresh;
    try {
      for (let n = 0; n < 3; n++) assert.match(await signIn(await issuer.token({ email: ANN })), /^OK /);
      assert.deepEqual(issuer.asked.slice(olds), ['/.well-known/openid-configuration', '/keys']);
    } finally {
      server = old;
      await fresh.close();
    }
  });

  test('an issuer that is gone, slow to end or another is no wrong token', async () => {
    const cases: readonly (readonly [string, NonNullable<TestIssuer['answersWith']>])[] = [
      ['broken', (_path, response) => !!response.writeHead(500).end('{}')],
      [
        'endless',
        (_path, response) => {
          const timer = setInterval(() => response.write(Buffer.alloc(64 * 1024, 0x20)), 1);
          response.once('close', () => clearInterval(timer));
          return true;
        },
      ],
      ['elsewhere', (_path, response) => !!response.writeHead(302, { Location: `${issuer.url}/keys` }).end()],
      [
        'another',
        (_path, response) =>
          !!response.end(JSON.stringify({ issuer: 'https://example.org', jwks_uri: `${issuer.url}/keys` })),
      ],
      ['no JSON', (_path, response) => !!response.end('<html>')],
    ];
    for (const [what, answer] of cases) {
      const fresh = await startTestImap({ issuer: taken() });
      await fresh.kit.addAccount(ANN, 'secret');
      const old = server;
      server = fresh;
      try {
        const token = await issuer.token({ email: ANN });
        issuer.answersWith = answer;
        assert.match(await signIn(token), /^NO \[UNAVAILABLE\] The issuer/, what);
        issuer.answersWith = undefined;
        assert.match(await signIn(token), /^OK /, `${what}, and then there`);
      } finally {
        server = old;
        issuer.answersWith = undefined;
        await fresh.close();
      }
    }
  });

  test('another claim, any scope, RSA', async () => {
    await issuer.rotate('RS256');
    const fresh = await startTestImap({
      issuer: taken({ claim: 'preferred_username', scope: undefined, keys: `${issuer.url}/keys` }),
    });
    await fresh.kit.addAccount(ANN, 'secret');
    const old = server;
    server = fresh;
    try {
      const client = await ImapClient.connect(fresh.port);
      await client.greeting();
      const token = await issuer.token({ preferred_username: 'Ann', scope: undefined });
      const { status } = await client.command(
        `AUTHENTICATE OAUTHBEARER ${base64(`n,,\x01auth=Bearer ${token}\x01\x01`)}`,
      );
      assert.equal(status, 'OK');
      client.close();
    } finally {
      server = old;
      await fresh.close();
    }
  });

  test('over POP3', async () => {
    const pop3 = await startTestPop3({ issuer: taken() });
    try {
      const client = await Pop3Client.open(pop3.port);
      const good = await issuer.token({ email: 'alice@example.com' });
      const challenge = await client.command(`AUTH OAUTHBEARER ${base64(`n,,\x01auth=Bearer x\x01\x01`)}`);
      assert.match(challenge, /^\+ /);
      assert.match(await client.command(base64('\x01')), /^-ERR \[AUTH\]/);
      assert.match(
        await client.command(`AUTH XOAUTH2 ${base64(`user=alice\x01auth=Bearer ${good}\x01\x01`)}`),
        /^\+OK/,
      );
      client.destroy();
    } finally {
      await pop3.close();
    }
  });

  test('as configured, and with the account at another process', async () => {
    const config = {
      'oauth.issuer': issuer.url,
      'oauth.audience': 'mail-programs',
      'auth.plaintext': 'always',
    };
    const real = await startServer({ config, workers: 2 });
    try {
      for (const name of ['ann', 'bob', 'carol'])
        await real.cli(['account', 'add', `${name}@example.com`, '--password-stdin'], 'secret\n');
      for (const name of ['ann', 'bob', 'carol']) {
        const token = await issuer.token({ email: `${name}@example.com` });
        const client = await ImapClient.connect(real.port('imap'));
        await client.greeting();
        const words = base64(`n,,\x01auth=Bearer ${token}\x01\x01`);
        assert.equal((await client.command(`AUTHENTICATE OAUTHBEARER ${words}`)).status, 'OK');
        assert.equal((await client.command('SELECT INBOX')).status, 'OK');
        client.close();
      }
      const { stdout } = await real.cli(['activity', 'ann@example.com']);
      assert.match(stdout, /OAUTHBEARER/);
    } finally {
      await real.stop();
    }
  });
});

test('an issuer without an audience is refused at the start', async () => {
  await assert.rejects(
    startServer({ config: { 'oauth.issuer': 'https://id.example.com' } }),
    /oauth\.audience/,
  );
  await assert.rejects(startServer({ config: { 'oauth.issuer': 'http://id.example.com' } }), /an https URL/);
});
