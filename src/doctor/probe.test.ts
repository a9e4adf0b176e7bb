/** Knocking at what is no server of ours, or one that is not well. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { makePair } from '../net/self-signed.ts';
import { probe, type Target } from './probe.ts';
import { askToRelay } from './relay-probe.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function knock(server: Server, rest: Partial<Target>, patienceMs?: number) {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const target = {
    host: '127.0.0.1',
    port,
    speech: 'imap',
    tls: 'none',
    serverName: 'mail.example.com',
  } as const;
  return probe({ ...target, ...rest }, patienceMs);
}

const says = (...lines: readonly string[]) =>
  createServer((socket: Socket) => {
    socket.on('error', () => {});
    const left = [...lines];
    socket.write(left.shift() ?? '');
    socket.on('data', () => {
      const next = left.shift();
      if (next === undefined) socket.end();
      else socket.write(next);
    });
  });

test('greetings are told apart', async () => {
  const rows: readonly (readonly [string, Target['speech'], string])[] = [
    ['* OK here\r\n', 'imap', 'speaks'],
    ['* BYE full\r\n', 'imap', 'strange'],
    ['+OK here\r\n', 'pop3', 'speaks'],
    ['-ERR no\r\n', 'pop3', 'strange'],
    ['220 mail.example.com LMTP\r\n', 'lmtp', 'speaks'],
    ['220 mail.example.com ESMTP\r\n', 'lmtp', 'strange'],
    ['220 mail.example.com ESMTP\r\n', 'smtp', 'speaks'],
    ['554 mail.example.com no\r\n', 'smtp', 'strange'],
    [`* OK ${'x'.repeat(100_000)}`, 'imap', 'speaks'],
  ];
  for (const [line, speech, kind] of rows)
    assert.equal((await knock(says(line), { speech })).kind, kind, line.slice(0, 40));
});

test('numbers are asked for', async () => {
  const server = createServer((socket) => {
    socket.once('data', (data) => {
      const isAsked = /^GET \/metrics HTTP\/1\.0\r\n\r\n$/.test(data.toString());
      socket.end(isAsked ? 'HTTP/1.1 200 OK\r\n\r\n' : 'HTTP/1.1 400 Bad\r\n\r\n');
    });
  });
  assert.equal((await knock(server, { speech: 'metrics' })).kind, 'speaks');
});

test('TLS that is promised has to come', async () => {
  const refused = await knock(says('* OK here\r\n', 'd1 BAD what\r\n'), { tls: 'upgrade' });
  assert.match(refused.kind === 'strange' ? refused.seen : '', /offers no TLS: "d1 BAD what"/);
  const broken = await knock(says('* OK here\r\n', 'd1 OK begin\r\n', 'no TLS at all'), { tls: 'upgrade' });
  assert.match(broken.kind === 'strange' ? broken.seen : '', /TLS does not come about/);
  const clear = await knock(says('* OK in the clear\r\n'), { tls: 'first' });
  assert.equal(clear.kind, 'strange');
  const ended = await knock(
    createServer((socket) => socket.destroy()),
    { tls: 'first' },
  );
  assert.notEqual(ended.kind, 'speaks');
});

test('the certificate is the one for the name that clients use', async () => {
  const { certificate, key } = await makePair('mail.example.com');
  const names: string[] = [];
  const server = createTlsServer(
    {
      cert: certificate,
      key,
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    },
    (socket) => socket.end('* OK here\r\n'),
  );
  const probed = await knock(server, { tls: 'first' });
  assert.ok(probed.kind === 'speaks');
  assert.equal(probed.served?.distrust, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.equal(probed.served?.certificate.checkHost('mail.example.com'), 'mail.example.com');
  assert.deepEqual(names, ['mail.example.com']);
});

test('who says nothing, or never stops, is not waited for', async () => {
  const silent = await knock(createServer(), {}, 100);
  assert.deepEqual(silent, { kind: 'silent', why: 'no answer in time' });
  const endless = createServer((socket) => {
    socket.on('error', () => {});
    const more = () => {
      while (socket.write('* OK and on\r\n'.repeat(1000)));
      socket.once('drain', more);
    };
    more();
  });
  assert.equal((await knock(endless, {}, 60_000)).kind, 'speaks');
});

test('nobody there is silence', async () => {
  const probed = await probe({
    host: '127.0.0.1',
    port: 1,
    speech: 'imap',
    tls: 'first',
    serverName: 'localhost',
  });
  assert.deepEqual(probed, { kind: 'silent', why: 'nothing answers' });
});

test('whether a server passes mail on for strangers is seen by asking it', async () => {
  const rows: readonly (readonly [rcpt: string, kind: string])[] = [
    ['550 5.7.1 no', 'refused'],
    ['250-taken\r\n250 indeed', 'taken'],
    ['451 later', 'refused'],
  ];
  for (const [rcpt, kind] of rows) {
    const heard: string[] = [];
    const port = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('220-hello\r\n220 hello\r\n');
      socket.on('data', (bytes: Buffer) => {
        heard.push(...bytes.toString().trim().split('\r\n'));
        socket.write(`${heard.at(-1)?.startsWith('RCPT') ? rcpt : '250 fine'}\r\n`);
      });
    });
    await new Promise<void>((resolve) => void port.listen(0, '127.0.0.1', resolve));
    const asked = await askToRelay('127.0.0.1', (port.address() as AddressInfo).port);
    assert.equal(asked.kind, kind);
    port.close();
    assert.ok(!heard.includes('DATA'));
  }
  assert.equal((await askToRelay('127.0.0.1', 1)).kind, 'unclear');
});
