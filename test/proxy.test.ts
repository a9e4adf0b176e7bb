/** Whole connections that a proxy passes on, on every port: whoever is behind it is who the server sees, in the clear and in TLS. */
import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { startServer, type TestServer } from './kit/server.ts';

const PORTS = [
  'imap',
  'imaps',
  'pop3',
  'pop3s',
  'managesieve',
  'submission',
  'submissions',
  'lmtp',
  'http',
  'https',
] as const;
const HEADER = 'PROXY TCP4 192.0.2.77 198.51.100.1 4444 993\r\n';
const FIRST: Readonly<Record<string, RegExp>> = {
  imap: /^\* OK/,
  pop3: /^\+OK/,
  managesieve: /^"IMPLEMENTATION"/,
  submission: /^220 /,
  lmtp: /^220 /,
  http: /^HTTP\/1\.1 /,
};

let server: TestServer;
before(async () => {
  const config = {
    ...{ 'proxy.from': '127.0.0.0/8', 'proxy.listeners': PORTS.join(', '), 'listen.smtp': '127.0.0.1:0' },
    ...{ 'listen.https': '127.0.0.1:0', 'listen.http': '127.0.0.1:0', 'dns.servers': '127.0.0.1:1' },
  };
  server = await startServer({ config });
});
after(() => server.stop());

/** What is said first. */
function spoken(name: string, header: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const plain = connectTcp(server.port(name), '127.0.0.1');
  plain.on('error', () => {}).on('close', () => resolve(''));
  if (header !== '') plain.write(header);
  const isTls = name.endsWith('s');
  const socket: TLSSocket | typeof plain = isTls
    ? connectTls({ socket: plain, rejectUnauthorized: false })
    : plain;
  socket.on('error', () => resolve(''));
  if (name.startsWith('http')) socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  socket.on('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
  return promise.finally(() => socket.destroy());
}

describe('connections that a proxy brings', () => {
  for (const name of PORTS)
    test(name, async () => {
      const greeting = FIRST[name.replace(/s$/, '')] as RegExp;
      assert.match(await spoken(name, HEADER), greeting);
      assert.match(await spoken(name, 'PROXY UNKNOWN\r\n'), greeting, 'the proxy asks for itself');
    });

  test('without a header nothing is said to a proxy, and elsewhere none is expected', async () => {
    assert.equal(await spoken('imap', 'a NOOP\r\n'), '');
    assert.match(await spoken('smtp', ''), /^220 /);
  });

  test('the server sees whom the proxy has named, and the doctor knows how to knock', async () => {
    const socket = connectTcp(server.port('imap'), '127.0.0.1');
    socket.write(HEADER);
    await new Promise((resolve) => socket.once('data', resolve));
    const { stdout } = await server.cli(['who', '--all', '--json']);
    assert.match(stdout, /"remote":"192\.0\.2\.77/);
    socket.destroy();
    const looked = await server.cli([
      ...['doctor', '--json', '--domain', 'localhost', '--set', 'proxy.from=127.0.0.0/8'],
      ...['--set', `proxy.listeners=${PORTS.join(',')}`, '--set', 'dns.servers=127.0.0.1:1'],
    ]);
    const { findings } = JSON.parse(looked.stdout) as {
      findings: { check: string; verdict: string; subject: string }[];
    };
    const listeners = findings.filter(({ check }) => check === 'listener');
    assert.ok(listeners.length >= 5, JSON.stringify(listeners));
    assert.deepEqual(
      listeners.filter(({ verdict }) => verdict === 'fail'),
      [],
    );
  });
});
