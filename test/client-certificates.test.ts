/** Signing in with a certificate in the TLS handshake (SASL EXTERNAL, RFC 4422 appendix A): the real server, real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { addressesIn } from '../src/net/client-certificate.ts';
import { ImapClient } from './imap-client.ts';
import { openAuthority, type Signed, type Wanted } from './kit/authority.ts';
import { startServer, type TestServer } from './kit/server.ts';
import { Pop3Client } from './pop3-client.ts';

const ANN = 'ann@example.com';
const base64 = (text: string): string => (text === '' ? '=' : Buffer.from(text).toString('base64'));

describe('certificates of clients', () => {
  let folder: string;
  let server: TestServer;
  let authority: Awaited<ReturnType<typeof openAuthority>>;
  let ann: Signed;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-authority-'));
    authority = await openAuthority('People of example.com');
    ann = await authority.sign({ addresses: [ANN] });
    const path = join(folder, 'people.pem');
    await writeFile(path, authority.certificate);
    server = await startServer({
      config: { 'tls.client_ca': path, 'auth.default_domain': 'example.com' },
      workers: 2,
    });
    for (const name of ['ann', 'bob', 'carol'])
      await server.cli(['account', 'add', `${name}@example.com`, '--password-stdin'], 'secret\n');
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(who: Signed | undefined, more: ConnectionOptions = {}) {
    const pair = who === undefined ? {} : { cert: who.certificate, key: who.key };
    const port = server.port('imaps');
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...pair, ...more });
    const tickets: Buffer[] = [];
    socket.on('session', (ticket: Buffer) => tickets.push(ticket));
    await once(socket, 'secureConnect');
    const client = ImapClient.over(socket);
    return { client, tickets, greeting: await client.greeting() };
  }

  /** Undefined when it is not offered. */
  async function attempt(
    who: Signed | undefined,
    authzid = '',
    more: ConnectionOptions = {},
  ): Promise<string> {
    const { client, greeting } = await open(who, more);
    const { status, text } = await client.command(`AUTHENTICATE EXTERNAL ${base64(authzid)}`);
    client.close();
    return `${greeting.includes('AUTH=EXTERNAL') ? '' : 'not offered, '}${status} ${text}`;
  }

  test('lets in whom it is for, named or not, also on a connection that resumes', async () => {
    assert.match(await attempt(ann), /^OK /);
    assert.match(await attempt(ann, ANN), /^OK /);
    assert.match(await attempt(ann, 'Ann'), /^OK /);
    assert.match(await attempt(ann, '', { maxVersion: 'TLSv1.2' }), /^OK /);
    const first = await open(ann);
    assert.equal((await first.client.command('NOOP')).status, 'OK');
    const [ticket] = first.tickets;
    assert.ok(ticket !== undefined);
    first.client.close();
    assert.match(await attempt(ann, '', { session: ticket }), /^OK /);
    const { stdout } = await server.cli(['activity', ANN]);
    assert.match(stdout, /EXTERNAL/);
  });

  test('is for nobody else', async () => {
    assert.match(
      await attempt(ann, 'bob@example.com'),
      /^NO \[AUTHENTICATIONFAILED\] The certificate is for nobody here/,
    );
    const nobody = await authority.sign({ addresses: ['dave@example.com'] });
    assert.match(await attempt(nobody), /^NO \[AUTHENTICATIONFAILED\]/);
    const two = await authority.sign({
      addresses: ['dave@example.com', 'bob@example.com', 'carol@example.com'],
    });
    assert.match(await attempt(two), /^OK /);
    assert.match(await attempt(two, 'carol@example.com'), /^OK /);
    assert.match(await attempt(two, ANN), /^NO /);
  });

  test('counts for nothing without the authority, for another purpose, when it is over, or without one', async () => {
    const stranger = await (await openAuthority('People of example.com')).sign({ addresses: [ANN] });
    const wanted: readonly Wanted[] = [
      { addresses: [ANN], usage: 'server' },
      { addresses: [ANN], isExpired: true },
      { addresses: [] as string[] },
    ];
    const signed = await Promise.all(wanted.slice(0, 2).map((one) => authority.sign(one)));
    for (const who of [stranger, undefined, ...signed])
      assert.match(await attempt(who), /^not offered, NO \[CANNOT\]/);
    const { client } = await open(undefined);
    await client.ok(`LOGIN ${ANN} secret`);
    client.close();
  });

  test('that its authority has revoked is good no longer, once the server has read so', async () => {
    const lost = await authority.sign({ addresses: ['bob@example.com'] });
    assert.match(await attempt(lost), /^OK /);
    const path = join(folder, 'people.pem');
    await writeFile(path, `${authority.certificate}\n${await authority.revoke(lost.serial)}\n`);
    while (!(await attempt(lost)).startsWith('not offered')) await new Promise(setImmediate);
    assert.match(await attempt(ann), /^OK /);
  });

  test('over POP3', async () => {
    const pair = { cert: ann.certificate, key: ann.key };
    const socket = connect({
      host: '127.0.0.1',
      port: server.port('pop3s'),
      rejectUnauthorized: false,
      ...pair,
    });
    await once(socket, 'secureConnect');
    const client = await Pop3Client.over(socket);
    assert.match(await client.command('AUTH EXTERNAL ='), /^\+OK/);
    client.destroy();
  });
});

test('names in a certificate cannot be made of one another', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['email:ann@example.com', [ANN]],
    ['DNS:x.example, email:ann@example.com, email:b@c', [ANN, 'b@c']],
    ['email:"x, email:ann@example.com, y"', []],
    ['DNS:"x, email:ann@example.com", email:b@c', ['b@c']],
    ['DNS:"x\\", email:ann@example.com", email:b@c', ['b@c']],
    ['URI:email:ann@example.com', []],
    ['email:ann@example.com"', []],
    ['nonsense', []],
  ];
  for (const [names, expected] of rows) assert.deepEqual(addressesIn(names), expected, names);
});
