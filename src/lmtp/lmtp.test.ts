import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { createTransport } from 'nodemailer';
import type { TestDelivery } from '../../test/kit/delivery.ts';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { LineClient } from '../../test/kit/line-client.ts';
import { lmtpHello, lmtpStartData, openTestLmtp, withoutReceived } from '../../test/kit/lmtp.ts';
import { runs } from '../../test/kit/runs.ts';
import { type MailStore, StoreError } from '../mailbox/port/store.ts';
import { Connections } from '../net/connections.ts';
import type { Listener } from '../net/listener.ts';
import { makePair } from '../net/self-signed.ts';
import { DEADLINES } from '../smtp/pace.ts';

const MAX_BYTES = 2 * 1024 * 1024;

let kit: TestDomain;
let lmtp: Listener;

function open(options: Partial<TestDelivery> = {}): Promise<Listener> {
  return openTestLmtp({ domain: kit.domain, maxMessageBytes: MAX_BYTES, ...options });
}

let nextName = 0;

/** An account of its own for a test. */
async function someone(quota: { bytes?: number; messages?: number } = {}): Promise<string> {
  const address = `user${++nextName}@example.com`;
  await kit.addAccount(address, 'secret', quota);
  return address;
}

const hello = (server = lmtp): Promise<LineClient> => lmtpHello(server);
const startData = (recipients: readonly string[], server = lmtp): Promise<LineClient> =>
  lmtpStartData(server, recipients);

/** As RFC 5321 §4.5.2 says, a line being what ends in LF: the stuffing of clients and the one that is undone here. */
function stuffed(message: Buffer): Buffer {
  const text = message.toString('latin1').replace(/(^|\n)\./g, '$1..');
  return Buffer.from(text, 'latin1');
}

function traced(address: string, body: Buffer | string, from = 'sender@example.org'): string {
  const trace = `Return-Path: <${from}>\r\nDelivered-To: ${address}\r\n`;
  return trace + body.toString('latin1');
}

async function onlyMessage(address: string): Promise<string> {
  const messages = await kit.messagesOf(address);
  assert.equal(messages.length, 1);
  return withoutReceived(messages[0] as Buffer);
}

const delivered = (to: string): RegExp =>
  new RegExp(`^250 2\\.0\\.0 <${to}> delivered; id [0-9a-z-]+\\.\\d+$`);

before(async () => {
  kit = await openTestDomain({ limits: { messageBytes: MAX_BYTES } });
  lmtp = await open();
});

after(async () => {
  await lmtp.close(0);
  await kit.close();
});

describe('the conversation (RFC 2033)', () => {
  test('announces what it can do, and no authentication', async () => {
    const client = await LineClient.connect(lmtp.port);
    assert.equal(await client.reply(), '220 mail.example.com LMTP');
    client.send('LHLO client.example.org\r\n');
    const lines = (await client.reply()).split('\r\n').map((line) => line.slice(4));
    const wanted = ['PIPELINING', '8BITMIME', 'BINARYMIME', 'CHUNKING', 'SMTPUTF8', 'ENHANCEDSTATUSCODES'];
    assert.deepEqual(lines, ['mail.example.com', ...wanted, `SIZE ${MAX_BYTES}`]);
    client.send('EHLO x\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\nQUIT\r\n');
    assert.deepEqual(await client.codes(4), ['500 5.5.2', '500 5.5.2', '500 5.5.2', '221 2.0.0']);
    await client.ended();
  });

  test('answers each recipient, in order, also one that was named twice', async () => {
    const [alice, bob] = [await someone(), await someone()];
    const client = await hello();
    client.send(
      `MAIL FROM:<sender@example.org> BODY=8BITMIME SIZE=20\r\nRCPT TO:<${alice}>\r\nRCPT TO:<nobody@example.com>\r\n`,
      `RCPT TO:<${bob.toUpperCase()}>\r\nRCPT TO:<${alice}>\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n`,
    );
    const before354 = ['250 2.1.0', '250 2.1.5', '550 5.1.1', '250 2.1.5', '250 2.1.5', '354'];
    assert.deepEqual(await client.codes(6), before354);
    assert.match(await client.reply(), delivered(alice));
    assert.match(await client.reply(), delivered(bob.toUpperCase()));
    assert.match(await client.reply(), delivered(alice));
    assert.deepEqual(await client.codes(1), ['221 2.0.0']);
    assert.equal(await onlyMessage(alice), traced(alice, 'Subject: x\r\n\r\nhi\r\n'));
    assert.equal(await onlyMessage(bob), traced(bob.toUpperCase(), 'Subject: x\r\n\r\nhi\r\n'));
  });

  test('a bounce, a tag, a bare name, and a name in quotes reach their account', async () => {
    const alice = await someone();
    const name = alice.slice(0, alice.indexOf('@'));
    const client = await hello();
    for (const to of [`${name}+news@example.com`, name, `"${name}"@example.com`]) {
      client.send(`MAIL FROM:<>\r\nRCPT TO:<${to}>\r\nDATA\r\n\r\n.\r\n`);
      assert.deepEqual(await client.codes(4), ['250 2.1.0', '250 2.1.5', '354', '250 2.0.0']);
    }
    const first = (await kit.messagesOf(alice)).map(withoutReceived)[0];
    assert.equal(first, traced(`${name}+news@example.com`, '\r\n', ''));
    assert.equal((await kit.messagesOf(alice)).length, 3);
  });

  test('DATA without a recipient fails, RSET forgets them', async () => {
    const alice = await someone();
    const client = await hello();
    client.send(`MAIL FROM:<a@example.org>\r\nDATA\r\nRCPT TO:<${alice}>\r\nRSET\r\nDATA\r\nNOOP\r\n`);
    const codes = ['250 2.1.0', '503 5.5.1', '250 2.1.5', '250 2.0.0', '503 5.5.1', '250 2.0.0'];
    assert.deepEqual(await client.codes(6), codes);
    client.send(`MAIL FROM:<a@example.org>\r\nRCPT TO:<${alice}>\r\nDATA\r\nx\r\n.\r\n`);
    assert.deepEqual(await client.codes(4), ['250 2.1.0', '250 2.1.5', '354', '250 2.0.0']);
  });

  test('at most a thousand recipients, named twice or not', async () => {
    const alice = await someone();
    const client = await hello();
    client.send('MAIL FROM:<a@example.org>\r\n', `RCPT TO:<${alice}>\r\n`.repeat(1002));
    const codes = await client.codes(1003);
    assert.deepEqual(codes.slice(999), ['250 2.1.5', '250 2.1.5', '452 4.5.3', '452 4.5.3']);
    client.send('DATA\r\n.\r\n');
    assert.equal(new Set((await client.codes(1001)).slice(1)).size, 1);
    assert.equal((await kit.messagesOf(alice)).length, 1);
  });

  test('a client that ends its side is answered to the end', async () => {
    const alice = await someone();
    const client = await LineClient.connect(lmtp.port);
    client.send(`LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<${alice}>\r\nDATA\r\nx\r\n.\r\n`);
    client.socket.end();
    const codes = ['220', '250', '250 2.1.0', '250 2.1.5', '354', '250 2.0.0'];
    assert.deepEqual(await client.codes(6), codes);
    await client.ended();
  });
});

describe('bytes', () => {
  const line = 'x'.repeat(1024 * 1024);
  const messages: readonly (readonly [name: string, bytes: Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['one line', Buffer.from('Subject: x\r\n')],
    ['bare LF', Buffer.from('Subject: x\n\nline\nline\n\r\nend\r\n')],
    ['bare CR', Buffer.from('a\rb\r\r\nc\r\n')],
    ['NUL and 8 bits', Buffer.from(Array.from({ length: 256 }, (_, i) => i)).subarray(14)],
    ['dots', Buffer.from('.\r\n..\r\n...\r\n.x\r\n\r\n.\r\n')],
    ['a line of a megabyte', Buffer.from(`Subject: long\r\n\r\n${line}\r\n`)],
    ['a hundred thousand dots', Buffer.from('.\r\n'.repeat(100_000))],
  ];
  for (const [name, bytes] of messages) {
    test(`arrive as they were sent: ${name}`, async () => {
      const alice = await someone();
      const client = await startData([alice]);
      const needsBreak = bytes.length > 0 && !bytes.toString('latin1').endsWith('\r\n');
      const message = needsBreak ? Buffer.concat([bytes, Buffer.from('\r\n')]) : bytes;
      client.send(stuffed(message), '.\r\n');
      assert.deepEqual(await client.codes(1), ['250 2.0.0']);
      assert.equal(await onlyMessage(alice), traced(alice, message));
    });
  }

  test('arrive as they were sent, however they are cut', async () => {
    const unit = fc.constantFrom('.', '\r\n', '\n', '\r', 'x', '\0', '\xff', '\r\n.', '..');
    const alice = await someone();
    const client = await hello();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(unit, { maxLength: 20 }),
        fc.integer({ min: 1, max: 7 }),
        async (units, step) => {
          const message = Buffer.from(`${units.join('')}\r\n`, 'latin1');
          const wire = Buffer.concat([stuffed(message), Buffer.from('.\r\n')]);
          client.send(`MAIL FROM:<sender@example.org>\r\nRCPT TO:<${alice}>\r\nDATA\r\n`);
          await client.codes(3);
          for (let at = 0; at < wire.length; at += step) {
            client.send(wire.subarray(at, at + step));
            await new Promise(setImmediate);
          }
          assert.deepEqual(await client.codes(1), ['250 2.0.0']);
          const stored = (await kit.messagesOf(alice))[count++] as Buffer;
          assert.equal(withoutReceived(stored), traced(alice, message));
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test('only CRLF . CRLF ends a message: nothing is smuggled in after another end', async () => {
    const alice = await someone();
    const client = await startData([alice]);
    const ends = ['\n.\n', '\r\n.\n', '\n.\r\n', '\r.\r', '\r\n.\r', '\n.\r', '\r.\r\n', '\r\n.\0\r\n'];
    const message = ends.map((end) => `a${end}MAIL FROM:<evil@example.org>\r\n`).join('');
    client.send(message, '.\r\n', 'NOOP\r\n');
    assert.match(await client.reply(), delivered(alice));
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
    assert.equal(await onlyMessage(alice), traced(alice, message));
  });

  test('a message to ten recipients is stored once', async () => {
    const people = await Promise.all(Array.from({ length: 10 }, () => someone()));
    const folder = join(kit.data, 'shard-00', 'segments');
    const before = await bytesIn(folder);
    const client = await startData(people);
    const body = Buffer.alloc(300_000, 'abcdefgh\r\n');
    client.send('Subject: large\r\n\r\n', stuffed(body), '.\r\n');
    assert.equal(new Set(await client.codes(10)).size, 1);
    const grown = (await bytesIn(folder)) - before;
    assert.ok(grown >= 300_000 && grown < 600_000, `${grown} octets`);
    for (const to of people) assert.equal(await onlyMessage(to), traced(to, `Subject: large\r\n\r\n${body}`));
  });
});

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('refusals', () => {
  test('a full account: 452 or 552, at RCPT when it is full already, after DATA for itself alone', async () => {
    const strict = await open({ overQuota: 'reject' });
    for (const [server, refusal, tooLarge] of [
      [lmtp, '452 4.2.2', '452 4.2.2'],
      [strict, '552 5.2.2', '552 5.2.3'],
    ] as const) {
      const [alice, tiny, full] = [
        await someone(),
        await someone({ bytes: 500 }),
        await someone({ messages: 0 }),
      ];
      const client = await hello(server);
      client.send(
        `MAIL FROM:<a@example.org>\r\nRCPT TO:<${tiny}>\r\nRCPT TO:<${full}>\r\nRCPT TO:<${alice}>\r\n`,
      );
      assert.deepEqual(await client.codes(4), ['250 2.1.0', '250 2.1.5', refusal, '250 2.1.5']);
      client.send('DATA\r\n', 'x'.repeat(600), '\r\n.\r\n');
      assert.deepEqual(await client.codes(3), ['354', tooLarge, '250 2.0.0']);
      client.send(`MAIL FROM:<a@example.org> SIZE=600\r\nRCPT TO:<${tiny}>\r\n`);
      assert.deepEqual(await client.codes(2), ['250 2.1.0', tooLarge]);
    }
    await strict.close(0);
  });

  test('a message that is too big: at MAIL when it says so, else after DATA, and the session goes on', async () => {
    const [alice, bob] = [await someone(), await someone()];
    const client = await startData([alice, bob]);
    client.send(Buffer.alloc(MAX_BYTES + 1, 'x'), '\r\n.\r\n');
    assert.deepEqual(await client.codes(2), ['552 5.3.4', '552 5.3.4']);
    client.send(`MAIL FROM:<a@example.org> SIZE=${MAX_BYTES + 1}\r\nNOOP\r\n`);
    assert.deepEqual(await client.codes(2), ['552 5.3.4', '250 2.0.0']);
    assert.equal((await kit.messagesOf(alice)).length, 0);
  });

  const faults = [
    ['full', '452 4.3.1'],
    ['io', '451 4.3.0'],
  ] as const;
  for (const [code, reply] of faults) {
    for (const place of ['stage', 'write'] as const) {
      test(`storage fails with ${code} in ${place}: ${reply}, and nothing is there`, async () => {
        let isFailing = false;
        const wrapStore = (store: MailStore) => failing(store, place, code, () => isFailing);
        const other = await openTestDomain({ wrapStore });
        await other.addAccount('alice@example.com', 'secret');
        const server = await open({ domain: other.domain });
        const client = await startData(['alice@example.com'], server);
        isFailing = true;
        client.send('Subject: x\r\n\r\nhi\r\n.\r\nNOOP\r\n');
        assert.deepEqual(await client.codes(2), [reply, '250 2.0.0']);
        isFailing = false;
        assert.deepEqual(await other.messagesOf('alice@example.com'), []);
        await server.close(0);
        await other.close();
      });
    }
  }

  test('commands of a web page, of no meaning, and of no end', async () => {
    const web = await LineClient.connect(lmtp.port);
    web.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.deepEqual(await web.codes(2), ['220', '421 4.4.2']);
    await web.ended();
    const long = await hello();
    long.send(`MAIL FROM:<${'x'.repeat(5000)}`);
    assert.deepEqual(await long.codes(1), ['421 5.5.2']);
    await long.ended();
    const lost = await hello();
    lost.send('FOO\r\n'.repeat(10));
    assert.equal((await lost.codes(10)).at(-1), '421 4.4.2');
    await lost.ended();
  });
});

/** A store that says no in one place, as a disk does. */
function failing(
  store: MailStore,
  place: 'stage' | 'write',
  code: 'full' | 'io',
  isFailing: () => boolean,
): MailStore {
  const error = new StoreError(code, 'made up');
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === 'write' && place === 'write' && isFailing()) {
        return (batches: readonly unknown[]) => ({
          committed: Promise.resolve(batches.map(() => error)),
          durable: Promise.resolve(),
        });
      }
      if (name === 'stage' && place === 'stage') {
        return (...options: Parameters<MailStore['stage']>) => {
          const staging = target.stage(...options);
          return {
            write: (chunk: Uint8Array) => staging.write(chunk),
            finish: () => (isFailing() ? Promise.reject(error) : staging.finish()),
            abort: () => staging.abort(),
          };
        };
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('connections', () => {
  test('a client that goes away in the middle leaves nothing', async () => {
    const alice = await someone();
    for (const size of [100, 300_000]) {
      const client = await startData([alice]);
      client.send(Buffer.alloc(size, 'x'));
      await new Promise(setImmediate);
      client.socket.resetAndDestroy();
    }
    const half = await startData([alice]);
    half.send('half a message\r\n');
    half.socket.end();
    await half.ended();
    const client = await startData([alice]);
    client.send('whole\r\n.\r\n');
    await client.reply();
    assert.equal(await onlyMessage(alice), traced(alice, 'whole\r\n'));
  });

  test('there are so many and no more', async () => {
    const server = await open({ connections: new Connections({ total: 1, perAddress: 1 }) });
    const first = await hello(server);
    const second = await LineClient.connect(server.port);
    assert.deepEqual(await second.codes(1), ['421 4.3.2']);
    await second.ended();
    first.send('QUIT\r\n');
    await first.ended();
    while (server.openSessions > 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    await hello(server);
    await server.close(0);
  });

  test('silence is ended', async () => {
    const server = await open({ deadlines: { ...DEADLINES, idleMs: 50 } });
    const client = await startData([await someone()], server);
    client.send('half a message\r\n');
    assert.deepEqual(await client.codes(1), ['421 4.4.2']);
    await client.ended();
    await server.close(0);
  });

  test('a stop lets the message under way finish and sends the others away', async () => {
    const server = await open();
    const idle = await hello(server);
    const alice = await someone();
    const busy = await startData([alice], server);
    const closed = server.close(5000);
    assert.deepEqual(await idle.codes(1), ['421 4.3.2']);
    busy.send('late\r\n.\r\n');
    assert.deepEqual(await busy.codes(2), ['250 2.0.0', '421 4.3.2']);
    await Promise.all([idle.ended(), busy.ended(), closed]);
    assert.equal(await onlyMessage(alice), traced(alice, 'late\r\n'));
  });

  test('sixteen at once deliver everything, each message once', async () => {
    const people = await Promise.all(Array.from({ length: 4 }, () => someone()));
    const work = Array.from({ length: 16 }, async (_, sender) => {
      const client = await hello();
      for (let i = 0; i < 20; i++) {
        const to = people[(sender + i) % people.length];
        client.send(`MAIL FROM:<s@example.org>\r\nRCPT TO:<${to}>\r\nDATA\r\n${sender} ${i}\r\n.\r\n`);
        assert.deepEqual(await client.codes(4), ['250 2.1.0', '250 2.1.5', '354', '250 2.0.0']);
      }
    });
    await Promise.all(work);
    const bodies: string[] = [];
    for (const to of people)
      for (const one of await kit.messagesOf(to)) bodies.push(withoutReceived(one).split('\r\n')[2] ?? '');
    assert.equal(bodies.length, 320);
    assert.equal(new Set(bodies).size, 320);
  });
});

describe('real clients', () => {
  test('nodemailer over STARTTLS, with the certificate that is in use', async () => {
    const { certificate, key } = await makePair('mail.example.com');
    let handshakes = 0;
    const current = () => {
      handshakes++;
      return createSecureContext({ cert: certificate, key });
    };
    const server = await open({ tls: { current } });
    const [alice, bob] = [await someone(), await someone({ messages: 0 })];
    const transport = createTransport({
      lmtp: true,
      host: '127.0.0.1',
      port: server.port,
      requireTLS: true,
      tls: { rejectUnauthorized: false },
    } as never);
    const info = (await transport.sendMail({
      envelope: { from: 'jürgen@example.org', to: [alice, bob, 'nobody@example.com'] },
      from: 'a@example.org',
      to: alice,
      subject: 'hello',
      text: 'grün\n.\nend',
    })) as unknown as { accepted: string[]; rejected: string[] };
    assert.deepEqual(info.accepted, [alice]);
    assert.deepEqual(info.rejected, [bob, 'nobody@example.com']);
    assert.ok(handshakes > 0);
    assert.match(await onlyMessage(alice), /Subject: hello\r\n/);
    transport.close();
    await server.close(0);
  });

  test('smtplib of Python, with bytes of its own', async (t) => {
    const alice = await someone();
    const script = `
import smtplib, sys
client = smtplib.LMTP('127.0.0.1', int(sys.argv[1]))
refused = client.sendmail('py@example.org', [sys.argv[2], 'nobody@example.com'], b'Subject: py\\r\\n\\r\\n\\x00\\xff\\n.\\n..x\\nend\\r\\n', mail_options=['BODY=8BITMIME'])
print(sorted((k, v[0]) for k, v in refused.items()))
client.quit()
`;
    try {
      const { stdout } = await promisify(execFile)('python3', ['-c', script, String(lmtp.port), alice]);
      assert.equal(stdout.trim(), "[('nobody@example.com', 550)]");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return t.skip('there is no python3');
      throw error;
    }
    const body = 'Subject: py\r\n\r\n\0\xff\n.\n..x\nend\r\n';
    assert.equal(await onlyMessage(alice), traced(alice, body, 'py@example.org'));
  });
});
