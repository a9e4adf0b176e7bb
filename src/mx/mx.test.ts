import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { LineClient } from '../../test/kit/line-client.ts';
import { withoutReceived } from '../../test/kit/lmtp.ts';
import { mxHello, mxStartData, openTestMx } from '../../test/kit/mx.ts';
import { Connections } from '../net/connections.ts';
import type { Listener } from '../net/listener.ts';
import { makePair } from '../net/self-signed.ts';
import { DEADLINES } from '../smtp/pace.ts';
import { Strangers } from './strangers.ts';

const MAX_BYTES = 2 * 1024 * 1024;

let kit: TestDomain;
let mx: Listener;
let nextName = 0;

async function someone(quota: { bytes?: number; messages?: number } = {}): Promise<string> {
  const address = `user${++nextName}@example.com`;
  await kit.addAccount(address, 'secret', quota);
  return address;
}

const open = (options: Partial<Parameters<typeof openTestMx>[0]> = {}): Promise<Listener> =>
  openTestMx({ domain: kit.domain, maxMessageBytes: MAX_BYTES, ...options });

before(async () => {
  kit = await openTestDomain({ limits: { messageBytes: MAX_BYTES } });
  mx = await open();
});

after(async () => {
  await mx.close(0);
  await kit.close();
});

const kept = async (to: string): Promise<string[]> => (await kit.messagesOf(to)).map(withoutReceived);

describe('the conversation (RFC 5321, RFC 2034)', () => {
  test('says what is offered (RFC 9422: its limits too); nobody signs in, and nobody is told who is here', async () => {
    const client = await LineClient.connect(mx.port);
    assert.equal(await client.reply(), '220 mx.example.com ESMTP');
    client.send('EHLO [192.0.2.1]\r\n');
    const offers = (await client.reply()).split('\r\n').map((line) => line.slice(4));
    const wanted = [
      'PIPELINING',
      `SIZE ${MAX_BYTES}`,
      '8BITMIME',
      'SMTPUTF8',
      'ENHANCEDSTATUSCODES',
      'CHUNKING',
    ];
    assert.deepEqual(offers, [
      'mx.example.com',
      ...wanted,
      'BINARYMIME',
      'DSN',
      'LIMITS RCPTMAX=1000 MAILMAX=1000',
    ]);
    const alice = await someone();
    client.send(
      `VRFY ${alice}\r\nVRFY nobody@example.com\r\nEXPN all\r\nHELP\r\nAUTH PLAIN AGEAYg==\r\nNOOP x\r\n`,
    );
    const codes = ['252 2.5.0', '252 2.5.0', '502 5.5.1', '214 2.0.0', '502 5.5.1', '250 2.0.0'];
    assert.deepEqual(await client.codes(6), codes);
    client.send('LHLO x\r\nSTARTTLS\r\nSEND FROM:<a@example.org>\r\nQUIT\r\n');
    assert.deepEqual(await client.codes(4), ['500 5.5.2', '500 5.5.2', '500 5.5.2', '221 2.0.0']);
    await client.ended();
  });

  test('one reply for all recipients, and the message says how it came', async () => {
    const [alice, bob] = [await someone(), await someone()];
    const client = await mxStartData(mx, [alice, bob.toUpperCase()]);
    client.send('Subject: x\r\n\r\n..\r\nhi\r\n.\r\nQUIT\r\n');
    const reply = await client.reply();
    const id = /^250 2\.0\.0 taken; id (\S+)$/.exec(reply)?.[1];
    assert.ok(id, reply);
    assert.deepEqual(await client.codes(1), ['221 2.0.0']);
    for (const [account, to] of [
      [alice, alice],
      [bob, bob.toUpperCase()],
    ] as const) {
      const [message = ''] = (await kit.messagesOf(account)).map(String);
      const [returnPath, deliveredTo, from, by, date, ...rest] = message.split('\r\n');
      assert.equal(returnPath, 'Return-Path: <sender@example.org>');
      assert.equal(deliveredTo, `Delivered-To: ${to}`);
      assert.equal(from, 'Received: from client.example.org ([127.0.0.1])');
      assert.equal(by, `\tby mx.example.com with ESMTP id ${id};`);
      assert.match(date ?? '', /^\t\w{3}, \d+ \w{3} \d{4} [\d:]+ \+0000$/);
      assert.equal(rest.join('\r\n'), 'Subject: x\r\n\r\n.\r\nhi\r\n');
    }
  });

  test('order: EHLO, MAIL, RCPT, DATA; HELO will do', async () => {
    const alice = await someone();
    const client = await LineClient.connect(mx.port);
    client.send('MAIL FROM:<a@example.org>\r\nRCPT TO:<x@example.com>\r\nDATA\r\nBDAT 0 LAST\r\n');
    assert.deepEqual(await client.codes(5), ['220', '503 5.5.1', '503 5.5.1', '503 5.5.1', '503 5.5.1']);
    client.send('HELO client.example.org\r\n');
    assert.equal(await client.reply(), '250 mx.example.com');
    client.send(`MAIL FROM:<>\r\nMAIL FROM:<>\r\nDATA\r\nRCPT TO:<${alice}>\r\nDATA\r\n`);
    assert.deepEqual(await client.codes(5), ['250 2.1.0', '503 5.5.1', '503 5.5.1', '250 2.1.5', '354']);
    client.send('.\r\n');
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
    const [message = ''] = (await kit.messagesOf(alice)).map(String);
    assert.match(message, /^Return-Path: <>\r\n/);
    assert.match(message, /\tby mx\.example\.com with SMTP id /);
  });

  test('chunks, and octets of no lines (RFC 3030, RFC 6152)', async () => {
    const alice = await someone();
    const client = await mxHello(mx);
    client.send(
      `MAIL FROM:<a@example.org> BODY=BINARYMIME\r\nRCPT TO:<${alice}>\r\nBDAT 14\r\nSubject: x\r\n\r\n`,
    );
    client.send('BDAT 3 LAST\r\n\0\n.');
    assert.deepEqual(await client.codes(4), ['250 2.1.0', '250 2.1.5', '250 2.0.0', '250 2.0.0']);
    const [message = ''] = await kept(alice);
    assert.ok(message.endsWith('Subject: x\r\n\r\n\0\n.'), message);
  });

  test('addresses beyond ASCII, when they are announced (RFC 6531)', async () => {
    await kit.addAccount('gr\u00fcn@b\u00fccher.example', 'secret');
    const client = await mxHello(mx);
    const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
    client.send(utf8('MAIL FROM:<j\u00fcrgen@example.org>\r\n'));
    client.send(utf8('MAIL FROM:<a@example.org>\r\nRCPT TO:<gr\u00fcn@b\u00fccher.example>\r\nRSET\r\n'));
    assert.deepEqual(await client.codes(4), ['553 5.6.7', '250 2.1.0', '553 5.6.7', '250 2.0.0']);
    client.send(utf8('MAIL FROM:<j\u00fcrgen@example.org> SMTPUTF8 BODY=8BITMIME\r\n'));
    client.send(utf8('RCPT TO:<GR\u00dcN@xn--bcher-kva.example>\r\n'));
    assert.deepEqual(await client.codes(2), ['250 2.1.0', '250 2.1.5']);
    client.send('DATA\r\n');
    assert.deepEqual(await client.codes(1), ['354']);
    client.send('x\r\n.\r\n');
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
    const [message = ''] = (await kit.messagesOf('gr\u00fcn@b\u00fccher.example')).map(String);
    assert.match(message, /^Return-Path: <j\u00fcrgen@example\.org>/);
    assert.match(message, /with UTF8SMTP id/);
  });

  test('over TLS: what was said before is forgotten, what came before the handshake is thrown away', async () => {
    const { certificate, key } = await makePair('mx.example.com');
    const server = await open({ tls: { current: () => createSecureContext({ cert: certificate, key }) } });
    const alice = await someone();
    const client = await mxHello(server);
    client.send(
      'MAIL FROM:<evil@example.org>\r\nSTARTTLS x\r\nSTARTTLS\r\nRCPT TO:<injected@example.com>\r\n',
    );
    assert.deepEqual(await client.codes(3), ['250 2.1.0', '501 5.5.4', '220 2.0.0']);
    client.socket.removeAllListeners('data');
    const socket = connectTls({ socket: client.socket, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const secure = LineClient.over(socket);
    secure.send(`MAIL FROM:<a@example.org>\r\nSTARTTLS\r\n`);
    assert.deepEqual(await secure.codes(2), ['503 5.5.1', '503 5.5.1']);
    secure.send('EHLO client.example.org\r\n');
    const offers = await secure.reply();
    assert.doesNotMatch(offers, /STARTTLS/);
    assert.match(offers, /250-REQUIRETLS\r\n/);
    secure.send(`MAIL FROM:<a@example.org>\r\nRCPT TO:<${alice}>\r\nDATA\r\n`);
    assert.deepEqual(await secure.codes(3), ['250 2.1.0', '250 2.1.5', '354']);
    secure.send('x\r\n.\r\n');
    assert.deepEqual(await secure.codes(1), ['250 2.0.0']);
    const [message = ''] = (await kit.messagesOf(alice)).map(String);
    assert.match(message, /with ESMTPS \(TLSv1\.3\) id /);
    await server.close(0);
  });
});

describe('who receives', () => {
  test('accounts and their tags, postmaster without a domain, nobody else', async () => {
    const alice = await someone();
    const [name] = alice.split('@');
    await kit.addAccount('postmaster@example.com', 'secret');
    const client = await mxHello(mx);
    const rows: readonly (readonly [path: string, code: string])[] = [
      [`<${alice}>`, '250 2.1.5'],
      [`<${name}+tag@EXAMPLE.com>`, '250 2.1.5'],
      [`<"${name}"@example.com>`, '250 2.1.5'],
      [`<@relay.example,@other.example:${alice}>`, '250 2.1.5'],
      ['<Postmaster>', '250 2.1.5'],
      ['<postmaster@example.com>', '250 2.1.5'],
      ['<nobody@example.com>', '550 5.1.1'],
      ['<>', '501 5.1.3'],
      [`<${name}>`, '501 5.1.3'],
      [`<${name}@>`, '501 5.1.3'],
      [`<bob@example.org@example.com>`, '501 5.1.3'],
      [`<${name} x@example.com>`, '501 5.5.4'],
      [alice, '501 5.5.4'],
    ];
    client.send('MAIL FROM:<a@example.org>\r\n', ...rows.map(([path]) => `RCPT TO:${path}\r\n`));
    const [, ...codes] = await client.codes(1 + rows.length);
    assert.deepEqual(
      codes,
      rows.map(([, code]) => code),
    );
  });

  test('nothing is relayed, however it is written', async () => {
    const alice = await someone();
    const [name] = alice.split('@');
    const tricks = [
      ...['<bob@example.org>', '<bob%example.org@example.com>', '<example.org!bob@example.com>'],
      ...['<"bob@example.org"@example.com>', '<@example.com:bob@example.org>', `<${name}@sub.example.com>`],
      ...['<bob@[127.0.0.1]>', '<bob@[IPv6:::1]>', '<bob@localhost>', '<bob@mx.example.com>'],
    ];
    const client = await LineClient.connect(mx.port);
    await client.reply();
    // Our own name impresses nobody.
    client.send('EHLO mx.example.com\r\n');
    await client.reply();
    client.send(`MAIL FROM:<${alice}>\r\n`, ...tricks.map((path) => `RCPT TO:${path}\r\n`), 'DATA\r\n');
    const [mail, ...codes] = await client.codes(2 + tricks.length);
    assert.equal(mail, '250 2.1.0');
    for (const [i, code] of codes.slice(0, -1).entries())
      assert.match(code, /^550 5\.[17]\.1$/, tricks[i] ?? '');
    assert.equal(codes.at(-1), '503 5.5.1');
  });

  test('who tries names is sent away, and waited with from then on', async () => {
    const slow: string[] = [];
    const strangers = {
      connects: () => true,
      isSlow: () => false,
      slowDown: (one: string) => slow.push(one),
    };
    const server = await open({ strangers });
    const client = await mxHello(server);
    client.send('MAIL FROM:<a@example.org>\r\n', 'RCPT TO:<nobody@example.com>\r\n'.repeat(25));
    const codes = await client.codes(21);
    assert.deepEqual(codes.slice(0, 20), ['250 2.1.0', ...new Array(19).fill('550 5.1.1')]);
    assert.equal(codes[20], '421 4.7.0');
    await client.ended();
    assert.deepEqual(slow, ['127.0.0.1']);
    await server.close(0);
  });

  test('a full account: at RCPT, and for a message that does not fit', async () => {
    const [tiny, full] = [await someone({ bytes: 500 }), await someone({ messages: 0 })];
    const client = await mxHello(mx);
    client.send(`MAIL FROM:<a@example.org>\r\nRCPT TO:<${full}>\r\nRCPT TO:<${tiny}>\r\nDATA\r\n`);
    assert.deepEqual(await client.codes(4), ['250 2.1.0', '452 4.2.2', '250 2.1.5', '354']);
    client.send('x'.repeat(600), '\r\n.\r\n');
    // Not how full.
    assert.match(await client.reply(), /^452 4\.2\.2 the mailbox is full; id \S+$/);
  });
});

describe('limits', () => {
  test('size: announced at MAIL, else at the end (RFC 1870)', async () => {
    const alice = await someone();
    const client = await mxHello(mx);
    client.send(`MAIL FROM:<a@example.org> SIZE=${MAX_BYTES + 1}\r\n`);
    assert.deepEqual(await client.codes(1), ['552 5.3.4']);
    client.send(`MAIL FROM:<a@example.org> SIZE=1\r\nRCPT TO:<${alice}>\r\nDATA\r\n`);
    assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '354']);
    client.send(Buffer.alloc(MAX_BYTES + 1, 'x'), '\r\n.\r\nNOOP\r\n');
    assert.deepEqual(await client.codes(2), ['552 5.3.4', '250 2.0.0']);
    assert.deepEqual(await kept(alice), []);
  });

  test('recipients: a thousand, the others later', async () => {
    const alice = await someone();
    const client = await mxHello(mx);
    client.send('MAIL FROM:<a@example.org>\r\n', `RCPT TO:<${alice}>\r\n`.repeat(1001), 'RSET\r\n');
    const codes = await client.codes(1003);
    assert.deepEqual(codes.slice(1000), ['250 2.1.5', '452 4.5.3', '250 2.0.0']);
  });

  test('messages of a connection', async () => {
    const alice = await someone();
    const client = await mxHello(mx);
    const one = `MAIL FROM:<a@example.org>\r\nRCPT TO:<${alice}>\r\nBDAT 1 LAST\r\nx`;
    for (let i = 0; i < 10; i++) {
      client.send(one.repeat(100));
      assert.deepEqual(new Set((await client.codes(300)).map((code) => code.slice(0, 3))), new Set(['250']));
    }
    client.send('MAIL FROM:<a@example.org>\r\n');
    assert.deepEqual(await client.codes(1), ['421 4.4.2']);
    await client.ended();
  });

  test('a long line is told so, the second one ends it; so does one without an end', async () => {
    const long = `NOOP ${'x'.repeat(5000)}\r\n`;
    const client = await mxHello(mx);
    client.send(long, 'NOOP\r\n', long, 'NOOP\r\n');
    assert.deepEqual(await client.codes(3), ['500 5.5.2', '250 2.0.0', '421 5.5.2']);
    await client.ended();
    const endless = await mxHello(mx);
    endless.send('x'.repeat(200_000));
    assert.deepEqual(await endless.codes(1), ['421 5.5.2']);
    await endless.ended();
  });

  test('twenty commands that make no sense, and a web page at once', async () => {
    const client = await mxHello(mx);
    client.send('FOO\r\n'.repeat(30));
    const codes = await client.codes(20);
    assert.deepEqual([codes[18], codes[19]], ['500 5.5.2', '421 4.4.2']);
    await client.ended();
    const web = await LineClient.connect(mx.port);
    web.send('POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@example.org>\r\n');
    assert.deepEqual(await web.codes(2), ['220', '421 4.4.2']);
    await web.ended();
  });

  test('a hundred hops are a circle', async () => {
    const alice = await someone();
    for (const [hops, code] of [
      [99, '250 2.0.0'],
      [100, '554 5.4.6'],
    ] as const) {
      const client = await mxStartData(mx, [alice]);
      client.send('Received: from x\r\n\tby y\r\n'.repeat(hops), '\r\nReceived: no field\r\n.\r\n');
      assert.deepEqual(await client.codes(1), [code]);
    }
    assert.equal((await kept(alice)).length, 1);
  });

  test('who speaks before the greeting is sent away', async () => {
    const server = await open({ greetingDelayMs: 300 });
    const early = await LineClient.connect(server.port);
    early.send('EHLO x\r\n');
    assert.deepEqual(await early.codes(1), ['554 5.5.1']);
    await early.ended();
    const polite = await mxHello(server);
    polite.send('QUIT\r\n');
    await polite.ended();
    await server.close(0);
  });

  test('who does not wait for the answers to EHLO and DATA is sent away (RFC 2920 §3.1)', async () => {
    const alice = await someone();
    const client = await LineClient.connect(mx.port);
    await client.reply();
    client.send('EHLO x\r\nMAIL FROM:<a@example.org>\r\n');
    assert.deepEqual(await client.codes(1), ['554 5.5.1']);
    await client.ended();
    const second = await mxHello(mx);
    second.send(`MAIL FROM:<a@example.org>\r\nRCPT TO:<${alice}>\r\nDATA\r\nSubject: x\r\n.\r\n`);
    assert.deepEqual(await second.codes(3), ['250 2.1.0', '250 2.1.5', '554 5.5.1']);
    await second.ended();
    assert.deepEqual(await kept(alice), []);
  });

  test('connections, in all and in a minute', async () => {
    const server = await open({ connections: new Connections({ total: 1, perAddress: 1 }) });
    const first = await mxHello(server);
    const second = await LineClient.connect(server.port);
    assert.deepEqual(await second.codes(1), ['421 4.3.2']);
    first.socket.destroy();
    await server.close(0);
    const strangers = { connects: () => false, isSlow: () => false, slowDown: () => {} };
    const busy = await open({ strangers });
    const third = await LineClient.connect(busy.port);
    assert.deepEqual(await third.codes(1), ['421 4.7.0']);
    await third.ended();
    await busy.close(0);
  });

  test('a stop lets the message under way finish', async () => {
    const server = await open();
    const alice = await someone();
    const idle = await mxHello(server);
    const busy = await mxStartData(server, [alice]);
    const closed = server.close(5000);
    assert.deepEqual(await idle.codes(1), ['421 4.3.2']);
    busy.send('late\r\n.\r\n');
    assert.deepEqual(await busy.codes(2), ['250 2.0.0', '421 4.3.2']);
    await closed;
    assert.equal((await kept(alice)).length, 1);
  });

  test('silence is ended', async () => {
    const server = await open({ deadlines: { ...DEADLINES, idleMs: 50 } });
    const client = await mxHello(server);
    assert.deepEqual(await client.codes(1), ['421 4.4.2']);
    await client.ended();
    await server.close(0);
  });
});

test('connections of a network are counted over the last minute, and guessing is remembered for ten', () => {
  let nowMs = 0;
  const strangers = new Strangers(3, () => nowMs);
  const connect = (address: string): boolean => strangers.connects(address);
  assert.deepEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'].map(connect), [
    true,
    true,
    true,
    false,
  ]);
  assert.equal(connect('198.51.100.1'), true);
  nowMs = 61_000;
  assert.equal(connect('192.0.2.1'), true);
  assert.equal(connect('192.0.2.1'), false);
  nowMs = 90_000;
  assert.equal(connect('192.0.2.1'), true);
  nowMs = 300_000;
  assert.deepEqual(
    [1, 2, 3, 4].map(() => connect('2001:db8::1')),
    [true, true, true, false],
  );
  assert.equal(connect('2001:db8::2:0:0:1'), false);
  for (let i = 0; i < 10; i++) assert.equal(connect('127.0.0.1'), true);
  strangers.slowDown('192.0.2.1');
  assert.equal(strangers.isSlow('192.0.2.77'), true);
  assert.equal(strangers.isSlow('198.51.100.1'), false);
  nowMs += 600_001;
  assert.equal(strangers.isSlow('192.0.2.77'), false);
});
