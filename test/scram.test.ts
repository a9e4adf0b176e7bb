/** Signing in by SCRAM over real connections: every protocol, main and app passwords, channel bindings, what is told to whom. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { Secret } from '../src/base/secret.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { startTestPop3 } from './kit/pop3.ts';
import { type Hash, ScramClient } from './kit/scram-client.ts';
import { Pop3Client } from './pop3-client.ts';

const ANN = 'ann@example.com';

interface How {
  readonly mechanism?: string;
  readonly username?: string;
  readonly password?: string;
  readonly gs2Header?: string;
  readonly binding?: Buffer;
}

function clientFor({
  mechanism = 'SCRAM-SHA-256',
  username = ANN,
  password = 'secret',
  ...rest
}: How): ScramClient {
  const hash: Hash = mechanism.startsWith('SCRAM-SHA-1') ? 'sha1' : 'sha256';
  return new ScramClient({ hash, username, password, ...rest });
}

/** Over IMAP; the last reply, and what the server has shown. */
async function signIn(client: ImapClient, how: How = {}): Promise<string> {
  const scram = clientFor(how);
  client.send(`x AUTHENTICATE ${how.mechanism ?? 'SCRAM-SHA-256'} ${scram.first().toString('base64')}\r\n`);
  const first = await client.next();
  if (first.kind !== 'continuation') return first.text;
  client.send(`${scram.final(Buffer.from(first.text, 'base64')).toString('base64')}\r\n`);
  const last = await client.next();
  if (last.kind !== 'continuation') return last.text;
  assert.ok(scram.isServerProven(Buffer.from(last.text, 'base64')), 'the server has shown that it knows');
  client.send('\r\n');
  return (await client.next()).text;
}

/** A connection of a client that can say what binds it, its greeting read. */
async function overTls(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion });
  await once(socket, 'secureConnect');
  const client = ImapClient.over(socket);
  const greeting = await client.greeting();
  return { socket, client, greeting };
}

describe('SCRAM over IMAP', () => {
  let server: TestImap;
  before(async () => {
    server = await startTestImap({ withTls: true });
    await server.kit.addAccount(ANN, 'secret');
  });
  after(() => server.close());

  async function attempt(how: How): Promise<string> {
    const client = await ImapClient.connect(server.port);
    await client.greeting();
    const reply = await signIn(client, how);
    client.close();
    return reply;
  }

  test('the right password, with either hash and any spelling of the name', async () => {
    for (const mechanism of ['SCRAM-SHA-256', 'scram-sha-1', 'SCRAM-SHA-1'])
      assert.match(await attempt({ mechanism: mechanism.toUpperCase() }), /^OK /);
    assert.match(await attempt({ username: 'Ann' }), /^OK /);
    assert.match(await attempt({ password: 'wrong' }), /^NO \[AUTHENTICATIONFAILED\] Wrong name or password/);
    assert.match(await attempt({ username: 'bob' }), /^NO \[AUTHENTICATIONFAILED\] Wrong name or password/);
  });

  test('an app password, as shown or without hyphens, beside the main one', async () => {
    const record = await server.kit.store.directory.find(ANN);
    assert.ok(record);
    const make = async (name: string) =>
      (await server.kit.admin.addAppPassword(record.id, { name })).password.reveal();
    const passwords = [await make('Phone'), await make('Laptop')];
    const scoped = await server.kit.admin.addAppPassword(record.id, { name: 'Printer', services: ['pop3'] });
    for (const password of passwords) {
      assert.match(await attempt({ password }), /^OK /);
      assert.match(
        await attempt({ password: password.replaceAll('-', ''), mechanism: 'SCRAM-SHA-1' }),
        /^OK /,
      );
    }
    assert.match(await attempt({ password: 'secret' }), /^OK /);
    assert.match(
      await attempt({ password: scoped.password.reveal() }),
      /AUTHORIZATIONFAILED.*is for pop3, not for imap/,
    );
    await server.kit.admin.setPassword(record.id, { password: new Secret('new') });
    assert.match(await attempt({ password: 'secret' }), /^NO /);
    assert.match(await attempt({ password: 'new' }), /^OK /);
    assert.match(await attempt({ password: passwords[0] as string }), /^OK /);
    await server.kit.admin.setPassword(record.id, { password: new Secret('secret') });
  });

  test('a name that nobody has gets a salt that stays, like anybody', async () => {
    const saltOf = async (username: string): Promise<string> => {
      const client = await ImapClient.connect(server.port);
      await client.greeting();
      const first = clientFor({ username }).first().toString('base64');
      client.send(`x AUTHENTICATE SCRAM-SHA-256 ${first}\r\n`);
      const text = Buffer.from((await client.next()).text, 'base64').toString();
      client.close();
      return text.replace(/^r=[^,]+/, '');
    };
    const [ann, bob, again, carol] = [
      await saltOf(ANN),
      await saltOf('bob'),
      await saltOf('BOB'),
      await saltOf('c'),
    ];
    assert.equal(bob, again);
    assert.equal(new Set([ann, bob, carol]).size, 3);
    for (const salt of [ann, bob, carol]) assert.match(salt, /^,s=[\w+/]{22}==,i=64$/);
  });

  test('over TLS it is bound to the connection (RFC 9266, RFC 5929 §4)', async () => {
    const exported = (socket: TLSSocket) =>
      socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    const endPoint = (socket: TLSSocket) =>
      createHash('sha256').update(socket.getPeerCertificate().raw).digest();
    for (const mechanism of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS'])
      for (const [type, bindingOf] of [
        ['tls-exporter', exported],
        ['tls-server-end-point', endPoint],
      ] as const) {
        const { socket, client, greeting } = await overTls(server.tlsPort);
        assert.match(greeting, / AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS AUTH=SCRAM-SHA-256 /);
        const how = { mechanism, gs2Header: `p=${type},,`, binding: bindingOf(socket) };
        assert.match(await signIn(client, how), /^OK /, type);
        client.close();
      }
    // The binding of another connection: what somebody in the middle would pass on.
    const other = await overTls(server.tlsPort);
    const { client } = await overTls(server.tlsPort);
    const how = {
      mechanism: 'SCRAM-SHA-256-PLUS',
      gs2Header: 'p=tls-exporter,,',
      binding: exported(other.socket),
    };
    assert.match(await signIn(client, how), /^NO \[AUTHORIZATIONFAILED\] The channel bindings do not match/);
    assert.match(await signIn(client, { gs2Header: 'y,,' }), /^NO .*supports channel binding/);
    client.close();
    other.client.close();
  });

  test('below TLS 1.3 and without TLS nothing is bound, and a client that could is told nothing else', async () => {
    const { client, greeting } = await overTls(server.tlsPort, 'TLSv1.2');
    assert.doesNotMatch(greeting, /-PLUS/);
    assert.match(greeting, /AUTH=SCRAM-SHA-256 /);
    const how = { mechanism: 'SCRAM-SHA-256-PLUS', gs2Header: 'p=tls-exporter,,' };
    assert.match(await signIn(client, how), /^NO \[CANNOT\]/);
    assert.match(await signIn(client, { gs2Header: 'y,,' }), /^OK /);
    client.close();
  });

  test('a client that gives up, or has something to say at the end, is not signed in', async () => {
    for (const [last, expected] of [
      ['*', /^BAD Authentication was cancelled/],
      ['AAAA', /^BAD There was nothing more/],
    ] as const) {
      const client = await ImapClient.connect(server.port);
      await client.greeting();
      const scram = clientFor({});
      client.send(`x AUTHENTICATE SCRAM-SHA-256 ${scram.first().toString('base64')}\r\n`);
      const first = await client.next();
      client.send(`${scram.final(Buffer.from(first.text, 'base64')).toString('base64')}\r\n`);
      assert.equal((await client.next()).kind, 'continuation');
      client.send(`${last}\r\n`);
      assert.match((await client.next()).text, expected);
      assert.equal((await client.command('SELECT INBOX')).status, 'BAD');
      client.close();
    }
  });
});

test('over POP3, and what is guessed there counts for all protocols', async () => {
  const server = await startTestPop3();
  const attempt = async (how: How): Promise<string> => {
    const client = await Pop3Client.open(server.port);
    const scram = clientFor({ username: 'alice', ...how });
    const challenge = await client.command(`AUTH SCRAM-SHA-256 ${scram.first().toString('base64')}`);
    assert.match(challenge, /^\+ /);
    const final = scram.final(Buffer.from(challenge.slice(2), 'base64')).toString('base64');
    const last = await client.command(final);
    if (!last.startsWith('+ ')) return last;
    assert.ok(scram.isServerProven(Buffer.from(last.slice(2), 'base64')));
    const reply = await client.command('');
    client.destroy();
    return reply;
  };
  try {
    assert.match(await attempt({}), /^\+OK /);
    for (let n = 0; n < 30; n++) assert.match(await attempt({ password: `guess ${n}` }), /^-ERR \[AUTH\]/);
    assert.match(await attempt({}), /^-ERR (?!\[AUTH\])/, 'the network is refused, the right password too');
    const record = server.kit.authenticator.authenticate({
      credentials: { kind: 'password', username: 'alice', password: new Secret('secret') },
      remoteAddress: '127.0.0.1',
      service: 'imap',
    });
    await assert.rejects(record, /too many wrong passwords/);
  } finally {
    await server.close();
  }
});

describe('when it is offered', () => {
  const MD5 = '{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69'; // "secret"

  async function offered(server: TestImap): Promise<boolean> {
    const client = await ImapClient.connect(server.port);
    const text = await client.greeting();
    client.close();
    return text.includes('AUTH=SCRAM-SHA-256');
  }

  test('"auto": once everybody has the keys, which an older password gets when it is used', async () => {
    const server = await startTestImap();
    try {
      await server.kit.addAccount(ANN, 'secret');
      assert.ok(await offered(server));
      await server.kit.admin.addAccounts([{ address: 'bob@example.com', passwordHash: new Secret(MD5) }]);
      assert.ok(!(await offered(server)));
      (await ImapClient.signIn(server.port, 'bob@example.com', 'secret')).close();
      while (!(await offered(server))) await new Promise(setImmediate);
      const client = await ImapClient.connect(server.port);
      await client.greeting();
      assert.match(await signIn(client, { username: 'bob' }), /^OK /);
      client.close();
    } finally {
      await server.close();
    }
  });

  test('"on" and "off" say so themselves', async () => {
    for (const scram of ['on', 'off'] as const) {
      const server = await startTestImap({ rules: { scram } });
      await server.kit.admin.addAccounts([{ address: ANN, passwordHash: new Secret(MD5) }]);
      assert.equal(await offered(server), scram === 'on');
      await server.close();
    }
  });
});

test('where main passwords are for the web alone, programs are told to use an app password', async () => {
  const server = await startTestImap({ rules: { mainPassword: 'web' } });
  try {
    const record = await server.kit.addAccount(ANN, 'secret');
    const { password } = await server.kit.admin.addAppPassword(record.id, { name: 'Phone' });
    const words = /^NO \[AUTHENTICATIONFAILED\] Wrong name or app password; .* make an app password for each/;
    for (const tried of ['secret', 'wrong']) {
      const client = await ImapClient.connect(server.port);
      await client.greeting();
      assert.match(await signIn(client, { password: tried }), words);
      const { status, text } = await client.command(`LOGIN ${ANN} ${tried}`);
      assert.match(`${status} ${text}`, words);
      client.close();
    }
    const client = await ImapClient.connect(server.port);
    await client.greeting();
    assert.match(await signIn(client, { password: password.reveal() }), /^OK /);
    client.close();
    (await ImapClient.signIn(server.port, ANN, password.reveal())).close();
  } finally {
    await server.close();
  }
});
